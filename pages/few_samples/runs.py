"""More repeats on this machine, as runs that do not need the page."""

from __future__ import annotations

import streamlit as st

from levelset_core.data.images import IMAGE_SETS, is_here
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import MERGES
from levelset_core.few_samples.config import MATCH, POINTS, UNTIL, GeneralizationConfig
from levelset_core.few_samples.kinds.generalize import trainings
from levelset_core.few_samples.networks import COST, MODELS
from levelset_core.few_samples.results import chosen_numbers, command, key_of, title
from levelset_core.runs import Run, duration, start
from pages.few_samples.sources import Source
from pages.server.people import my_runs
from pages.shared.attempt import telling
from pages.shared.board import live_board
from pages.shared.image_data import data_size_title, here_or_download
from pages.shared.kept import kept_menu
from pages.shared.run_controls import created_text, queue_ahead, run_progress

EVERY = 2.0
#: Of the bundled excerpt, which is small: 30 to 400 images.
EXCERPT_FRACTIONS = (0.03, 0.06, 0.1, 0.2, 0.4)
_UNTIL = {"steps": "a fixed number of steps", "converged": "until the training images fit"}
_MATCH = {"steps": "number of steps", "compute": "computing time"}
#: Runs listed at most.
SHOWN = 5


def runs_view(found: list[Source]) -> None:
    """A form that starts a sweep, and the sweeps of this machine."""
    left, right = st.columns([2, 3], gap="medium")
    with left.container(border=True):
        _form({source.key: source for source in found if source.stored})
    with right:
        live_board(_list, _sweeps, every=EVERY, always=True)


def _form(stored: dict[str, Source]) -> None:
    st.markdown("## Run more repeats here")
    sets = sorted(IMAGE_SETS, key=lambda name: not is_here(name))  # those on this machine first
    data = kept_menu("Images", sets, key="few_run_data", format_func=data_size_title)
    if not here_or_download(data, "few"):
        return
    how = _how()
    repeats = st.slider("Repeats", 2, 20, 5, key="few_run_repeats")
    source = stored.get(key_of({"data": data, **how}))
    known = source is not None and st.toggle(
        "Hyper-parameters of the stored result", value=True, key="few_run_known",
        help="Choosing them on held-out images is most of the work. Off: they are chosen again.",
    )  # fmt: skip
    seed = st.number_input(
        "Seed", 0, 49, 1, key="few_run_seed",
        help="Stored results have seed 0. Another seed draws other training images.",
    )  # fmt: skip
    try:
        config = _config(data, how, repeats, int(seed), source if known else None)
    except LevelsetError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.code(command(config), language="bash", wrap_lines=True)
    st.caption(_takes(config, stored))
    if st.button("Start", type="primary", icon=":material/play_arrow:", key="few_run_start"):
        with telling():
            _start(config)


def _takes(config: GeneralizationConfig, stored: dict[str, Source]) -> str:
    """How long it will be, before anybody starts it."""
    count = trainings(config)
    each, where = _seconds(config, stored)
    words = [f"{count:,} trainings"]
    if config.chosen is None:
        words.append("most of them to choose hyper-parameters")
    return (
        f"{', '.join(words)}: roughly {duration(count * each)} on one core ({where}). "
        f"{queue_ahead(1, 'cpu')}"
    )


def _seconds(config: GeneralizationConfig, stored: dict[str, Source]) -> tuple[float, str]:
    """Seconds of a training, and how that is known: from a run like it, or the stored result."""
    for run in my_runs().of_kind("generalize"):
        own, status = GeneralizationConfig.from_dict(run.config.settings), run.status()
        alike = (own.model, own.until, own.match) == (config.model, config.until, config.match)
        if alike and status.state == "done" and status.step:
            return status.seconds / status.step, "as in your last run"
    found = stored.get("mnist")
    work = COST[config.model] / COST["mlp"]
    if found is None:
        return work, "a guess"
    spent = found.result["cpu_seconds"] / trainings(found.config)
    return spent * work, "as on the machine of the stored MNIST result"


def _how() -> dict[str, str]:
    """The network, the merge of the classes, and what the losses have alike."""
    with st.expander("Network, classes, length of training", icon=":material/tune:"):
        return {
            "model": st.selectbox(
                "Network", list(MODELS), format_func=MODELS.__getitem__, key="few_run_model",
                help="A step of a ConvNet takes much longer than one of the MLP.",
            ),
            "merge": st.selectbox(
                "Two classes", list(MERGES), format_func=_capital, key="few_run_merge"
            ),
            "until": st.selectbox(
                "Train", list(UNTIL), format_func=_UNTIL.__getitem__, key="few_run_until"
            ),
            "points": st.selectbox(
                "Level set points of the geometric SVM", list(POINTS), key="few_run_points",
                format_func={"newton": "Newton's (the paper)", "nearest": "nearest"}.__getitem__,
            ),
            "match": st.selectbox(
                "All losses get the same", list(MATCH), format_func=_MATCH.__getitem__,
                key="few_run_match",
                help="A step of the geometric SVM takes longer than one of cross-entropy or hinge. "
                "With the same computing time, those two get as many more steps.",
            ),
        }  # fmt: skip


def _capital(merge: str) -> str:
    return MERGES[merge][0].upper() + MERGES[merge][1:]


def _config(
    data: str, how: dict[str, str], repeats: int, seed: int, source: Source | None
) -> GeneralizationConfig:
    values: dict[str, object] = {"data": data, "repeats": repeats, "seed": seed, **how}
    if source is not None:
        values |= {
            "fractions": [row["fraction"] for row in source.result["rows"]],
            "losses": source.result["settings"]["losses"],
            "chosen": chosen_numbers(source.result),
        }
    elif data == "mnist_excerpt":
        values["fractions"] = EXCERPT_FRACTIONS
    return GeneralizationConfig.from_dict(values)


def _start(config: GeneralizationConfig) -> None:
    _, new = start(
        "generalize", config.to_dict(), seed=config.seed, device="cpu", threads=1,
        name=f"Generalization, {IMAGE_SETS[config.data]}",
    )  # fmt: skip
    told = "Started. It keeps running if you leave this page." if new else "It is running already."
    st.toast(told, icon=":material/play_arrow:")


def _sweeps() -> list[Run]:
    runs = my_runs().runs()
    return [r for r in runs if not r.problem() and r.config.kind == "generalize"][:SHOWN]


def _list(runs: list[Run]) -> None:
    if not runs:
        st.info(
            "Runs that you start are listed here, with their progress and the time left. Their "
            "results join the data sets above the figures.",
            icon=":material/info:",
        )
        return
    for run in runs:
        with st.container(border=True):
            _one(run)


def _one(run: Run) -> None:
    c = GeneralizationConfig.from_dict(run.config.settings)
    name = title({"data": c.data, "settings": c.to_dict()})
    st.markdown(f"**{name}**, {c.repeats} repeats, seed {c.seed}")
    st.caption(f"{created_text(run.config.created)} · a step is one training")
    status = run_progress(run, key=f"few_{run.id}")
    if status is not None and status.state == "done":
        shown = st.button(
            "See its figures", icon=":material/show_chart:", key=f"few_show_{run.id}",
            on_click=_show, args=(run,),
        )  # fmt: skip
        if shown:
            st.rerun()  # the whole page, not this list alone


def _show(run: Run) -> None:
    st.session_state.few_view = "figure"
    st.session_state.few_data = run.id
