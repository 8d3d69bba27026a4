"""Surfaces and curves from raw points: watched live, inspected, compared, exported."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.reconstruction.bundle import is_bundled
from levelset_core.runs import Run
from pages.reconstruction.export import export_view
from pages.reconstruction.first_look import first_look, kept_points, known, look_again, takes
from pages.reconstruction.input import Subject, input_panel
from pages.reconstruction.method import method_panel, start_button, start_title
from pages.reconstruction.report import metrics_view, notes_view, training_view
from pages.reconstruction.results import Result, origin_of, result_of, runs_on, titles_of, views
from pages.reconstruction.stills import stills_view
from pages.shared.board import live_board, pick_runs
from pages.shared.page import page
from pages.shared.run_controls import queue_ahead, run_progress
from pages.shared.viewer3d import viewer3d

#: Seconds between two looks at a run that is not over.
EVERY = 0.5
#: Heights in pixels: the viewer's, and what the line of results, the head of a run, a line about a
#: result, the gap below those and the first look at the points take of it.
VIEWER, PILLS, HEAD, TOLD, GAP, LOOK = 550, 50, 84, 22, 20, 116
#: Runs that are older than the setting.
OLD_RATIO = 3.0
TABS = {
    "training": ":material/show_chart: Training",
    "compare": ":material/table_chart: Compare",
    "export": ":material/download: Export",
    "stills": ":material/movie: Stills & film",
}


def board(runs: list[Run], subject: Subject, choice: dict[str, Any]) -> None:
    """The button, the run, the viewer, and what is below it."""
    stored = bool(runs) and all(is_bundled(run) for run in runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{subject.label}** :gray[· {len(subject.cloud):,} points "
            f"· longest side {float(np.ptp(subject.cloud.points, axis=0).max()):.3g}"
            f"{' · its true shape is known' if subject.truth is not None else ''}]",
            width="stretch",
        )
        start_button(subject, choice, yourself=stored)
    titles = titles_of(runs)
    chosen = pick_runs("Results to show, one or two", runs, titles, key="shown_runs")
    unfinished = [run for run in chosen if run.status().state != "done"]
    for run in unfinished:
        run_progress(run, key=f"reconstruction_{run.id}")
    results = [result for run in chosen if (result := result_of(run, titles[run.id])) is not None]
    told = notes_view(results)
    ratio = outlier_ratio(choice)
    at_once = bool(runs) or known(subject, ratio)
    look = st.container(gap=None)
    stills = st.session_state.get("reconstruction_tab") == "stills"
    seen = viewer3d(
        views(
            subject, results,
            lambda result: kept_points(subject, ratio_of(result, ratio) if at_once else None),
        ),
        key="reconstruction", subject=subject.digest, up=subject.up,
        tell_camera=stills, origin=origin_of(subject),
        colour="plain" if subject.cloud.colours is None else "rgb",
        height=VIEWER - PILLS * (len(runs) > 1) - HEAD * bool(unfinished)
        - TOLD * told - GAP * bool(told) - LOOK * (not runs),
        empty="No surface yet.",
    )  # fmt: skip
    if not runs:
        tell_first_look(look, first_look(subject, ratio, choice))
    if not at_once:
        look_again(subject, ratio)
    if not runs or stored:
        text = (
            "Drag to turn; click, then turn the wheel to zoom; ? shows all keys. "
            f"**{start_title(stored)}** trains a network whose level set F = 0 is the shape; you "
            "watch it from the first second."
        )
        st.caption(f"{text} {takes(subject, choice)} {queue_ahead()}" if stored else text)
    if not runs:
        return
    tab = st.segmented_control(
        "Below the viewer", list(TABS), format_func=TABS.__getitem__, default="training",
        key="reconstruction_tab", label_visibility="collapsed", required=True,
    )  # fmt: skip
    if tab == "compare":
        metrics_view(subject, runs)
    elif not results:
        st.info("Choose a result above.")
    elif tab == "export":
        export_view(one(results), seen)
    elif tab == "stills":
        stills_view(subject, one(results), seen)
    else:
        training_view(results)


def tell_first_look(look: DeltaGenerator, texts: Iterator[str]) -> None:
    """One line after the other, after the picture, which need not wait for them."""
    line = look.empty()
    for text in texts:
        line.caption(text)
        line = look.empty()
        line.caption(":material/hourglass_top: Looking at the points…")
    line.empty()


def outlier_ratio(choice: dict[str, Any]) -> float | None:
    """How far away an outlier is with these settings; None keeps all points."""
    changes = choice["changes"]
    return changes.get("outlier_ratio") if changes.get("outliers") else None


def ratio_of(result: Result | None, ratio: float | None) -> float | None:
    """The same of a result's own settings; without a result of those now."""
    if result is None:
        return ratio
    config = result.run.config.settings.get("config", {})
    return config.get("outlier_ratio", OLD_RATIO) if config.get("outliers") else None


def one(results: list[Result]) -> Result:
    """The result that a view below the viewer is about; the person chooses between two."""
    if len(results) == 1:
        return results[0]
    chosen = st.segmented_control(
        "Result", [r.run.id for r in results], default=results[0].run.id, required=True,
        format_func=lambda i: next(r.title for r in results if r.run.id == i),
    )  # fmt: skip
    return next((r for r in results if r.run.id == chosen), results[0])


with page("Reconstruction", device="auto") as here:
    here.row.markdown(
        "From raw points to a surface or a curve: a network F is trained until F = 0 is the shape."
    )
    subject, place = input_panel()
    if subject is None:
        st.info("Choose a sample on the left, or open a file of points.", icon=":material/upload:")
    else:
        choice = method_panel(subject, place)
        live_board(board, partial(runs_on, subject), subject, choice, every=EVERY)
