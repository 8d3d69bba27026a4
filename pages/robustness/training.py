"""Train here: a small robust classifier on the bundled images, watched while it learns."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.classifiers.architectures import CLASSIFIERS
from levelset_core.errors import LevelsetError
from levelset_core.robustness.config import FURTHER, METHODS, quick_config
from levelset_core.robustness.kinds.robust import LOOKS
from levelset_core.robustness.models import (
    METHOD_TITLES,
    NETWORK_TITLES,
    KnownModel,
    training_titles,
    wanted,
)
from levelset_core.robustness.watch import looks_from_arrays
from levelset_core.runs import Run, start
from pages.robustness.measuring import EVERY, run_arrays
from pages.server.people import my_runs
from pages.shared.attempt import attempt, tell
from pages.shared.board import live_board, pick_runs
from pages.shared.front_end import front_end
from pages.shared.glossary import hint
from pages.shared.run_controls import run_progress

DATA = "mnist_excerpt"
#: Test images that are looked at after every epoch, and those of the figures at the end.
WATCHED, MEASURED = 100, 200
#: Distances that the histogram shows.
RANGE = 0.5
MODELS = ("convnet4a_narrow", "convnet4a")
NOTES = {
    "standard": "Cross-entropy on the images as they are.",
    "madry": "Cross-entropy on images under PGD.",
    "trades": "Cross-entropy, and the divergence between an image and its attacked twin.",
    "level-set": "Eq. 12: pushes the decision boundary away from correctly classified images. "
    "Extensions: distances in L∞, and TRADES' two terms beside it.",
}
ERROR = "robust_training_error"
_component = front_end("levelset_training", "robustness/training")


def training_view(found: list[KnownModel]) -> None:
    """Settings on the left, one or two trainings on the right."""
    left, right = st.columns([1, 3.6], gap="medium")
    with left:
        _settings()
    with right:
        live_board(_board, trainings, every=EVERY)


def trainings() -> list[Run]:
    """Robust trainings that are watched, the newest first."""
    return [run for run in my_runs().of_kind("robust") if run.config.settings.get("watch")]


# -- start -----------------------------------------------------------------------------------


def _settings() -> None:
    method = st.selectbox(
        "Method", METHODS, index=METHODS.index("level-set"), key="train_method",
        format_func=METHOD_TITLES.__getitem__,
    )  # fmt: skip
    st.caption(NOTES[method])
    model = st.selectbox(
        "Network", [m for m in MODELS if m in CLASSIFIERS], key="train_model",
        format_func=NETWORK_TITLES.__getitem__, help=hint("convnet4"),
    )  # fmt: skip
    epsilon = st.slider(
        "ε", 0.05, 0.4, 0.2, 0.05, key="train_epsilon",
        help="How far the network is to withstand attacks, and ε of the attack in the charts. "
        f"Training itself goes {FURTHER:g} times as far, whatever the method: its ε grows to "
        "0.3 for a network that is to withstand 0.2.",
    )  # fmt: skip
    with st.expander("More", icon=":material/tune:"):
        epochs = st.number_input("Epochs", 2, 200, 30, key="train_epochs")
        steps = st.number_input("PGD steps", 1, 40, 5, key="train_steps")
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key="train_seed")
        replays = st.number_input(
            "Further steps on each batch", 0, 20, 3, key="train_replays",
            help="On the same attacked images, without a new attack: they cost little and bring "
            "much, whatever the method.",
        )  # fmt: skip
        weight = 0.0
        if method in ("trades", "level-set"):
            weight = st.number_input(
                "Weight of the divergence", 0.0, 10.0, 3.0, 0.5, key="train_weight",
                help="β of TRADES. Level set with 0: Eq. 12 alone, as in the paper; a network "
                "this small, trained this briefly, is then far less robust.",
            )  # fmt: skip
    st.button(
        "Train", type="primary", icon=":material/play_arrow:", key="train_start", width="stretch",
        help="Trains on 1,000 bundled images of MNIST, in the background; you may close the page.",
        on_click=attempt, args=(
            ERROR, _start, method, model, float(epsilon), int(epochs), int(steps), int(seed),
            float(weight), int(replays),
        ),
    )  # fmt: skip
    tell(ERROR)


def _start(*settings: Any) -> None:
    run = start_training(*settings)
    st.toast("The training is in the queue: its charts are on the right.", icon=":material/start:")
    others = [i for i in st.session_state.get("train_shown") or [] if i != run.id]
    st.session_state.train_shown = [*others[-1:], run.id]


def start_training(
    method: str, model: str, epsilon: float, epochs: int, steps: int, seed: int,
    weight: float = 3.0, replays: int = 3,
) -> Run:  # fmt: skip
    """Make the run and put it in the queue.

    Raises:
        LevelsetError: a setting does not fit.
    """
    config = quick_config(
        method,
        model,
        epsilon=epsilon,
        epochs=epochs,
        attack_steps=steps,
        weight_attacked=weight,
        replays=replays,
    )
    return start(
        "robust",
        {
            **config.as_dict(), "data": DATA, "watch": WATCHED, "watch_epsilon": epsilon,
            "test_limit": MEASURED, "command": f"Train here: {method}, ε = {epsilon:g}",
        },
        name=f"{METHOD_TITLES[method]} for ε = {epsilon:g}, {NETWORK_TITLES[model]}",
        seed=seed, threads=1,
    ).run  # fmt: skip


# -- watch -----------------------------------------------------------------------------------


def _board(runs: list[Run]) -> None:
    if not runs:
        with st.container(border=True):
            st.markdown("## Watch a decision boundary move")
            st.markdown(
                "**Train** starts a small network on the bundled images, a minute on a free "
                "core. You see its accuracy with and without an attack, and the distances of test "
                "images to the decision boundary move to the right. Train a second one to compare."
            )
        return
    titles = _titles(runs)
    shown = pick_runs("Trainings, one or two", runs, titles, key="train_shown")
    unfinished = [run for run in shown if run.status().state != "done"]
    for run in unfinished:
        if len(unfinished) > 1:
            st.caption(titles[run.id])
        run_progress(run, key=f"train_{run.id}")
    records = [record for run in shown if (record := _record(run, titles[run.id])) is not None]
    if not records:
        st.info("The charts begin with the first look at the test images.")
        return
    _component(
        key="training",
        data={
            "key": " ".join(run.id for run in shown), "range": RANGE,
            "epsilon": wanted(shown[0]), "runs": records,
        },
    )  # fmt: skip
    within = " and ".join(f"{e:g}" for e in dict.fromkeys(wanted(run) for run in shown))
    st.caption(
        f"Measured on the first {WATCHED} test images of the excerpt, before the first step and "
        f"after every epoch; the attack is 10 steps of margin PGD within ε = {within}. (The table "
        "uses the paper's 0.3 unless you choose another ε there.) Distances are upper bounds, the "
        "smaller of two searches'. A finished network joins every list of models."
    )


def _titles(runs: list[Run]) -> dict[str, str]:
    """As everywhere, with the network where it is not the usual one."""
    titles = training_titles(my_runs())
    for run in runs:
        model = run.config.settings["model"]
        if model != MODELS[0]:
            titles[run.id] += f", {NETWORK_TITLES.get(model, model)}"
    return titles


def _record(run: Run, title: str) -> dict[str, Any] | None:
    """What was seen of a training so far, as the front end takes it."""
    with suppress(LevelsetError):
        if (arrays := run_arrays(run, LOOKS)) is not None:
            looks = looks_from_arrays(arrays)
            return {
                "title": title,
                "epochs": [look.epoch for look in looks],
                "clean": [round(look.clean, 4) for look in looks],
                "robust": [round(look.robust, 4) for look in looks],
                "distances": [
                    [None if np.isnan(v) else round(v, 4) for v in look.distances.tolist()]
                    for look in looks
                ],
            }
    return None
