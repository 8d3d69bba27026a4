"""A result as files: meshes with a triangle budget, curves, the network, the whole run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from levelset_core.geometry import mesh_bytes, polyline_bytes
from levelset_core.geometry.decimation import Decimated, decimated
from levelset_core.geometry.export import how_written
from levelset_core.reconstruction.bundle import is_bundled
from levelset_core.reconstruction.colours import carried
from levelset_core.reconstruction.shapes import read_cloud
from pages.reconstruction.results import Result
from pages.reconstruction.shown import Shown, shown_surface
from pages.server.run_route import zip_address
from pages.shared.attempt import telling
from pages.shared.viewer3d import Seen

MESHES = {"ply": "PLY", "obj": "OBJ", "stl": "STL", "glb": "GLB"}
LINES = {"csv": "CSV", "obj": "OBJ", "ply": "PLY"}
#: The least budget of triangles that is offered.
FEWEST = 100


def export_view(result: Result, seen: Seen) -> None:
    """Download buttons; files are made when they are asked for."""
    if not result.final or result.shape is None:
        st.info("The files are here as soon as the run has finished.")
        return
    shape, name = result.shape, _name(result)
    if shape.lines:
        st.markdown("## Curve")
        with st.container(horizontal=True):
            for kind, label in LINES.items():
                content = partial(polyline_bytes, shape.lines, kind)
                download(label, content, f"{name}.{kind}", f"line_{kind}")
    else:
        st.markdown("## Surface")
        with telling():
            _surface(result, seen, name)
    _network(result, name)
    if is_bundled(result.run):
        return
    st.markdown("## Everything")
    st.link_button("The run as a zip", zip_address(result.run), icon=":material/folder_zip:")


def _surface(result: Result, seen: Seen, name: str) -> None:
    """The settings of the files, what they will hold, and a button a format."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = None
        if seen.level and result.field is not None and st.checkbox(
            f"The level set of the slider, t = {seen.level:.4g}", key="export_level",
            help="From F on the viewer's grid. Unticked: the result itself.",
        ):  # fmt: skip
            level = seen.level
        shown = shown_surface(result, seen.trim, level=level)
        faces = len(shown.mesh.faces)
        least, kept = min(FEWEST, faces), st.session_state.get("export_budget", faces)
        budget = int(
            st.number_input(
                "Triangles at most", least, faces, min(max(kept, least), faces),
                key=f"export_faces_{faces}",
                step=max(faces // 20, 1), width=180,
                help="Fewer triangles make a smaller file. How far the surface moves is told.",
            )
        )  # fmt: skip
    if budget < faces:  # kept for what the surface is trimmed to next
        st.session_state.export_budget = budget
    else:
        st.session_state.pop("export_budget", None)
    fewer = _decimated(shown, result.run.id, shown.told, budget)
    mesh = fewer.mesh
    told = [text for text in (shown.told, fewer.told if budget < faces else "") if text]
    suffix = shown.suffix + (f"-{len(mesh.faces)}" if budget < faces else "")
    with st.container(horizontal=True):
        for kind, label in MESHES.items():
            content = partial(_bytes, mesh, kind, result, " ".join(told))
            download(label, content, f"{name}{suffix}.{kind}", f"mesh_{kind}")
    if told:
        st.caption(f":material/info: {' '.join(told)}")
    coloured = " and colours (STL: without)" if mesh.colours is not None else ""
    size = f"{len(mesh.vertices):,} vertices and {len(mesh.faces):,} faces"
    written = [note for kind in MESHES if (note := how_written(mesh, kind))]
    st.caption(" ".join([f"{size}, with normals{coloured}.", *written]))


@st.cache_resource(max_entries=4, show_spinner="Decimating, and measuring what it costs…")
def _decimated(_shown: Shown, run: str, told: str, budget: int) -> Decimated:
    return decimated(_shown.mesh, budget)


def _bytes(mesh: Any, kind: str, result: Result, told: str) -> bytes:
    """With the intensity of the points, which PLY keeps."""
    scalars = carried(mesh, read_cloud(result.run))[1] if kind == "ply" else {}
    return mesh_bytes(mesh, kind, scalars=scalars, told=told)


def download(label: str, content: Any, file: str, key: str) -> None:
    st.download_button(label, content, file, key=key, on_click="ignore", icon=":material/download:")


def _network(result: Result, name: str) -> None:
    path = result.run.artifacts / "network.safetensors"
    if not path.exists():
        return
    st.markdown("## Network")
    file = f"{name}.safetensors"
    download("Weights (safetensors)", path.read_bytes, file, "network")
    snippet = path.with_name("network.py")
    if snippet.exists():
        with st.expander("Load it elsewhere, with torch and safetensors alone"):
            st.code(snippet.read_text().replace(path.name, file), language="python")


def _name(result: Result) -> str:
    about = result.run.config.settings["about"]
    words = f"{Path(about['label'].partition(',')[0]).stem} {about['method']}"
    return "".join(c if c.isalnum() else "-" for c in words.lower())
