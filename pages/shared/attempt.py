"""Try something; where it does not work, one sentence says why and the page goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from levelset_core.errors import LevelsetError

ICON = ":material/error:"


class telling:
    """``with telling():``, an error ends the block only, and is told.

    Args:
        key: in a callback, since what a callback writes is gone with it: the sentence is kept in
            the session under this key, until the next attempt; :func:`tell` shows it.
        toast: tell it in a toast, not where the block stands.
    """

    def __init__(self, key: str | None = None, *, toast: bool = False) -> None:
        self.key, self.toast = key, toast

    def __enter__(self) -> None:
        if self.key is not None:
            st.session_state[self.key] = None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if not isinstance(error, LevelsetError | OSError):
            return False
        if self.key is not None:
            st.session_state[self.key] = str(error)
        else:
            (st.toast if self.toast else st.error)(str(error), icon=ICON)
        return True


def attempt(key: str, action: Callable[..., object], *arguments: Any) -> None:
    """A callback that does ``action`` and keeps what is wrong under ``key``."""
    with telling(key):
        action(*arguments)


def tell(key: str) -> None:
    """What the last attempt under ``key`` was wrong with, if anything."""
    if message := st.session_state.get(key):
        st.error(message, icon=ICON)
