"""Lines above the viewer: too few steps; of a curve its pieces, the gaps it closed, its ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import streamlit as st

from pages.widgets.reconstruction_results import Result


def notes_view(results: list[Result]) -> int:
    """What there is to know of the results; how many lines that takes."""
    lines = 0
    for result in results:
        name = f"**{result.title}**: " if len(results) > 1 else ""
        for icon, text in _notes(result):
            st.caption(f":material/{icon}: {name}{text}")
            lines += 1
    return lines


def _notes(result: Result) -> Iterator[tuple[str, str]]:
    """Icon and sentence."""
    told = (result.run.result() or {}) if result.final else {}
    if note := told.get("note"):
        yield "warning", f":orange[{note}]"
    if "gaps" in told:
        yield ("conversion_path" if told["gaps"] else "line_curve"), describe(told)


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
