"""Which lessons are done: kept by the browser, not by the server."""

from __future__ import annotations

import streamlit as st

from pages.shared.front_end import front_end

_component = front_end("levelset_progress", "playground/progress")


def keep_progress() -> None:
    """Mount what writes to the browser's own storage; once a page, anywhere."""
    with st.container(key="lesson_progress"):
        _component(key="progress", data={"done": sorted(_here())}, default={"done": []})


def done_lessons() -> set[str]:
    """Ids of the lessons that this browser has done."""
    kept = (st.session_state.get("progress") or {}).get("done") or []
    return _here() | {name for name in kept if isinstance(name, str)}


def note_done(name: str) -> bool:
    """Note that a lesson is done; whether that is new."""
    new = name not in _here()
    _here().add(name)
    return new


def _here() -> set[str]:
    """Done in this tab."""
    found: set[str] = st.session_state.setdefault("lessons_done", set())
    return found
