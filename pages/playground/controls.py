"""Which settings and buttons the page shows: a lesson chooses, and so does ``?hide=``."""

from __future__ import annotations

import streamlit as st

from levelset_core.live import LiveSession
from levelset_core.live.lessons import CONTROLS, GROUPS

#: In the address: names to hide, with commas between.
HIDE = "hide"
#: What ``hide`` may name besides the controls: the sidebar, what is below the canvas, its line of
#: figures, and the buttons that train.
PARTS = ("settings", "below", "status", "training")
#: Groups of buttons of the canvas: those that a lesson may hide, and those that train.
BUTTONS = ("training", *GROUPS)


def hidden_controls(session: LiveSession) -> set[str]:
    """Names of what is not shown now."""
    hidden = {name for name in _asked() if name in (*CONTROLS, *PARTS)}
    lesson = session.lesson
    if lesson and lesson.controls and not st.session_state.get("all_controls"):
        hidden |= set(CONTROLS) - {*lesson.controls, "picture", "show"}
    return hidden


def tell_unknown() -> None:
    """What the address asks to hide and nobody here has."""
    if unknown := [name for name in _asked() if name not in (*CONTROLS, *PARTS)]:
        known = ", ".join((*PARTS, *CONTROLS))
        st.caption(
            f"The address hides {', '.join(unknown)}, which is no part of this page. "
            f"It can hide: {known}."
        )


def _asked() -> list[str]:
    return [name.strip() for name in st.query_params.get(HIDE, "").split(",") if name.strip()]
