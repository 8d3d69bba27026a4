"""The polygon editor with the network's field beside it; front end in assets/polygon."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import nn

from levelset_core.exact.shapes import PlaneShape
from levelset_core.geometry import contours, evaluate_grid
from pages.server.arrays import ARRAYS_PATH, store
from pages.shared.front_end import base_path, front_end, nothing

BOUNDS = (-1.5, 1.5, -1.5, 1.5)
STEP = 0.25
RESOLUTION = 161

_component = front_end("levelset_polygon", "exact/polygon")


def plane_picture(network: nn.Module) -> dict[str, Any]:
    """The field over the canvas and its zero set, as the front end takes them."""
    field = evaluate_grid(
        lambda x: network(x.double())[:, 0], BOUNDS, RESOLUTION, device=torch.device("cpu")
    )
    lines = contours(field, BOUNDS)
    return {
        "field": store.publish(field.astype(np.float32)),
        "contours": [np.round(line, 5).tolist() for line in lines],
    }


def polygon_canvas(
    shape: PlaneShape,
    load: int,
    picture: dict[str, Any] | None,
    *,
    wrong: np.ndarray,
    error: str | None,
    crossing: tuple[float, float] | None,
    edit: int,
) -> dict[str, Any] | None:
    """Show the shape and the network's picture.

    Args:
        shape: drawn when ``load`` changes; afterwards the drawing is the browser's.
        load: a number that grows whenever Python puts another shape there.
        picture: of :func:`plane_picture`, or None.
        wrong: (n, 2), points to mark.
        error: what is wrong with the shape, or None.
        crossing: where its lines cross, to mark, or None.
        edit: the number of the edit that the picture shows.

    Returns:
        What the browser holds: ``load``, ``edit``, ``rings``, ``chains``; None before any edit.
    """
    data = {
        "base": base_path(), "arrays": ARRAYS_PATH, "bounds": list(BOUNDS), "step": STEP,
        "load": load, "edit": edit, "error": error,
        "crossing": crossing,
        "shape": {
            "rings": [ring.tolist() for ring in shape.rings],
            "chains": [chain.tolist() for chain in shape.chains],
        },
        "field": None, "contours": [],
        "wrong": np.round(wrong, 5).tolist(),
    }  # fmt: skip
    state = _component(
        key="polygon", data=data | (picture or {}), default={"shape": None},
        on_shape_change=nothing,
    )  # fmt: skip
    drawn: dict[str, Any] | None = state.shape
    return drawn


def drawn_shape() -> dict[str, Any] | None:
    """What the browser held at the beginning of this run."""
    state = st.session_state.get("polygon")
    return state.get("shape") if state else None
