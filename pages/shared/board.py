"""Parts of a page about runs: drawn again by itself while one goes on; which to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.runs import Run
from pages.server.people import my_runs

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
        my_runs().dispatch()
    draw(runs, *arguments)


def _any(runs: Sequence[Run], *states: str) -> bool:
    for run in runs:
        with suppress(LevelsetError):  # a damaged folder
            if run.status().state in states:
                return True
    return False


def pick_runs(
    label: str, runs: Sequence[Run], titles: Mapping[str, str], *, key: str, most: int = 2
) -> list[Run]:
    """Pills that choose one run or more, at most ``most``: one more takes the oldest's place.

    ``st.session_state[key]`` holds the ids of those shown, the newest choice last; a page may set
    it. To begin with the first of ``runs`` is shown.

    Args:
        label: for screen readers.
        titles: what runs are called, by id.
    """
    if not runs:
        return []
    state = st.session_state
    by_id = {run.id: run for run in runs}
    shown = [i for i in state.get(key) or [] if i in by_id][-most:] or [runs[0].id]
    if len(runs) > 1:
        # Another list, or a choice made elsewhere, is another widget: it starts from what is shown.
        basis = list(by_id), shown
        if state.get(f"{key}_basis") != basis:
            state[f"{key}_version"] = state.get(f"{key}_version", 0) + 1
        picked = st.pills(
            label, list(by_id), key=f"{key}_{state[f'{key}_version']}", selection_mode="multi",
            default=shown, format_func=titles.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        kept = [i for i in shown if i in picked] + [i for i in picked if i not in shown]
        shown = kept[-most:] or shown
        state[key], state[f"{key}_basis"] = shown, (list(by_id), shown)
        if set(shown) != set(picked):
            state[f"{key}_version"] += 1
            st.rerun()
    state[key] = shown
    return [by_id[i] for i in shown]
