"""A result as files: meshes, curves, the network, the whole run; stills and films."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.geometry import Mesh, mesh_bytes, polyline_bytes
from levelset_core.geometry.export import how_written
from levelset_core.geometry.meshes import in_space
from levelset_core.reconstruction.colours import carried
from levelset_core.reconstruction.pictures import Camera, Drawn, Rendering
from levelset_core.reconstruction.shapes import FieldGrid, read_cloud
from levelset_core.runs import Run
from pages.reconstruction.input import Subject
from pages.reconstruction.results import COLOURS, TRANSLUCENT, Result, origin_of
from pages.server.run_route import zip_address
from pages.shared.attempt import attempt, tell, telling

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
                content = partial(polyline_bytes, shape.lines, kind)
                _download(label, content, f"{name}.{kind}", f"line_{kind}")
    else:
        st.markdown("##### Surface")
        mesh = _mesh(result, level)
        with st.container(horizontal=True):
            for kind, label in MESHES.items():
                content = partial(mesh_bytes, mesh, kind, scalars=_scalars(result, mesh))
                _download(label, content, f"{name}.{kind}", f"mesh_{kind}")
        coloured = " and colours (STL: without)" if mesh.colours is not None else ""
        size = f"{len(mesh.vertices):,} vertices and {len(mesh.faces):,} faces"
        told = [f"{size}, with normals{coloured}."]
        told += [note for kind in MESHES if (note := how_written(mesh, kind))]
        st.caption(" ".join(told))
    _network(result, name)
    st.markdown("##### Everything")
    st.link_button("The run as a zip", zip_address(result.run), icon=":material/folder_zip:")


def _scalars(result: Result, mesh: Mesh) -> dict[str, Any]:
    """What PLY keeps besides: the intensity of the points."""
    values = result.errors.get("intensity")
    fits = values is not None and len(values) == len(mesh.vertices)
    return {"intensity": values} if fits else {}


def _download(label: str, content: Any, file: str, key: str) -> None:
    st.download_button(label, content, file, key=key, on_click="ignore", icon=":material/download:")


def _mesh(result: Result, level: float | None) -> Mesh:
    """The result; if the slider is elsewhere and the person wants it, that level set."""
    assert result.shape is not None
    own = result.shape.meshes[0]
    if not level or result.field is None:
        return own
    wanted = st.checkbox(
        f"The level set of the slider, t = {level:.4g}", key="export_level",
        help="From F on the viewer's grid. Unticked: the result itself.",
    )  # fmt: skip
    return _level_set(result.field, level, result.run) if wanted else own


def _network(result: Result, name: str) -> None:
    path = result.run.artifacts / "network.safetensors"
    if not path.exists():
        return
    st.markdown("##### Network")
    file = f"{name}.safetensors"
    _download("Weights (safetensors)", path.read_bytes, file, "network")
    snippet = path.with_name("network.py")
    if snippet.exists():
        with st.expander("Load it elsewhere, with torch and safetensors alone"):
            st.code(snippet.read_text().replace(path.name, file), language="python")


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={FieldGrid: id})
def _level_set(field: FieldGrid, level: float, _run: Run) -> Mesh:
    return carried(field.level_set(level), read_cloud(_run))[0]


def _name(result: Result) -> str:
    about = result.run.config.settings["about"]
    words = f"{about['label'].partition(',')[0]} {about['method']}"
    return "".join(c if c.isalnum() else "-" for c in Path(words).stem.lower())


SIZES = {"1280 × 720": (1280, 720), "1920 × 1080": (1920, 1080), "3840 × 2160": (3840, 2160)}
COLOURED = {"plain": "Plain", **COLOURS}
BACKGROUNDS = {"White": "#ffffff", "Black": "#0b0e14"}
EVERY = 1.0
#: As in the viewer's light theme.
SURFACES, TUBE, INK = ("#7ea6cf", "#d99a5b"), "#be185d", "#1a1d24"


def stills_view(subject: Subject, result: Result, camera: dict[str, Any] | None) -> None:
    """Settings, a button, and the file when it is there."""
    if not result.final or result.shape is None:
        st.info("Pictures can be made once the run has finished.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.segmented_control(
            "Make", ["Still", "Film"], default="Still", key="still_what", required=True,
            help="PNG, or one turn around the shape as MP4.",
        )  # fmt: skip
        size = st.selectbox("Size", list(SIZES), index=1, key="still_size", width=150)
        usable = [c for c in COLOURED if c == "plain" or c in result.errors]
        colour = st.selectbox(
            "Colour", usable, format_func=COLOURED.__getitem__, key="still_colour", width=220
        )
        background = st.selectbox("Background", list(BACKGROUNDS), key="still_back", width=120)
        points = st.checkbox("With the points", key="still_points")
        go = st.button("Draw", icon=":material/photo_camera:", key="still_go")
    st.caption(
        "From the viewer's camera, drawn by PyVista with smooth edges. A film takes a while; it is "
        "kept with the run."
    )
    if go:
        _stop()
        with telling():
            st.session_state.rendering = Rendering(
                result.run.artifacts / ("still.png" if what == "Still" else "film.mp4"),
                _around(origin_of(subject), _things(subject, result, colour, points)),
                _camera(subject, camera),
                size=SIZES[size], background=BACKGROUNDS[background],
            )  # fmt: skip
    _progress(result)


def _stop() -> None:
    if (before := st.session_state.pop("rendering", None)) is not None:
        before.stop()


@st.fragment(run_every=EVERY)
def _progress(result: Result) -> None:
    rendering: Rendering | None = st.session_state.get("rendering")
    if rendering is not None and rendering.running:
        st.progress(rendering.fraction, "Drawing…")
        st.button("Stop", on_click=_stop, icon=":material/stop:", key="still_stop")
        return
    if rendering is not None:
        st.session_state.pop("rendering")
        attempt("still_problem", rendering.wait)
    tell("still_problem")
    for name, show in (("still.png", st.image), ("film.mp4", st.video)):
        path = result.run.artifacts / name
        if path.exists():
            content = path.read_bytes()
            show(content, width=640)
            _download(f"Download {name}", content, name, f"get_{name}")


def _things(subject: Subject, result: Result, colour: str, points: bool) -> list[Drawn]:
    shape = result.shape
    assert shape is not None
    things = [Drawn(line, TUBE) for line in shape.lines]
    if shape.lines:
        meshes = zip(shape.meshes, SURFACES, strict=False)
        things = [*(Drawn(mesh, shade, TRANSLUCENT) for mesh, shade in meshes), *things]
    elif colour in result.errors:
        values, diverging = result.errors[colour], colour == "curvature"
        size = float(sorted(abs(values))[int(0.98 * (len(values) - 1))])
        things.append(
            Drawn(
                replace(shape.meshes[0], values=values), label=COLOURS[colour], diverging=diverging,
                limits=(-size if diverging else 0.0, size),
            )
        )  # fmt: skip
    else:
        things.append(Drawn(shape.meshes[0], SURFACES[0]))
    return [*things, Drawn(subject.cloud.points, INK)] if points else things


def _around(origin: tuple[float, ...], things: list[Drawn]) -> list[Drawn]:
    """The things as the viewer has them: a picture is drawn in single precision too."""
    if not any(origin):
        return things
    back, moved = -np.array(origin), []
    for thing in things:
        shape = thing.shape
        near = in_space(shape) + back if isinstance(shape, np.ndarray) else shape.moved(1.0, back)
        moved.append(replace(thing, shape=near))
    return moved


def _camera(subject: Subject, camera: dict[str, Any] | None) -> Camera:
    """The viewer's, else a slanted view of the whole cloud."""
    up = (0.0, 1.0, 0.0) if subject.up == "y" else (0.0, 0.0, 1.0)
    if camera is not None:
        return Camera(tuple(camera["position"]), tuple(camera["target"]), up)
    points = in_space(subject.cloud.points) - np.array(origin_of(subject))
    low, high = points.min(0), points.max(0)
    centre = (low + high) / 2
    distance = 0.55 * math.dist(low, high) / math.sin(math.radians(17.5))
    direction = (0.52, 0.42, 0.74) if subject.up == "y" else (0.52, -0.74, 0.42)
    position = [c + distance * d for c, d in zip(centre, direction, strict=True)]
    return Camera(tuple(position), tuple(centre), up)
