"""Solids as exact networks: pick or open a mesh, see the surface that the network has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import nn

from levelset_core.data import read_geometry
from levelset_core.errors import LevelsetError
from levelset_core.exact.shapes import SOLIDS, solid
from levelset_core.geometry import Mesh, Polyline, evaluate_volume, extract_mesh
from levelset_core.geometry.analysis import sharp_edge_paths
from pages.exact.figures import figures
from pages.exact.network_graph import network_graph
from pages.exact.perturb import apply_perturbation
from pages.exact.work import ExactWork
from pages.shared.viewer3d import Curve, Field, Layer, Points, Surface, View, viewer3d

_FIRST = "L-prism"
_SURFACE, _FIELD = 72, 64
_PER_EDGE = 20


def solid_view(presets: DeltaGenerator, files: DeltaGenerator) -> ExactWork | None:
    """The 3D picture, the graph and the figures; returns what was built, if anything.

    Args:
        presets, files: where to put the choice of examples and the upload.
    """
    memory = _memory()
    presets.pills(
        "Solid", list(SOLIDS), key="solid_preset", on_change=_take_preset,
        default=st.session_state.get("solid_preset"),
        label_visibility="collapsed",
    )  # fmt: skip
    with files.popover("Open a mesh", icon=":material/upload_file:", width="stretch"):
        st.file_uploader(
            "Watertight mesh: OBJ, PLY, STL or OFF", key="solid_file", on_change=_take_file
        )
        if message := memory.get("file_error"):
            st.error(message, icon=":material/error:")
    work: ExactWork = memory["work"]
    if work.exact is None or work.network is None:
        st.error(f"{memory['name']}: {work.error}", icon=":material/error:")
        return None
    apply_perturbation(work)
    picture, graph = st.columns([2, 1])
    with picture:
        viewer3d(
            [View("The network's surface over the mesh", _layers(work))],
            key="solid_viewer", subject=memory["name"], height=470,
        )  # fmt: skip
    with graph:
        network_graph(work.network, work.place, key=work.graph, height=470)
    figures(work)
    return work


def _layers(work: ExactWork) -> list[Layer]:
    mesh, reference = work.shape, work.reference
    assert isinstance(mesh, Mesh) and reference is not None and work.network is not None
    if "solid" not in work.made:
        f = nn.Sequential(*work.network, nn.Flatten(0))  # (n, 3) -> (n,)
        box = (reference.low.tolist(), reference.high.tolist())
        found = extract_mesh(f, box, _SURFACE)
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
    for path in sharp_edge_paths(mesh):
        # The viewer rounds corners between neighbouring points: many points, sharp corners.
        t = np.arange(0, len(path) - 1 + 1e-9, 1 / _PER_EDGE)
        dense = np.stack([np.interp(t, np.arange(len(path)), axis) for axis in path.T], axis=1)
        layers.append(Curve("edges", "Input edges", Polyline(dense, closed=False)))
    if len(work.wrong):
        layers.append(Points("wrong", "Wrong signs", work.wrong))
    return layers


def _memory() -> dict[str, Any]:
    if "exact_solid" not in st.session_state:
        st.session_state.exact_solid = {}
        _load(_FIRST, solid(_FIRST))
        st.session_state.setdefault("solid_preset", _FIRST)
    memory: dict[str, Any] = st.session_state.exact_solid
    return memory


def _load(name: str, mesh: Mesh) -> None:
    st.session_state.exact_solid = {"name": name, "work": ExactWork.of(mesh)}


def _take_preset() -> None:
    name = st.session_state.solid_preset
    if name:
        _load(name, solid(name))


def _take_file() -> None:
    file = st.session_state.solid_file
    memory = _memory()
    memory["file_error"] = None
    if file is None:
        return
    try:
        mesh = read_geometry(file, file.name)
        if not isinstance(mesh, Mesh):
            raise LevelsetError(f"{file.name}: it holds points without faces; a mesh is needed.")
    except LevelsetError as error:
        memory["file_error"] = str(error)
        return
    _load(file.name, mesh)
    st.session_state.solid_preset = None
