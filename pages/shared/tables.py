"""Small tables that have a name, for screen readers, and wrap instead of scrolling."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st


def named_table(
    name: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    bold: Sequence[bool] | None = None,
    header: bool = True,
) -> None:
    """Draw a table whose first column names its rows.

    Args:
        name: what it is, for who does not see where it stands.
        columns: their names.
        rows: of texts, shown as they are.
        bold: rows whose values are drawn bold.
        header: show the columns' names.
    """
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    lines = []
    for k, (first, *values) in enumerate(rows):
        mark = "b" if bold and bold[k] else "span"
        cells = "".join(f"<td><{mark}>{html.escape(value)}</{mark}></td>" for value in values)
        lines.append(f'<tr><th scope="row">{html.escape(first)}</th>{cells}</tr>')
    top = f"<thead><tr>{head}</tr></thead>" if header else ""
    st.html(
        f'<table class="levelset-table" aria-label="{html.escape(name)}">{top}'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
