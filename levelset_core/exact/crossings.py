"""Finds where a closed mesh passes through itself. Parts that only touch are fine."""

from __future__ import annotations

import numpy as np
import shapely
import trimesh

from levelset_core.errors import LevelsetError
from levelset_core.exact.winding import winding_number

#: How far from a face, relative to the size, both its sides are looked at.
_BESIDE = 1e-8
#: Heights and weights below these count as none: two parts touch.
_HEIGHT, _WEIGHT = 1e-11, 1e-9


def refuse_crossing(solid: trimesh.Trimesh, touching: np.ndarray, size: float) -> None:
    """No edge may pierce a face, and the surface must wind once around what is behind each face.

    Args:
        solid: oriented.
        touching: (m,) bool, faces that may lie on a face of another part.
        size: of the solid.

    Raises:
        LevelsetError: the mesh passes through itself.
    """
    real = np.flatnonzero(solid.area_faces > 0)
    triangles = solid.triangles[real]
    place = _pierced(solid, triangles, size)
    if place is None:
        place = _wrong_side(triangles, touching[real], size)
    if place is not None:
        x, y, z = place
        raise LevelsetError(
            f"The mesh passes through itself near ({x:.6g}, {y:.6g}, {z:.6g}): unite its parts "
            "or move them apart."
        )


def _pierced(solid: trimesh.Trimesh, triangles: np.ndarray, size: float) -> np.ndarray | None:
    """A point where an edge runs through the inside of a triangle."""
    ends = solid.vertices[solid.edges_unique]  # (e, 2, 3)
    slack = _HEIGHT * size
    tree = shapely.STRtree(_boxes(triangles, slack))
    edge, face = tree.query(_boxes(ends, slack))
    low, high = ends[edge, :, 2].min(1), ends[edge, :, 2].max(1)
    heights = triangles[face, :, 2]
    near = (low <= heights.max(1) + slack) & (high >= heights.min(1) - slack)
    edge, face = edge[near], face[near]
    p, q = ends[edge, 0], ends[edge, 1]
    a, b, c = np.moveaxis(triangles[face], 1, 0)
    normal = np.cross(b - a, c - a)
    double_area = np.linalg.norm(normal, axis=1)
    before = ((p - a) * normal).sum(1) / double_area
    behind = ((q - a) * normal).sum(1) / double_area
    through = (np.minimum(before, behind) < -slack) & (np.maximum(before, behind) > slack)
    t = np.divide(before, before - behind, where=through, out=np.zeros_like(before))
    x = p + t[:, None] * (q - p)
    weights = [
        (np.cross(v - u, x - u) * normal).sum(1) / double_area**2
        for u, v in ((a, b), (b, c), (c, a))
    ]
    through &= np.min(weights, axis=0) > _WEIGHT
    return x[through.argmax()] if through.any() else None


def _boxes(corners: np.ndarray, slack: float) -> np.ndarray:
    """Boxes around (n, k, 3) in the x, y plane."""
    low, high = corners.min(1) - slack, corners.max(1) + slack
    boxes: np.ndarray = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return boxes


def _wrong_side(triangles: np.ndarray, touching: np.ndarray, size: float) -> np.ndarray | None:
    """The centre of a face with the inside before it, or the outside behind it."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    centres = triangles.mean(1)
    behind = np.round(winding_number(triangles, centres - _BESIDE * size * normals))
    before = np.round(winding_number(triangles, centres + _BESIDE * size * normals))
    wrong = (behind != 1) | ((before != 0) & ~((before == 1) & touching))
    return centres[wrong.argmax()] if wrong.any() else None
