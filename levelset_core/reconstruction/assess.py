"""What a finished run leaves: its files, and how good its shape is."""

from __future__ import annotations

from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline, compare, components, distance_to, mesh_bytes
from levelset_core.geometry.analysis import mean_curvature
from levelset_core.geometry.meshes import even_points
from levelset_core.reconstruction.boundary import away_from_data
from levelset_core.reconstruction.colours import carried
from levelset_core.reconstruction.shapes import (
    SHAPE,
    TRUTH,
    Shape,
    read_cloud,
    read_shape,
    write_shape,
)
from levelset_core.runs.files import replacing, write_arrays
from levelset_core.runs.folder import Run

#: The artifact with one number a vertex or a point.
ERRORS = "errors.npz"
#: The F-score's threshold in parts of the diagonal of the cloud's box: 5 mm on a body of 2 m.
THRESHOLD = 0.0025
#: Points that a polyline is compared at.
CURVE_SAMPLES = 20_000


def assess(run: Run, shape: Shape) -> dict[str, Any]:
    """Write ``ERRORS`` and return the comparison, plain values.

    ``ERRORS`` holds, of the vertices of the shape's ``sheet``, "curvature", "to_cloud" and, with a
    truth, "to_truth" and, where the cloud has it, "intensity"; and of the cloud's points
    "to_shape".
    """
    cloud = read_cloud(run)
    truth = read_shape(run.inputs / TRUTH) if (run.inputs / TRUTH).exists() else None
    against = {"against": "the cloud" if truth is None else "the truth"}
    if shape.lines:
        # Points all along the curves; a cloud gives its own.
        found = along(shape.lines)
        other = cloud.points if truth is None else along(truth.lines)
        there, back = distance_to(found, other), distance_to(other, found)
        accuracy, completeness = float(there.mean()), float(back.mean())
        return against | {
            "hausdorff": float(max(there.max(), back.max())),
            "accuracy": accuracy,
            "completeness": completeness,
            "point_to_surface": 0.5 * (accuracy + completeness),
        }
    mesh, sheet = shape.meshes[0], shape.sheet
    errors = carried(sheet, cloud)[1] | {
        "curvature": mean_curvature(sheet),
        "to_cloud": distance_to(sheet.vertices, cloud.points),
        "to_shape": distance_to(cloud.points, mesh),
    }
    if truth is not None:
        errors["to_truth"] = distance_to(sheet.vertices, truth.meshes[0])
    write_arrays(run.artifacts / ERRORS, {name: e.astype(np.float32) for name, e in errors.items()})
    threshold = THRESHOLD * float(np.linalg.norm(np.ptp(cloud.points, axis=0)))
    target = cloud.without_normals() if truth is None else truth.meshes[0]
    return against | compare(mesh, target, threshold=threshold).as_dict()


def along(lines: tuple[Polyline, ...]) -> np.ndarray:
    """``CURVE_SAMPLES`` points at equal distances along all of the lines, (n, d).

    Raises:
        LevelsetError: they have no length.
    """
    total = sum(line.length for line in lines)
    if not total > 0:
        raise LevelsetError("A curve without length cannot be compared.")
    counts = (max(2, round(CURVE_SAMPLES * line.length / total)) for line in lines)
    points = [even_points(line.whole, k)[0] for line, k in zip(lines, counts, strict=True)]
    return np.concatenate(points)


def finish_mesh(mesh: Mesh, run: Run, *, steps: int) -> dict[str, Any]:
    """Write the mesh, what its errors are, and return the run's result.

    Raises:
        LevelsetError: the mesh is empty.
    """
    if not len(mesh.faces):
        raise LevelsetError("The method found no surface in these points.")
    seconds = run.status().seconds
    cloud = read_cloud(run)
    mesh = carried(mesh, cloud)[0]
    shape = Shape((mesh,), (), steps, seconds, away=away_from_data(mesh, cloud.points))
    write_shape(run.artifacts / SHAPE, shape)
    figures = {"steps": steps, "seconds": seconds, **write_surface(run, mesh)}
    return figures | {"comparison": assess(run, shape)}


def write_surface(run: Run, mesh: Mesh) -> dict[str, Any]:
    """Write a surface for other programs, and return how large it is."""
    with replacing(run.artifacts / "mesh.ply") as partial:
        partial.write_bytes(mesh_bytes(mesh, "ply", scalars=carried(mesh, read_cloud(run))[1]))
    return {
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "components": len(components(mesh)),
    }


def check_baseline(settings: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """``config`` with known names only, and ``about``.

    Raises:
        LevelsetError: an unknown setting.
    """
    config = dict(settings.get("config", {}))
    config.pop("seed", None)  # every run has one of its own
    if unknown := sorted(set(config) - set(known)):
        raise LevelsetError(f"Unknown setting {unknown[0]!r}.")
    return {"config": config, "about": dict(settings.get("about", {}))}
