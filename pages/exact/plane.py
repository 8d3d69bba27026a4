"""Polygons as exact networks: draw or pick one; front end in assets/exact/polygon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator
from torch import nn

from levelset_core.exact.shapes import PLANE_SHAPES, PlaneShape
from levelset_core.exact.sign_check import quick
from levelset_core.exact.uploads import uploaded_plane_shape
from levelset_core.geometry import contours, evaluate_grid
from pages.exact.network import apply_perturbation, figures, network_graph
from pages.exact.shapes import Shapes
from pages.exact.work import BOUNDS, ExactWork
from pages.server.arrays import store
from pages.shared.front_end import front_end

STEP = 0.25
RESOLUTION = 161
EMPTY = (
    "Draw a polygon: click corner after corner, then the first one again. Or pick a shape above."
)

_component = front_end("levelset_polygon", "exact/polygon")


def plane_view(presets: DeltaGenerator, files: DeltaGenerator) -> ExactWork | None:
    """The canvas, the graph and the figures; returns what was built, if anything.

    Args:
        presets, files: where to put the choice of examples and the upload.
    """
    memory = SHAPES.memory
    _follow_drawing(memory)
    SHAPES.choose(presets, files)
    work: ExactWork = memory["work"]
    if work.exact is not None:
        apply_perturbation(work)
    canvas, graph = st.columns([2, 1])
    with canvas:
        _canvas(memory, work)
    if work.exact is None or work.network is None:
        graph.info(str(work.error) if work.shape.edges else EMPTY, icon=":material/draw:")
        return None
    with graph:
        SHAPES.choose_form()
        network_graph(work, height=370)
    figures(work)
    return work


def _canvas(memory: dict[str, Any], work: ExactWork) -> None:
    """The editor, and beside it the network's picture.

    The shape is drawn when ``load`` changes; afterwards the drawing is the browser's. It sends
    ``load``, ``edit``, ``rings`` and ``chains``, and hears which ``edit`` the picture shows.
    """
    if work.network is not None and "plane" not in work.made:
        work.made["plane"] = _picture(work.network)
    shape: PlaneShape = work.shape
    data = {
        "bounds": list(BOUNDS), "step": STEP, "load": memory["load"], "edit": memory["edit"],
        "error": work.error if shape.edges else None, "crossing": work.crossing,
        "shape": {
            "rings": [ring.tolist() for ring in shape.rings],
            "chains": [chain.tolist() for chain in shape.chains],
        },
        "field": None, "contours": [], "wrong": np.round(work.wrong, 5).tolist(),
    }  # fmt: skip
    _component(key="polygon", data=data | work.made.get("plane", {}), default={"shape": None})


def _picture(network: nn.Sequential) -> dict[str, Any]:
    """The field over the canvas and its zero set, as the front end takes them."""
    f = quick(network)
    field = evaluate_grid(
        lambda x: f(x.double())[:, 0], BOUNDS, RESOLUTION, device=torch.device("cpu")
    )
    return {
        "field": store.publish(field.astype(np.float32)),
        "contours": [np.round(line, 5).tolist() for line in contours(field, BOUNDS)],
    }


def _follow_drawing(memory: dict[str, Any]) -> None:
    """Take what the browser held at the beginning of this run, if it was edited since."""
    drawn = (st.session_state.get("polygon") or {}).get("shape")
    if not drawn or drawn["load"] != memory["load"] or drawn["edit"] == memory["edit"]:
        return
    memory["edit"] = drawn["edit"]
    rings, chains = (
        [np.array(line, dtype=np.float64) for line in drawn[name]] for name in ("rings", "chains")
    )
    before: PlaneShape = memory["work"].shape  # of a file, perhaps
    SHAPES.drawn(replace(before, rings=rings, chains=chains, notes=()))


SHAPES = Shapes(
    "plane",
    "Shape",
    "Open a file",
    "Polygon as JSON, GeoJSON, WKT or SVG",
    "L",
    PLANE_SHAPES,
    uploaded_plane_shape,
)
