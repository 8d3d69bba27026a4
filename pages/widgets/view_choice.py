"""A choice between views that the address of the page holds, so that a link opens it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def view_choice(label: str, views: Mapping[str, str], *, key: str, default: str) -> str:
    """A segmented control; ``?key=name`` in the address opens the view called so.

    (Streamlit's own binding writes what is shown, icons included, instead of the name.)

    Args:
        label: for screen readers.
        views: name -> what is shown.
        key: of the widget, and in the address.
        default: the name to begin with.
    """
    wanted = st.query_params.get(key)
    if key not in st.session_state:
        st.session_state[key] = wanted if wanted in views else default
    chosen = st.segmented_control(
        label, list(views), format_func=views.__getitem__, key=key,
        default=st.session_state[key],
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    if chosen not in views:
        chosen = default
    if chosen != wanted and (wanted is not None or chosen != default):
        st.query_params[key] = str(chosen)
    return str(chosen)
