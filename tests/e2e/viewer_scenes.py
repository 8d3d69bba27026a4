"""An app with nothing but the 3D viewer, for its tests and benchmarks.

``?scene=`` torus (300,000 triangles and F on a grid), sheet (the same, trimmed where it has no
data), pair, curve, empty or bytes.
"""

import sys
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from levelset_core.geometry import Mesh, Polyline  # noqa: E402
from pages.server.arrays import array_routes  # noqa: E402
from pages.server.static_files import static_routes  # noqa: E402
from pages.shared import viewer3d as v  # noqa: E402

MAJOR, MINOR = 0.7, 0.25
LOW, HIGH = (-1.2, -0.5, -1.2), (1.2, 0.5, 1.2)


def torus_field(shape=(128, 64, 128), minor=MINOR):
    """The signed distance of a torus around the y axis."""
    axes = [np.linspace(a, b, n) for a, b, n in zip(LOW, HIGH, shape, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    return (np.hypot(np.hypot(x, z) - MAJOR, y) - minor).astype(np.float32)


def torus_mesh(around=500, across=300, minor=MINOR):
    """2 * around * across triangles, with the normals."""
    u, w = np.meshgrid(
        np.arange(around) * 2 * np.pi / around,
        np.arange(across) * 2 * np.pi / across,
        indexing="ij",
    )
    direction = np.stack([np.cos(u) * np.cos(w), np.sin(w), np.sin(u) * np.cos(w)], -1)
    ring = np.stack([np.cos(u), 0 * u, np.sin(u)], -1) * MAJOR
    at = np.arange(around * across).reshape(around, across)
    right, up = np.roll(at, -1, 0), np.roll(at, -1, 1)
    both = np.roll(right, -1, 1)
    faces = np.concatenate(
        [
            np.stack([at, up, both], -1).reshape(-1, 3),
            np.stack([at, both, right], -1).reshape(-1, 3),
        ]
    )
    return (ring + minor * direction).reshape(-1, 3), faces, direction.reshape(-1, 3), w.ravel()


@st.cache_resource
def torus(minor=MINOR, error=0.002):
    vertices, faces, normals, w = torus_mesh(minor=minor)
    rng = np.random.default_rng(0)
    curvature = np.cos(w) / (MAJOR + minor * np.cos(w)) / 2 + 0.5 / minor
    scalars = [
        v.Scalar(
            "error",
            "Distance to the cloud",
            np.abs(rng.normal(size=len(w))) * error * (1.5 + np.sin(w)),
            "m",
        ),
        v.Scalar("curvature", "Mean curvature", curvature - 0.5 / minor, "1/m", diverging=True),
    ]
    field = v.Field(torus_field(minor=minor), LOW, HIGH)
    cloud = (
        vertices[rng.choice(len(vertices), 5000, replace=False)]
        + rng.normal(size=(5000, 3)) * 0.004
    )
    return [
        v.Surface("surface", "Surface", Mesh(vertices, faces, normals), field, scalars=scalars),
        v.Points("cloud", "Points", cloud),
    ]


@st.cache_resource
def sheet():
    """The torus with no data on the side of +x, and colours."""
    vertices, faces, normals, _ = torus_mesh()
    away = 0.5 + 5 * np.clip(vertices[:, 0] / MAJOR, 0, None)
    colours = np.where(vertices[:, 1:2] > 0, [[200, 40, 40]], [[40, 40, 200]]).astype(np.uint8)
    return [
        v.Surface(
            "surface",
            "Surface",
            Mesh(vertices, faces, normals, colours=colours),
            v.Field(torus_field(), LOW, HIGH),
            scalars=[v.Scalar("away", "Distance to the points", away, limits=(0.0, 3.0))],
            trim=v.Trim("away", 1.5),
        )
    ]


@st.cache_resource
def knot():
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    curve = (
        np.stack([np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)], -1)
        / 3
    )
    axes = [np.linspace(-1.2, 1.2, 64)] * 3
    x, y, z = np.meshgrid(*axes, indexing="ij")
    first, second = x**2 + y**2 - 0.6, z - 0.4 * np.sin(2 * np.arctan2(y, x))
    low, high = (-1.2,) * 3, (1.2,) * 3
    return [
        v.Surface("first", "F₁ = 0", field=v.Field(first, low, high), opacity=0.35),
        v.Surface("second", "F₂ = 0", field=v.Field(second, low, high), opacity=0.35, colour=1),
        v.Curve("curve", "Curve", Polyline(curve, closed=True)),
    ]


def main():
    st.set_page_config(layout="wide")
    scene = st.query_params.get("scene", "torus")
    number = st.session_state.setdefault("number", 0)
    if st.button("Next"):
        number = st.session_state.number = number + 1
    colour = st.query_params.get("colour", "plain")
    views = {
        "torus": lambda: [v.View("", torus(MINOR + 0.02 * (number % 3)))],
        "sheet": lambda: [v.View("", sheet())],
        "pair": lambda: [v.View("Ours", torus()), v.View("Poisson", torus(0.24, 0.004))],
        "curve": lambda: [v.View("", knot())],
        "empty": lambda: [],
    }[scene]()  # fmt: skip
    seen = v.viewer3d(views, key="viewer", subject=scene, colour=colour, empty="Choose a sample.")
    st.caption(f"Python knows t = {seen.level}; trim {seen.trim}; run {number}.")


if get_script_run_ctx(suppress_warning=True) is not None:
    main()
else:
    app = st.App(__file__, routes=[*static_routes(ROOT / "assets"), *array_routes()])
