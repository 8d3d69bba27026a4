"""Stills and films of a result, drawn by PyVista in a process of their own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.geometry.meshes import in_space
from levelset_core.reconstruction.bundle import is_bundled
from levelset_core.reconstruction.pictures import Camera, Drawn, Rendering
from pages.reconstruction.export import download
from pages.reconstruction.input import Subject
from pages.reconstruction.results import AWAY, COLOURS, TRANSLUCENT, Result, numbers_of, origin_of
from pages.reconstruction.shown import shown_surface
from pages.shared.attempt import attempt, tell, telling
from pages.shared.viewer3d import Seen

SIZES = {"1280 × 720": (1280, 720), "1920 × 1080": (1920, 1080), "3840 × 2160": (3840, 2160)}
COLOURED = {"plain": "Plain", **COLOURS}
BACKGROUNDS = {"White": "#ffffff", "Black": "#0b0e14"}
EVERY = 1.0
#: As in the viewer's light theme.
SURFACES, TUBE, INK = ("#7ea6cf", "#d99a5b"), "#be185d", "#1a1d24"


def stills_view(subject: Subject, result: Result, seen: Seen) -> None:
    """Settings, a button, and the file when it is there."""
    if not result.final or result.shape is None:
        st.info("Pictures can be made once the run has finished.")
        return
    if is_bundled(result.run):
        st.info(
            "Stills and films are kept with a run of your own: **Reconstruct it yourself**. PNG "
            "and GIF above the picture work here too."
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.segmented_control(
            "Make", ["Still", "Film"], default="Still", key="still_what", required=True,
            help="PNG, or one turn around the shape as MP4.",
        )  # fmt: skip
        size = st.selectbox("Size", list(SIZES), index=1, key="still_size", width=150)
        usable = [c for c in COLOURED if c == "plain" or c in numbers_of(result)]
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
                _around(origin_of(subject), _things(subject, result, colour, points, seen)),
                _camera(subject, seen.camera),
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
            download(f"Download {name}", content, name, f"get_{name}")


def _things(subject: Subject, result: Result, colour: str, points: bool, seen: Seen) -> list[Drawn]:
    shape = result.shape
    assert shape is not None
    things = [Drawn(line, TUBE) for line in shape.lines]
    if shape.lines:
        meshes = zip(shape.meshes, SURFACES, strict=False)
        things = [*(Drawn(mesh, shade, TRANSLUCENT) for mesh, shade in meshes), *things]
    elif colour == "plain":
        things.append(Drawn(shown_surface(result, seen.trim).mesh, SURFACES[0]))
    else:
        mesh = shown_surface(result, seen.trim, values=colour).mesh
        diverging, values = colour == "curvature", np.abs(numbers_of(result)[colour])
        size = AWAY[1] if colour == "away" else float(np.quantile(values, 0.98))
        limits = (-size if diverging else 0.0, size)
        things.append(Drawn(mesh, label=COLOURS[colour], diverging=diverging, limits=limits))
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
