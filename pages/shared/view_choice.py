"""A choice between views that the address of the page holds, so that a link opens it."""

from __future__ import annotations

import time
from collections.abc import Mapping

import streamlit as st

#: Seconds in which a browser has heard of an address that was set here.
HEARD = 1.0


def view_choice(
    label: str,
    views: Mapping[str, str],
    *,
    key: str,
    default: str,
    parameter: str = "view",
    pills: bool = False,
) -> str:
    """A segmented control, or pills; ``?parameter=name`` in the address opens the view called so.
    The browser's Back and Forward go through the views that were open (not within the second after
    a choice; nor can what they left be chosen within a second).

    (Streamlit's own binding writes what is shown, icons included, instead of the name.)

    Args:
        label: for screen readers.
        views: name -> what is shown.
        key: of the widget: no other page may have it.
        default: the name to begin with.
        parameter: in the address.
        pills: whether it looks like those.
    """
    state = st.session_state
    told = f"{key}_told"  # the address as it was left, what was chosen then, and when
    gone = f"{key}_gone"  # what was shown before Back or Forward, and when they were pressed
    now = time.monotonic()
    wanted = st.query_params.get(parameter)
    address, last, moment = state.get(told, (None, None, -HEARD))
    left, since = state.get(gone, (None, -HEARD))
    if left is not None and state.get(key) == left and now - since < HEARD:
        state[key] = last  # a browser that has not heard yet still sends what it showed
    # A click comes before an address that has not reached the browser yet.
    clicked = state.get(key) not in (None, last) or now - moment < HEARD
    if state.get(key) not in views or (wanted != address and not clicked):
        if state.get(key) in views:
            state[gone] = last, now
        state[key] = wanted if wanted in views else default
    control = st.pills if pills else st.segmented_control
    chosen = control(
        label, list(views), format_func=views.__getitem__, key=key, default=state[key],
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    if chosen not in views:
        chosen = default
    if chosen != wanted and (wanted is not None or chosen != default):
        st.query_params[parameter] = str(chosen)
        moment = now
    state[told] = st.query_params.get(parameter), chosen, moment
    return str(chosen)
