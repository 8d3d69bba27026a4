"""Symbols that explain themselves when they are hovered or focused."""

from __future__ import annotations

import html
import re

import streamlit as st

from levelset_core.glossary import GLOSSARY


def term(key: str, text: str = "") -> str:
    """HTML of a symbol of the glossary with its words; ``text`` stands in for the symbol.

    For ``st.html`` and ``st.markdown(..., unsafe_allow_html=True)``; its looks are in app.css.
    """
    entry = GLOSSARY[key]
    return explain(text or entry.symbol, entry.sentence)


def explain(text: str, words: str) -> str:
    """HTML of a text whose words come when it is hovered or focused."""
    return (
        f'<span class="levelset-term" tabindex="0">{html.escape(text)}'
        f'<span class="levelset-about" role="tooltip">{html.escape(words)}</span></span>'
    )


def explained(text: str) -> str:
    """Text in which ``{key}`` and ``{key|other words}`` become terms of the glossary."""
    return re.sub(r"\{(\w+)(?:\|([^}]*))?\}", lambda found: term(found[1], found[2] or ""), text)


def caption(text: str) -> None:
    """A caption with terms, see :func:`explained`."""
    st.caption(explained(text), unsafe_allow_html=True)


def hint(*keys: str) -> str:
    """The words of some terms, for the help of a widget."""
    return "\n\n".join(f"**{GLOSSARY[key].symbol}** {GLOSSARY[key].sentence}" for key in keys)
