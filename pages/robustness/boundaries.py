"""Charts of measurements in the view Curves: distances to the boundary, black-box attacks."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from levelset_core.attacks import chance_of
from levelset_core.data.images import IMAGE_SETS
from levelset_core.robustness.measurements import largest, measurements, start_measurement
from levelset_core.robustness.models import KnownModel
from pages.robustness.charts import black_box_figure, distance_figure, distances_with
from pages.robustness.measuring import PASSES, Question, active_runs, measure_button
from pages.server.people import my_runs
from pages.shared.charts import CONFIG
from pages.shared.glossary import caption

#: Passes of one image that all searches of such a run take at most.
DISTANCE_PASSES = 2500
BEING_MEASURED = "Being measured."
LEAST, OLDER = "least_linf", "attack_linf"
MEASURES = {
    "least_linf": "L∞, nearest of all",
    "least_l2": "L2, nearest of all",
    "attack_linf": "L∞, along a PGD direction",
    "newton_linf": "L∞, Newton",
    "attack_l2": "L2, along a PGD direction",
}


def distances_view(q: Question) -> None:
    """Histograms over one another."""
    found = {m: measurements(my_runs(), "distances", [m], data=q.data) for m in q.models}
    older = any(distances_with(runs, OLDER) for runs in found.values())
    usual = LEAST
    if older and not any(distances_with(runs, LEAST) for runs in found.values()):
        usual = OLDER
    measure = st.segmented_control(
        "Distance", list(MEASURES), format_func=MEASURES.__getitem__, default=usual,
        key="curves_measure", required=True, label_visibility="collapsed",
    )  # fmt: skip
    shown, missing, results = [], [], []
    for model, runs in found.items():
        if (known := distances_with(runs, str(measure))) is not None:
            best, arrays = known
            shown.append((model, arrays))
            results.append(best.result() or {"models": best.config.settings["models"]})
        whole = distances_with(runs, LEAST)
        enough = whole is not None and whole[0].config.settings["images"] >= q.images
        if not enough and not any(r.status().active for r in runs):
            missing.append(model)
    if shown:
        mark = q.usual.epsilon if str(measure).endswith("linf") else None
        figure = distance_figure(shown, q.colours, str(measure), mark)
        st.plotly_chart(figure, key=f"curves_distances_{measure}", config=CONFIG)
        st.caption(
            "How far the decision boundary is from each correctly classified image. These are "
            "upper bounds: the boundary may be closer elsewhere. Nearest of all: the smallest "
            "distance that any search found, among them AutoAttack's FAB and the one for the "
            "nearest level set point. Along a PGD direction: on the line from the image to where "
            "PGD breaks it (Sec. 3.2). Newton: generalized Newton, whose steps are the shortest in "
            f"L∞ (Eq. 4). {_obtained(results)}"
        )
    else:
        waits = any(run.config.kind == "distances" for run in active_runs())
        st.info(BEING_MEASURED if waits else "How far the boundary is from each image.")
    work = len(missing) * DISTANCE_PASSES * q.images / PASSES
    measure_button(q, [m.title for m in missing], work, lambda: _start_distances(q, missing))


def _start_distances(q: Question, missing: list[KnownModel]) -> None:
    for model in missing:
        start_measurement(my_runs(), "distances", [model], data=q.data, images=q.images)


# -- black box -------------------------------------------------------------------------------


def black_box_view(q: Question) -> None:
    """The matrix target x source."""
    if len(q.models) < 2:
        st.info("A black-box attack needs two models: choose one more.")
        return
    runs = measurements(my_runs(), "transfer", q.models, data=q.data, attack=q.usual)
    best = largest(runs)
    result = None if best is None else best.result()
    waits = any(run.status().active for run in runs)
    if result is not None:
        figure = black_box_figure(q.models, result, q.data)
        st.plotly_chart(figure, key="curves_black_box", config=CONFIG)
        caption(
            f"Percent of {result['images']} images that the target still gets right after "
            f"{q.usual.steps} steps of {{pgd}} on the source, ε = {q.usual.epsilon:g}. Images that "
            "are wrong without an attack count as broken. Diagonal: the {white_box|white-box} "
            "attack, on the target itself; all others are {black_box|black-box} attacks. ▼: lower "
            f"than the diagonal by more than chance ({chance_of(result['images'])} images), so the "
            f"target's own gradients mislead. In brackets: as published. {_obtained([result])}"
        )
    else:
        st.info(BEING_MEASURED if waits else "Images attacked on one model, shown to the others.")
    enough = result is not None and result["images"] >= q.images
    names = [] if enough or waits else ["all pairs"]
    work = 2 * len(q.models) * q.usual.steps * q.images / PASSES
    start = partial(
        start_measurement, my_runs(), "transfer", q.models,
        data=q.data, images=q.images, attack=q.usual,
    )  # fmt: skip
    measure_button(q, names, work, start)


def _obtained(results: list[dict[str, Any]]) -> str:
    """How results of measurements came about; which models' where they differ."""
    told: dict[str, list[str]] = {}
    for r in results:
        where = r.get("source") or IMAGE_SETS.get(str(r.get("data")), r.get("data"))
        how = (
            f"on {r.get('date')}, {r.get('machine')}, seed {r.get('seed')}, the first "
            f"{r.get('images')} images of: {where}"
        )
        told.setdefault(how, []).append(r["models"][0]["title"])
    if len(told) == 1:
        return f"Measured {next(iter(told))}."
    return " ".join(f"{', '.join(titles)}: measured {how}." for how, titles in told.items())
