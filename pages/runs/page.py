"""Runs: everything that takes long, while it works and after it."""

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.runs import Run, RunStore, summary, tell_apart
from pages.runs.details import run_details
from pages.runs.run_list import run_filter, run_list
from pages.shared.board import live_board

#: Seconds between two looks at the folders.
EVERY = 2.0


def board(found: list[Run]) -> None:
    """List and chosen run."""
    store = RunStore()
    runs = {run.id: run for run in found}
    if not runs:
        empty()
        return
    rows = [summary(run) for run in runs.values()]
    for row, name in zip(rows, tell_apart([row["name"] for row in rows]), strict=True):
        row["name"] = name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Runs", anchor=False, width="content")
        passed = run_filter(rows)
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
    st.title("Runs", anchor=False)
    with st.container(border=True):
        st.markdown("#### No runs yet")
        st.markdown(
            "A run trains in a process of its own and keeps all it does in a folder: close the "
            "tab or stop the server, it goes on or is taken up where it was."
        )


live_board(board, RunStore().runs, every=EVERY, always=True)
