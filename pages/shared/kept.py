"""Values of widgets that outlive them: Streamlit forgets what is not on the page for a while."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


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
