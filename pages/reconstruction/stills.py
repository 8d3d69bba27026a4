"""High-quality stills and films of what the viewer shows, drawn in a process of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.geometry import Mesh
from levelset_core.reconstruction.pictures import Camera, Drawn, Rendering
from pages.reconstruction.input import Subject
from pages.reconstruction.results import Result
from pages.shared.attempt import attempt, tell, telling

SIZES = {"1280 × 720": (1280, 720), "1920 × 1080": (1920, 1080), "3840 × 2160": (3840, 2160)}
COLOURS = {
    "plain": "Plain", "to_truth": "Distance to the truth", "to_cloud": "Distance to the points",
    "curvature": "Mean curvature",
}  # fmt: skip
BACKGROUNDS = {"White": "#ffffff", "Black": "#0b0e14"}
EVERY = 1.0
NO_FACES = np.zeros((0, 3), dtype=np.int64)
#: As in the viewer's light theme.
SURFACES, TUBE, INK = ("#7ea6cf", "#d99a5b"), "#be185d", "#1a1d24"


def stills_view(subject: Subject, result: Result, camera: dict[str, Any] | None) -> None:
    """Settings, a button, and the file when it is there."""
    if not result.final or result.shape is None:
        st.info("Pictures are made of finished results.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        what = st.segmented_control(
            "Make", ["Still", "Film"], default="Still", key="still_what", required=True,
            help="PNG, or one turn around the shape as MP4.",
        )  # fmt: skip
        size = st.selectbox("Size", list(SIZES), index=1, key="still_size", width=150)
        usable = [c for c in COLOURS if c == "plain" or c in result.errors]
        colour = st.selectbox(
            "Colour", usable, format_func=COLOURS.__getitem__, key="still_colour", width=220
        )
        background = st.selectbox("Background", list(BACKGROUNDS), key="still_back", width=120)
        points = st.checkbox("With the points", key="still_points")
        go = st.button("Draw", icon=":material/photo_camera:", key="still_go")
    st.caption(
        "From where the viewer looks, by PyVista with smooth edges. A film takes a while; it is "
        "kept with the run."
    )
    if go:
        _stop()
        ending = ".png" if what == "Still" else ".mp4"
        with telling():
            st.session_state.rendering = Rendering(
                result.run.artifacts / f"{'still' if what == 'Still' else 'film'}{ending}",
                _things(subject, result, colour, points), _camera(subject, camera),
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
            st.download_button(
                f"Download {name}", content, name, key=f"get_{name}", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip


def _things(subject: Subject, result: Result, colour: str, points: bool) -> list[Drawn]:
    shape = result.shape
    assert shape is not None
    things = []
    if shape.lines:
        for k, mesh in enumerate(shape.meshes):
            things.append(Drawn(mesh, colour=SURFACES[k], opacity=0.4))
        for line in shape.lines:
            ends = [*line.points, *line.points[:1]] if line.closed else line.points
            things.append(Drawn(Mesh(np.array(ends), NO_FACES), "tube", TUBE))
    else:
        mesh = shape.meshes[0]
        if colour in result.errors:
            values = result.errors[colour]
            size = sorted(abs(values))[int(0.98 * (len(values) - 1))]
            diverging = colour == "curvature"
            things.append(
                Drawn(
                    mesh.with_values(values), label=COLOURS[colour], diverging=diverging,
                    limits=(-float(size) if diverging else 0.0, float(size)),
                )
            )  # fmt: skip
        else:
            things.append(Drawn(mesh, colour=SURFACES[0]))
    if points:
        things.append(Drawn(Mesh(subject.cloud.points, NO_FACES), "points", INK))
    return things


def _camera(subject: Subject, camera: dict[str, Any] | None) -> Camera:
    """The viewer's, else a slanted view of the whole cloud."""
    up = (0.0, 1.0, 0.0) if subject.up == "y" else (0.0, 0.0, 1.0)
    if camera is not None:
        return Camera(tuple(camera["position"]), tuple(camera["target"]), up)
    points = subject.cloud.points
    low, high = points.min(0), points.max(0)
    centre = (low + high) / 2
    distance = 0.55 * math.dist(low, high) / math.sin(math.radians(17.5))
    direction = (0.52, 0.42, 0.74) if subject.up == "y" else (0.52, -0.74, 0.42)
    position = [c + distance * d for c, d in zip(centre, direction, strict=True)]
    return Camera(tuple(position), tuple(centre), up)
