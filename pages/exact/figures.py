"""The figures of an exact network, and the check of its signs as it goes on."""

from __future__ import annotations

import streamlit as st

from pages.exact.work import POINTS, ExactWork

_EVERY = 0.4


def figures(work: ExactWork) -> None:
    """What was built, and what the check finds; while points are left it moves by itself."""
    st.fragment(_strip, run_every=_EVERY if work.checking else None)(work)


def _strip(work: ExactWork) -> None:
    e, was = work.exact, work.checking
    assert e is not None
    work.look()
    shown = [
        ("Planes" if e.widths[0] == 3 else "Lines", f"{e.planes}"),
        ("Hidden layers", f"{e.depth}"),
        ("Widest layer", f"{max(e.widths)}"),
        ("Weights", f"{e.weights:,}"),
        ("Built in", f"{e.seconds:.1f} s" if e.seconds >= 1 else f"{e.seconds * 1000:.0f} ms"),
    ]
    tally = work.tally
    if tally is not None:
        done = "" if tally.points >= POINTS else f"{tally.points:,} of "
        shown += [
            ("Largest |F| on the boundary", f"{tally.on_boundary:.1e}"),
            (f"among {done}{POINTS:,} random points", f"{tally.wrong:,} wrong signs"),
        ]
    for column, (label, value) in zip(st.columns([1, 1.1, 1, 1, 1, 2, 2.6]), shown, strict=False):
        column.metric(label, value)
    if was and not work.checking:
        st.rerun()
