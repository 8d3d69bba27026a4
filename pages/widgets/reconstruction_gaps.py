"""What a finished curve has to say: its pieces, the gaps it closed, where it ends."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.widgets.reconstruction_results import Result


def gaps_view(results: list[Result]) -> int:
    """A line a finished curve, nothing of surfaces; how many lines there are."""
    lines = 0
    for result in results:
        told = result.run.result() if result.final else None
        if told and "gaps" in told:
            name = f"**{result.title}**: " if len(results) > 1 else ""
            icon = ":material/line_curve:" if not told["gaps"] else ":material/conversion_path:"
            st.caption(f"{icon} {name}{describe(told)}")
            lines += 1
    return lines


def describe(told: dict[str, Any]) -> str:
    """A curve's result in words, lengths and places in the units of the points."""
    pieces, closed = told["pieces"], told["closed"]
    if pieces == 1:
        kind = "One closed curve" if closed else "One open curve"
    else:
        kind = f"{pieces} pieces, {closed} of them closed"
    sentences = [f"{kind}, length {told['length']:.4g}."]
    for gap in told["gaps"]:
        sentences.append(
            f"No data over {gap['length']:.3g} of it, from {_place(gap['start'])} to "
            f"{_place(gap['end'])}: closed smoothly."
        )
    if told["ends"]:
        sentences.append(f"Ends at {', '.join(_place(end) for end in told['ends'])}.")
    return " ".join(sentences)


def _place(point: list[float]) -> str:
    return f"({', '.join(f'{x:.2f}' for x in point)})"
