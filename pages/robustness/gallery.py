"""Test images to choose from, by class, by what breaks them, by how far their boundary is."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from torch import nn

from levelset_core.attacks import LOSSES, AttackConfig, clean_predictions, paper_attack
from levelset_core.data.images import ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.parallel import torch_threads
from levelset_core.robustness.cells import all_cells
from levelset_core.robustness.kinds.survey import SURVEY
from levelset_core.robustness.measurements import measurements, start_measurement
from levelset_core.robustness.models import KnownModel
from levelset_core.robustness.table import best_cell, passes
from levelset_core.runs import Run, duration
from pages.robustness.address import first_image
from pages.robustness.measuring import EVERY, PASSES, run_arrays
from pages.robustness.models import network_of
from pages.server.arrays import store
from pages.server.people import my_runs
from pages.shared.attempt import attempt, tell
from pages.shared.board import live_board
from pages.shared.front_end import front_end

#: The first so many test images are shown and surveyed.
IMAGES = 200
HEIGHT = 264
#: Passes of one image that the distances of a survey take at most.
NEAREST_PASSES = 100
ERROR = "explorer_survey_error"
BREAKS = {
    "all": "All",
    "wrong": "Wrong without an attack",
    "broken_xent": "Break under cross-entropy PGD",
    "broken_margin": "Break under margin PGD",
    "broken_strong": "Break under strong PGD",
    "hidden": "Break under strong PGD only",
    "stand": "Withstand all three",
}
ORDERS = {"place": "as in the data", "near": "nearest boundary first", "far": "farthest first"}
#: The array of what breaks under the strongest attack.
BROKEN = "broken_strong"
_component = front_end("levelset_gallery", "robustness/gallery")


def gallery(model: KnownModel, data: ImageSet, name: str) -> int:
    """The filters, the images and the survey's progress; returns the chosen image's place."""
    data = data.first(IMAGES)
    predicted = _predicted(model.digest, name, network_of(model), data)
    attack = paper_attack("pgd-margin", model.shape[0])
    run = _survey_run(model, name, len(data), attack)
    table = _table(run, predicted, data)
    if np.isnan(table[BROKEN]).any():  # surveys before 2026-12 did not try the strong attack
        table[BROKEN] = _known_elsewhere(model, name, len(data), table[BROKEN])
    shown = _filtered(table, data)
    click = (st.session_state.get(f"gallery_{name}") or {}).get("chosen") or {}
    chosen = _chosen(shown, name, len(data), click.get("index"))
    _component(
        key=f"gallery_{name}", default={"chosen": None},
        data={
            "height": HEIGHT, "chosen": chosen,
            "images": store.publish(data.images.numpy()), "seen": int(click.get("change", 0)),
            "shown": [[int(k), *_told(table, data, k)] for k in shown],
        },
    )  # fmt: skip
    legend = f"{len(shown)} of {len(data)} images. ✕: wrong as it is"
    if not np.isnan(table[BROKEN]).all():
        legend += f"; !: breaks under strong PGD, ε = {attack.epsilon:g}"
    st.caption(f"{legend}.")
    if run is None:
        _survey_button(model, name, len(data), attack)
    else:
        live_board(_progress, lambda: [run], len(data), every=EVERY)
    return chosen


@st.cache_data(max_entries=64, show_spinner=False)
def _predicted(digest: str, name: str, _network: nn.Module, _data: ImageSet) -> np.ndarray:
    with torch_threads(1):
        found: np.ndarray = clean_predictions(_network, _data).numpy()
    return found


# -- the survey ------------------------------------------------------------------------------


def _survey_run(model: KnownModel, name: str, images: int, attack: AttackConfig) -> Run | None:
    """A run that has surveyed the images, else the newest that began."""
    runs = measurements(my_runs(), "survey", [model], data=name, attack=attack)
    runs = [run for run in runs if run.config.settings["images"] >= images]
    done = [run for run in runs if run.status().state == "done"]
    return next(iter(done + runs), None)


def _survey_button(model: KnownModel, name: str, images: int, attack: AttackConfig) -> None:
    survey = partial(
        start_measurement, my_runs(), "survey", [model], data=name, images=images, attack=attack
    )
    strong = passes(paper_attack("pgd-strong", model.shape[0]))
    work = (len(LOSSES) * attack.steps + strong + NEAREST_PASSES) * images / PASSES
    st.button(
        f"Attack all {images}, for the filters", key="explorer_survey",
        icon=":material/play_arrow:", width="stretch",
        on_click=attempt, args=(ERROR, survey),
        help=f"For the filters: what breaks each image at ε = {attack.epsilon:g}, the paper's PGD "
        "with both losses and strong PGD, and how far its boundary is. In the background, at most "
        f"about {duration(work)} on one core.",
    )  # fmt: skip
    tell(ERROR)


def _table(run: Run | None, predicted: np.ndarray, data: ImageSet) -> dict[str, np.ndarray]:
    """What is known of every image; NaN is not known yet."""
    n = len(data)
    unknown = np.full(n, np.nan)
    names = ("broken_xent", "broken_margin", BROKEN, "distance")
    table = dict.fromkeys(names, unknown)
    if run is not None:
        arrays = run_arrays(run, SURVEY) or {}
        for key in table.keys() & arrays.keys():
            own = arrays[key][:n]
            table[key] = np.concatenate([own, unknown[len(own) :]])
    return {**table, "predicted": predicted, "wrong": predicted != data.labels.numpy()}


def _known_elsewhere(model: KnownModel, name: str, images: int, unknown: np.ndarray) -> np.ndarray:
    """What a cell of the table knows of the same images under the strong attack."""
    attack = paper_attack("pgd-strong", model.shape[0])
    best = best_cell(all_cells(my_runs(), [model]), model, attack, name)
    if best is None or best.survivors is None or best.images < images:
        return unknown
    return 1.0 - np.isin(np.arange(images), best.survivors)


def _progress(runs: list[Run], images: int) -> None:
    (run,) = runs
    try:
        status = run.status()
    except LevelsetError:
        return
    if status.active:
        done = round((status.fraction or 0) * images)
        text = f"Attacking the images: {done} of {images}"
        if status.state == "queued":
            text = "Waits in the queue to attack the images, see Runs"
        st.progress(status.fraction or 0.0, text)
    elif status.state != "done":
        st.button(
            "Go on attacking the images", icon=":material/play_arrow:", key="explorer_survey_go",
            on_click=attempt, args=(ERROR, my_runs().submit, run),
            help=f"It is {status.state}. {status.message}",
        )  # fmt: skip
        tell(ERROR)


# -- filters ---------------------------------------------------------------------------------


def _filtered(table: dict[str, np.ndarray], data: ImageSet) -> np.ndarray:
    """Places of the images to show, in their order."""
    with st.popover("Filter", icon=":material/filter_alt:", width="stretch"):
        breaks = st.selectbox(
            "What breaks them", list(BREAKS), key="explorer_breaks", format_func=BREAKS.__getitem__
        )
        classes = st.pills(
            "Classes", range(len(data.classes)), key=f"explorer_classes_{len(data.classes)}",
            selection_mode="multi", format_func=data.classes.__getitem__,
        )  # fmt: skip
        low, high = st.slider(
            "Distance to the boundary, L∞", 0.0, 0.5, (0.0, 0.5), 0.01, key="explorer_distance",
            help="The smaller of two upper bounds: where generalized Newton ends, and where the "
            "way to an attack crosses the boundary (false position). 0.5 means 0.5 or more.",
        )  # fmt: skip
        order = st.selectbox(
            "Order", list(ORDERS), key="explorer_order", format_func=ORDERS.__getitem__
        )
        unknown = int(np.isnan(table["broken_margin"]).sum())
        if unknown:
            st.caption(f"{unknown} images are not attacked yet: filters leave them out.")
    wrong, xent, margin = (table[key] for key in ("wrong", "broken_xent", "broken_margin"))
    strong = table[BROKEN]
    keep = {
        "all": np.ones(len(data), dtype=bool),
        "wrong": wrong,
        "broken_xent": (xent == 1) & ~wrong,
        "broken_margin": (margin == 1) & ~wrong,
        "broken_strong": (strong == 1) & ~wrong,
        "hidden": (strong == 1) & (margin == 0) & (xent == 0),
        "stand": (strong == 0) & (margin == 0) & (xent == 0),
    }[breaks]
    if classes:
        keep = keep & np.isin(data.labels.numpy(), classes)
    distance = np.abs(table["distance"])
    if (low, high) != (0.0, 0.5):
        keep = keep & (distance >= low) & ((distance <= high) | (high >= 0.5))
    shown = np.flatnonzero(keep)
    if order != "place":
        known = np.where(np.isnan(distance[shown]), np.inf, distance[shown])
        key = known if order == "near" else np.where(np.isinf(known), np.inf, -known)
        shown = shown[np.argsort(key, kind="stable")]
    return shown


def _chosen(shown: np.ndarray, name: str, count: int, clicked: int | None) -> int:
    """The image clicked last, where the filter shows it, else the first that it shows."""
    key = f"explorer_gallery_{name}"
    if clicked is None:
        clicked = st.session_state.get(key, first_image(name, count))
    index = int(clicked)
    if len(shown) and index not in shown:
        index = int(shown[0])
    st.session_state[key] = index
    return index


def _told(table: dict[str, np.ndarray], data: ImageSet, k: int) -> tuple[str, str]:
    """The mark of an image, and its title."""
    mark, text = "", f"{data.classes[int(data.labels[k])]}, image {k}"
    if table["wrong"][k]:
        mark, text = "wrong", f"{text}, seen as {data.classes[int(table['predicted'][k])]}"
    elif table[BROKEN][k] == 1:
        mark, text = "broken", f"{text}, breaks under strong PGD"
    if not np.isnan(table["distance"][k]):
        text += f", boundary at {abs(table['distance'][k]):.3f}"
    return mark, text
