"""Solids as exact networks: pick or open a mesh, see the surface that the network has."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import nn

from levelset_core.exact.shapes import SOLIDS, solid
from levelset_core.exact.uploads import uploaded_solid
from levelset_core.geometry import Mesh, Polyline, evaluate_volume, extract_mesh
from levelset_core.geometry.analysis import sharp_edge_paths
from pages.exact.network import apply_perturbation, figures, network_graph
from pages.exact.shapes import Shapes
from pages.exact.work import ExactWork
from pages.shared.viewer3d import Curve, Field, Layer, Points, Surface, View, viewer3d

#: Cells of the surface a side: so fine that its corners lie under the drawn edges; of a network
#: with many weights, where each costs.
_SURFACE, _SURFACE_OF_MANY, _MANY = 120, 72, 20_000
_FIELD = 64
_PER_EDGE = 20


def solid_view(presets: DeltaGenerator, files: DeltaGenerator) -> ExactWork | None:
    """The 3D picture, the graph and the figures; returns what was built, if anything.

    Args:
        presets, files: where to put the choice of examples and the upload.
    """
    SHAPES.choose(presets, files)
    name = SHAPES.memory["name"]
    work: ExactWork = SHAPES.memory["work"]
    if work.exact is None or work.network is None:
        st.error(f"{name}: {work.error}", icon=":material/error:")
        return None
    apply_perturbation(work)
    picture, graph = st.columns([2, 1])
    with picture:
        viewer3d(
            [View("The network's surface over the mesh", _layers(work))],
            key="solid_viewer", subject=name, height=470,
        )  # fmt: skip
    with graph:
        SHAPES.choose_form(("deep", "balanced"))
        network_graph(work, height=410)
    figures(work)
    return work


def _layers(work: ExactWork) -> list[Layer]:
    mesh, reference, exact = work.shape, work.reference, work.exact
    assert isinstance(mesh, Mesh) and reference is not None
    assert work.network is not None and exact is not None
    if "solid" not in work.made:
        f = nn.Sequential(*work.network, nn.Flatten(0))  # (n, 3) -> (n,)
        box = (reference.low.tolist(), reference.high.tolist())
        found = extract_mesh(f, box, _SURFACE if exact.weights <= _MANY else _SURFACE_OF_MANY)
        values, grid = evaluate_volume(f, box, _FIELD)
        work.made["solid"] = (found, values, grid.lower, grid.upper.tolist())
    found, values, low, high = work.made["solid"]
    layers: list[Layer] = [
        Surface(
            "network", "Network: F = 0", found,
            Field(values, low, high),
        ),
        Surface(
            "input", "Input faces", replace(mesh, normals=None), opacity=0.6, colour=1,
            shown=False,
        ),
    ]  # fmt: skip
    for path in sharp_edge_paths(mesh, tolerance=exact.tolerance):
        # The viewer rounds corners between neighbouring points: many points, sharp corners.
        t = np.arange(0, len(path) - 1 + 1e-9, 1 / _PER_EDGE)
        dense = np.stack([np.interp(t, np.arange(len(path)), axis) for axis in path.T], axis=1)
        layers.append(Curve("edges", "Input edges", Polyline(dense, closed=False)))
    if len(work.wrong):
        layers.append(Points("wrong", "Wrong signs", work.wrong))
    return layers


SHAPES = Shapes(
    "solid", "Solid", "Open a mesh", "Watertight mesh: OBJ, PLY, STL or OFF", "L-prism",
    {name: partial(solid, name) for name in SOLIDS}, uploaded_solid,
)  # fmt: skip
