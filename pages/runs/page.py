"""Runs: everything that takes long, while it works and after it."""

from typing import Any

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.runs import Run, RunStore, summary, tell_apart
from pages.runs.details import run_details
from pages.runs.run_list import run_filter, run_list
from pages.shared.board import live_board
from pages.shared.page import page

#: Seconds between two looks at the folders.
EVERY = 2.0


def board(found: list[Run]) -> None:
    """List and chosen run."""
    store = RunStore()
    runs = {run.id: run for run in found}
    rows = [summary(run) for run in runs.values()]
    for row, name in zip(rows, tell_apart([row["name"] for row in rows]), strict=True):
        row["name"] = name
    with page("Runs") as here:
        if not rows:
            empty()
            return
        with here.row:
            passed = run_filter(rows)
        lists(store, runs, rows, passed)


def lists(
    store: RunStore, runs: dict[str, Run], rows: list[dict[str, Any]], passed: list[dict[str, Any]]
) -> None:
    """The runs that pass the filter, and the chosen one beside them."""
    wanted = st.query_params.get("run")
    if wanted is not None and wanted not in runs:
        st.warning(f"There is no run {wanted!r}: it may have been deleted.")
        wanted = None
    active = [row["id"] for row in passed if row["state"] == "running"]
    chosen = wanted or next(iter([*active, *(row["id"] for row in passed)]), None)
    side, main = st.columns([2, 5], gap="medium")
    with side:
        run_list(passed, chosen)
        if not passed:
            st.info("No run passes the filter.")
    if chosen is not None:
        others = [runs[row["id"]] for row in rows if row["id"] != chosen and not row["problem"]]
        with main.container(border=True):
            try:
                run_details(store, runs[chosen], others, {row["id"]: row["name"] for row in rows})
            except (LevelsetError, OSError):
                st.info("This run changed while it was read: a moment.")


def empty() -> None:
    """What to do where there is no run yet."""
    with st.container(border=True):
        st.markdown("#### No runs yet")
        st.markdown(
            "A run trains in a process of its own and keeps everything in a folder. You can close "
            "the tab; if the server stops, the run goes on, or resumes where it was."
        )


live_board(board, RunStore().runs, every=EVERY, always=True)
