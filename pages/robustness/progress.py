"""Runs of the page Robustness that work or wait."""

from __future__ import annotations

import streamlit as st

from levelset_core.runs import Run, RunStore
from pages.shared.run_controls import run_progress

#: Seconds between two looks at runs that are not over.
EVERY = 1.0
#: Runs of these kinds belong to the page.
KINDS = ("attack", "masking", "transfer", "distances")
#: Runs shown with their progress at once.
MOST_RUNS = 3
#: Passes of one image through ConvNet-4a and back in a second, on one core of a CPU.
PASSES = 1000.0


def active_runs() -> list[Run]:
    """Those of this page, the oldest first."""
    runs = []
    for run in reversed(RunStore().runs()):
        if run.problem() is None and run.config.kind in KINDS and run.status().active:
            runs.append(run)
    return runs


def runs_in_work(key: str) -> None:
    """Their progress, and what waits; call it in a fragment that runs again every second."""
    runs = active_runs()
    if any(run.status().state == "queued" for run in runs):
        RunStore().dispatch()  # also where whoever ended the last run could not
    for run in runs[:MOST_RUNS]:
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f"**{run.config.name}**")
            run_progress(run, key=f"{key}_{run.id}")
    if len(runs) > MOST_RUNS:
        st.caption(f"{len(runs) - MOST_RUNS} more wait in the queue: see the page Runs.")
