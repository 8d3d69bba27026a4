"""Tables that have a name, for screen readers; small ones wrap instead of scrolling."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from pages.shared.glossary import explain


def named_table(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    bold: Sequence[bool] | None = None,
    header: bool = True,
    wide: bool = False,
    even: bool = False,
    words: Sequence[str] | None = None,
) -> None:
    """Draw a table whose first column names its rows.

    Args:
        name: what it is, for who does not see where it stands.
        columns: their names.
        rows: of texts, shown as they are.
        bold: rows whose values are drawn bold.
        header: show the columns' names.
        wide: scroll sideways instead of wrapping.
        even: make all columns as wide, so that tables below each other agree.
        words: what the rows' names mean, shown when they are hovered or focused; some may be "".
    """
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    lines = []
    for k, (first, *values) in enumerate(rows):
        mark = "b" if bold and bold[k] else "span"
        cells = "".join(f"<td><{mark}>{html.escape(value)}</{mark}></td>" for value in values)
        named = explain(first, words[k]) if words and words[k] else html.escape(first)
        lines.append(f'<tr><th scope="row">{named}</th>{cells}</tr>')
    top = f"<thead><tr>{head}</tr></thead>" if header else ""
    label = html.escape(name)
    layout = ' style="table-layout: fixed"' if even else ""
    table = (
        f'<table class="levelset-table"{layout} aria-label="{label}">{top}'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
    # Who has no pointer scrolls it by the arrow keys, once it has the focus.
    scrolls = f'<div class="levelset-scroll" tabindex="0" role="group" aria-label="{label}">'
    st.html(f"{scrolls}{table}</div>" if wide else table)
