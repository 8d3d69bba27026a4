"""The main part of the page: the button, the run, the viewer, and what is below it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from levelset_core.runs import Run
from pages.reconstruction.export import export_view, stills_view
from pages.reconstruction.input import Subject
from pages.reconstruction.method import METHODS, start_button
from pages.reconstruction.report import metrics_view, notes_view, training_view
from pages.reconstruction.results import Result, result_of, runs_on, titles_of, views
from pages.shared.board import live_board
from pages.shared.pick import pick_runs
from pages.shared.run_controls import run_progress
from pages.shared.viewer3d import viewer3d

#: Seconds between two looks at a run that is not over.
EVERY = 0.5
#: Heights in pixels: the viewer's, and what the line of results, the head of a run and a line
#: about a result take of it.
VIEWER, PILLS, HEAD, TOLD = 590, 50, 84, 44
TABS = {
    "training": ":material/show_chart: Training",
    "compare": ":material/table_chart: Compare",
    "export": ":material/download: Export",
    "stills": ":material/movie: Stills & film",
}


def workbench(subject: Subject, choice: dict[str, Any]) -> None:
    """Draw it; while a run is not over, it is drawn again and again by itself."""
    live_board(_board, lambda: runs_on(subject), subject, choice, every=EVERY)


def _board(runs: list[Run], subject: Subject, choice: dict[str, Any]) -> None:
    kind = METHODS[subject.kind][choice["method"]].kind
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{subject.label}** :gray[· {len(subject.cloud):,} points"
            f"{' · truth known' if subject.truth is not None else ''}]",
            width="stretch",
        )
        start_button(subject, choice)
    titles = titles_of(runs)
    chosen = pick_runs("Results to show, one or two", runs, titles, key="shown_runs")
    unfinished = [run for run in chosen if run.status().state != "done"]
    for run in unfinished:
        run_progress(run, key=f"reconstruction_{run.id}")
    results = [result for run in chosen if (result := result_of(run, titles[run.id])) is not None]
    told = notes_view(results)
    stills = st.session_state.get("reconstruction_tab") == "stills"
    seen = viewer3d(
        views(subject, results), key="reconstruction", subject=subject.digest, up=subject.up,
        tell_camera=stills,
        height=VIEWER - PILLS * (len(runs) > 1) - HEAD * bool(unfinished) - TOLD * told,
        empty="No surface yet.",
    )  # fmt: skip
    if not runs:
        st.caption(
            "Drag to turn, wheel to zoom, ? for all keys. **Reconstruct** trains a network whose "
            "level set F = 0 is the shape; you watch it from the first second."
        )
        training_view([], kind)
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
        export_view(_one(results), seen.level)
    elif tab == "stills":
        stills_view(subject, _one(results), seen.camera)
    else:
        training_view(results, kind)


def _one(results: list[Result]) -> Result:
    if len(results) == 1:
        return results[0]
    chosen = st.segmented_control(
        "Result", [r.run.id for r in results], default=results[0].run.id, required=True,
        format_func=lambda i: next(r.title for r in results if r.run.id == i),
    )  # fmt: skip
    return next((r for r in results if r.run.id == chosen), results[0])
