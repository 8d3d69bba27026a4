"""A result as files: meshes, curves, the network, the whole run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from levelset_core.geometry import Mesh, mesh_bytes, polyline_bytes
from levelset_core.reconstruction.shapes import FieldGrid
from pages.reconstruction.results import Result
from pages.server.run_route import zip_address

MESHES = {"ply": "PLY", "obj": "OBJ", "stl": "STL", "glb": "GLB"}
LINES = {"csv": "CSV", "obj": "OBJ", "ply": "PLY"}


def export_view(result: Result, level: float | None) -> None:
    """Download buttons; files are made when they are asked for."""
    if not result.final or result.shape is None:
        st.info("The files are here as soon as the run has finished.")
        return
    shape, name = result.shape, _name(result)
    if shape.lines:
        st.markdown("##### Curve")
        with st.container(horizontal=True):
            for kind, label in LINES.items():
                st.download_button(
                    label, partial(polyline_bytes, shape.lines, kind),
                    f"{name}.{kind}", key=f"line_{kind}", icon=":material/download:",
                    on_click="ignore",
                )  # fmt: skip
    else:
        st.markdown("##### Surface")
        mesh = _mesh(result, level)
        with st.container(horizontal=True):
            for kind, label in MESHES.items():
                st.download_button(
                    label, partial(mesh_bytes, mesh, kind),
                    f"{name}.{kind}", key=f"mesh_{kind}", icon=":material/download:",
                    on_click="ignore",
                )  # fmt: skip
        st.caption(f"{len(mesh.vertices):,} vertices and {len(mesh.faces):,} faces, with normals.")
    _network(result, name)
    st.markdown("##### Everything")
    st.link_button(
        "The run as a zip", zip_address(result.run), icon=":material/folder_zip:",
    )  # fmt: skip


def _mesh(result: Result, level: float | None) -> Mesh:
    """The result; if the slider is elsewhere and the person wants it, that level set."""
    assert result.shape is not None
    own = result.shape.meshes[0]
    if not level or result.field is None:
        return own
    wanted = st.checkbox(
        f"The level set of the slider, t = {level:.4g}", key="export_level",
        help="From F on the grid that the viewer has; unticked, the result itself.",
    )  # fmt: skip
    return _level_set(result.field, level) if wanted else own


def _network(result: Result, name: str) -> None:
    path = result.run.artifacts / "network.safetensors"
    if not path.exists():
        return
    st.markdown("##### Network")
    file = f"{name}.safetensors"
    st.download_button(
        "Weights (safetensors)", path.read_bytes, file, key="network", on_click="ignore",
        icon=":material/download:",
    )  # fmt: skip
    snippet = Path(path.with_name("network.py"))
    if snippet.exists():
        with st.expander("Load it elsewhere, with torch and safetensors alone"):
            st.code(snippet.read_text().replace(path.name, file), language="python")


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={FieldGrid: id})
def _level_set(field: FieldGrid, level: float) -> Mesh:
    return field.level_set(level)


def _name(result: Result) -> str:
    about = result.run.config.settings["about"]
    words = f"{about['label'].partition(',')[0]} {about['method']}"
    return "".join(c if c.isalnum() else "-" for c in Path(words).stem.lower())
