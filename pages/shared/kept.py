"""Values of widgets that outlive them: in the session, as Streamlit forgets what is not on the page
for a while, or in the address, so that a link opens them.
"""

from __future__ import annotations

import time
from collections.abc import Container, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
#: Seconds in which a browser has heard of an address that was set here.
HEARD = 1.0


def kept(key: str, default: T, choices: Container[T] | None = None) -> T:
    """What the widget ``key`` holds, or held when it was last on the page; else the default.

    Call it before the widget, and give the widget what it returns as its default.

    Args:
        choices: what it may hold now; anything else becomes the default.
    """
    held = st.session_state.setdefault("kept", {})
    value: T = st.session_state.get(key, held.get(key, default))
    if choices is not None and value not in choices:
        value = default
    st.session_state[key] = held[key] = value
    return value


def kept_choice(
    label: str, choices: Mapping[str, str], *, key: str, first: str | None = None
) -> str:
    """A segmented control that comes back as it was; ``first``, or the first, to begin with.

    Args:
        label: for screen readers.
        choices: name -> title.
    """
    names = list(choices)
    default = kept(key, names[0] if first is None else first, names)
    chosen = st.segmented_control(
        label, names, format_func=choices.__getitem__, key=key, default=default,
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    return str(chosen)


def kept_menu(
    label: str, names: Sequence[str], *, key: str, first: str | None = None, **options: Any
) -> str:
    """A menu that comes back as it was; ``first``, or the first name, to begin with.

    Args:
        label: over it.
        options: of ``st.selectbox``.
    """
    chosen = kept(key, names[0] if first is None else first, names)
    return str(st.selectbox(label, names, index=names.index(chosen), key=key, **options))


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
