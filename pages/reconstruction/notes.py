"""Lines above the viewer: what a preview shows, too few steps; of a curve its gaps and ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import streamlit as st

from pages.reconstruction.results import Result

#: What the first look shows, by the kind of run.
PREVIEWS = {
    "reconstruct": "the surface where a winding number of the points changes sides",
    "curve": "the smooth curve through the points in their order",
}


def notes_view(results: list[Result]) -> int:
    """What there is to know of the results; how many lines that takes."""
    lines = 0
    for result in results:
        name = f"**{result.title}**: " if len(results) > 1 else ""
        for icon, text in notes_of(result):
            st.caption(f":material/{icon}: {name}{text}")
            lines += 1
    return lines


def notes_of(result: Result) -> Iterator[tuple[str, str]]:
    """Icon and sentence."""
    kind = result.run.config.kind
    early = result.shape is not None and not result.final and not result.shape.step
    if early and kind in PREVIEWS:
        yield "visibility", f"A preview before training: {PREVIEWS[kind]}."
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
