"""Polygons as exact networks: draw or pick one, see the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.errors import LevelsetError
from levelset_core.exact.shape_files import read_plane_shape
from levelset_core.exact.shapes import PLANE_SHAPES, PlaneShape
from pages.exact.figures import figures
from pages.exact.network_graph import network_graph
from pages.exact.perturb import apply_perturbation
from pages.exact.polygon_canvas import BOUNDS, drawn_shape, plane_picture, polygon_canvas
from pages.exact.work import ExactWork

_FIRST = "L"


def plane_view(presets: DeltaGenerator, files: DeltaGenerator) -> ExactWork | None:
    """The canvas, the graph and the figures; returns what was built, if anything.

    Args:
        presets, files: where to put the choice of examples and the upload.
    """
    memory = _memory()
    _follow_drawing(memory)
    presets.pills(
        "Shape", list(PLANE_SHAPES), key="plane_preset", on_change=_take_preset,
        default=st.session_state.get("plane_preset"),
        label_visibility="collapsed",
    )  # fmt: skip
    with files.popover("Open a file", icon=":material/upload_file:", width="stretch"):
        st.file_uploader("Polygon as JSON or SVG", key="plane_file", on_change=_take_file)
        if message := memory.get("file_error"):
            st.error(message, icon=":material/error:")
    work: ExactWork = memory["work"]
    shape: PlaneShape = work.shape
    if work.exact is not None:
        apply_perturbation(work)
    if work.network is not None and "plane" not in work.made:
        work.made["plane"] = plane_picture(work.network)
    canvas, graph = st.columns([2, 1])
    with canvas:
        polygon_canvas(
            shape, memory["load"], work.made.get("plane"), wrong=work.wrong,
            error=work.error if shape.edges else None, crossing=work.crossing,
            edit=memory["edit"],
        )  # fmt: skip
    if work.exact is None or work.network is None:
        graph.info(
            "Draw a ring, or pick a shape above." if not shape.edges else str(work.error),
            icon=":material/draw:",
        )
        return None
    with graph:
        network_graph(work.network, work.place, key=work.graph, height=430)
    figures(work)
    return work


def _memory() -> dict[str, Any]:
    if "exact_plane" not in st.session_state:
        st.session_state.exact_plane = {"load": 0, "edit": 0, "preset": _FIRST}
        _load(PLANE_SHAPES[_FIRST]())
        st.session_state.setdefault("plane_preset", _FIRST)
    memory: dict[str, Any] = st.session_state.exact_plane
    return memory


def _load(shape: PlaneShape) -> None:
    """Put another shape on the canvas."""
    memory = st.session_state.exact_plane
    memory["load"] += 1
    memory["file_error"] = None
    memory["edit"] = 0
    memory["work"] = ExactWork.of(shape, BOUNDS if shape.chains else None)


def _follow_drawing(memory: dict[str, Any]) -> None:
    drawn = drawn_shape()
    if not drawn or drawn["load"] != memory["load"] or drawn["edit"] == memory["edit"]:
        return
    memory["edit"] = drawn["edit"]
    shape = PlaneShape(
        [np.array(ring, dtype=np.float64) for ring in drawn["rings"]],
        [np.array(chain, dtype=np.float64) for chain in drawn["chains"]],
    )
    memory["work"] = ExactWork.of(shape, BOUNDS if shape.chains else None)


def _take_preset() -> None:
    """Load the shape that was clicked; a click on the chosen one brings it back as it was."""
    memory = _memory()
    name = st.session_state.plane_preset or memory["preset"]
    st.session_state.plane_preset = memory["preset"] = name
    _load(PLANE_SHAPES[name]())


def _take_file() -> None:
    file = st.session_state.plane_file
    memory = _memory()
    memory["file_error"] = None
    if file is None:
        return
    try:
        shape = read_plane_shape(file.getvalue(), file.name)
    except LevelsetError as error:
        memory["file_error"] = str(error)
        return
    _load(_fitted(shape))
    st.session_state.plane_preset = None


def _fitted(shape: PlaneShape) -> PlaneShape:
    """Moved and scaled into the canvas."""
    corners = np.concatenate([*shape.rings, *shape.chains])
    middle = (corners.min(0) + corners.max(0)) / 2
    scale = 1.2 / max(float(np.ptp(corners, axis=0).max()) / 2, 1e-12)
    return PlaneShape(
        [(ring - middle) * scale for ring in shape.rings],
        [(chain - middle) * scale for chain in shape.chains],
    )
