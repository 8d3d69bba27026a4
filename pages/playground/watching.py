"""What somebody sees beside the canvas who only watches."""

from __future__ import annotations

import streamlit as st

from levelset_core.live import LiveSession, PlaygroundState
from levelset_core.playground import OBJECTIVES
from pages.playground.opening import own_copy
from pages.playground.words import LABELS, value_text


def watching_note(session: LiveSession) -> None:
    """What is being watched, its settings, and the way to an own copy."""
    state = session.state
    with st.sidebar:
        st.markdown("## You are watching")
        st.caption("Somebody else is in control, and the picture follows.")
        st.button(
            "Work on a copy of my own", on_click=own_copy, args=(session,), width="stretch",
            type="primary",
        )  # fmt: skip
        st.markdown("## Settings")
        st.html(f'<dl class="levelset-set">{"".join(_rows(state))}</dl>')


def _rows(state: PlaygroundState) -> list[str]:
    objective = OBJECTIVES[state.config.objective]
    values = {"objective": "Figure 1, four losses" if state.compare else objective.title}
    values |= {
        name: value_text(name, value)
        for name, value in state.config.to_dict().items()
        if name in ("learning_rate", "depth", "width", "activation", *objective.uses)
    }
    return [f"<dt>{LABELS[name]}</dt><dd>{value}</dd>" for name, value in values.items()]
