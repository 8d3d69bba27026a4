"""A cloud and results of it, as what the 3D viewer shows."""

from __future__ import annotations

import numpy as np

from levelset_core.geometry import Mesh as CoreMesh
from levelset_core.geometry import Polyline
from levelset_core.reconstruction.shapes import FieldGrid
from pages.reconstruction.input import Subject
from pages.reconstruction.results import Result
from pages.shared import viewer3d as v

#: Points of a cloud that a browser gets at most.
SHOWN_POINTS = 60_000
TRANSLUCENT = 0.4


def views(subject: Subject, results: list[Result]) -> list[v.View]:
    """One viewport a result; the cloud alone where there is none yet."""
    shown = [result for result in results if result.shape is not None]
    if not shown:
        return [v.View("", [_cloud(subject), *_truth(subject)])]
    return [
        v.View(
            result.title if len(shown) > 1 else "",
            [*_shape(result), _cloud(subject, result), *_truth(subject)],
        )
        for result in shown
    ]


def _shape(result: Result) -> list[v.Layer]:
    shape = result.shape
    assert shape is not None
    fields = _fields(result.field)
    if not shape.lines:
        mesh = shape.meshes[0]
        return [v.Surface("surface", "Surface", _mesh(mesh, result), fields[0])]
    surfaces: list[v.Layer] = [
        v.Surface(
            f"surface{k}", f"F{'₁₂'[k]} = 0", _mesh(mesh), fields[k] if k < len(fields) else None,
            opacity=TRANSLUCENT, colour=k,
        )
        for k, mesh in enumerate(shape.meshes)
        if len(mesh.faces)
    ]  # fmt: skip
    return [*surfaces, *_lines(shape.lines, "curve", "Curve")]


def _fields(field: FieldGrid | None) -> list[v.Field | None]:
    if field is None:
        return [None]
    return [v.Field(values, field.low.tolist(), field.high.tolist()) for values in field.values]


def _mesh(mesh: CoreMesh, result: Result | None = None) -> v.Mesh:
    errors = result.errors if result else {}
    scalars = [
        v.Scalar(name, label, errors[name], diverging=diverging)
        for name, label, diverging in (
            ("to_truth", "Distance to the truth", False),
            ("to_cloud", "Distance to the points", False),
            ("curvature", "Mean curvature", True),
        )
        if name in errors and len(errors[name]) == len(mesh.vertices)
    ]
    return v.Mesh(mesh.vertices, mesh.faces, mesh.vertex_normals, scalars)


def _lines(lines: tuple[Polyline, ...], name: str, label: str, shown: bool = True) -> list[v.Layer]:
    """Every piece is a tube of its own, shown and hidden together."""
    return [v.Curve(name, label, _space(line.points), line.closed, shown) for line in lines]


def _cloud(subject: Subject, result: Result | None = None) -> v.Points:
    points = subject.cloud.points
    values = result.errors.get("to_shape") if result else None
    if len(points) > SHOWN_POINTS:
        # Evenly through the file, the same ones every time.
        rows = np.linspace(0, len(points) - 1, SHOWN_POINTS).astype(int)
        values = values[rows] if values is not None and len(values) == len(points) else None
        points = points[rows]
    scalars = []
    if values is not None and len(values) == len(points):
        scalars = [v.Scalar("to_shape", "Points' distance to the surface", values)]
    return v.Points("cloud", "Points", _space(points), scalars)


def _truth(subject: Subject) -> list[v.Layer]:
    if subject.truth is None:
        return []
    if subject.truth.lines:
        return _lines(subject.truth.lines, "truth", "Truth", shown=False)
    mesh = subject.truth.meshes[0]
    return [v.Surface("truth", "Truth", _mesh(mesh), colour=1, shown=False)]


def _space(points: np.ndarray) -> np.ndarray:
    """Points in the plane get z = 0."""
    return points if points.shape[1] == 3 else np.pad(points, ((0, 0), (0, 1)))
