"""A part of a page that follows runs: it is drawn again by itself while one of them goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.runs import Run, RunStore

#: Reads the runs that a board is about, anew at every call.
Find = Callable[[], Sequence[Run]]


def live_board(
    draw: Callable[..., None], find: Find, *arguments: Any, every: float, always: bool = False
) -> None:
    """Draw ``draw(runs, *arguments)``, again every so many seconds while a run works or waits.

    Where the first of them begins or the last ends, the whole page is drawn anew. What waits in
    the queue is started if there is room, also where whoever ended the last run could not.

    Args:
        every: seconds between two looks.
        always: look again also while no run works: others may start one.
    """
    active = _any(find(), "running", "queued")
    again = every if active or always else None
    st.fragment(_look, run_every=again)(draw, find, arguments, None if always else active)


def _look(
    draw: Callable[..., None], find: Find, arguments: tuple[Any, ...], active: bool | None
) -> None:
    runs = find()
    if active is not None and _any(runs, "running", "queued") != active:
        st.rerun()  # begins or ends the looking
    if _any(runs, "queued"):
        RunStore().dispatch()
    draw(runs, *arguments)


def _any(runs: Sequence[Run], *states: str) -> bool:
    for run in runs:
        with suppress(LevelsetError):  # a damaged folder
            if run.status().state in states:
                return True
    return False
