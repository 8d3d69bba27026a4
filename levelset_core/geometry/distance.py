"""Distances from points to surfaces and to other points."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh


def distance_to(points: np.ndarray, target: Mesh | np.ndarray) -> np.ndarray:
    """The distance of every point to a target.

    Args:
        points: (n, 3).
        target: a mesh, whose triangles are taken as they are (VTK's cell locator; the surface
            may be open), or points, (m, 3), of which the nearest counts.

    Returns:
        (n,), at least 0, in the units of the points.

    Raises:
        LevelsetError: the target is empty.
    """
    if isinstance(target, Mesh):
        return _to_triangles(points, target)
    if not len(target):
        raise LevelsetError("There is no distance to a cloud without points.")
    nearest, _ = cKDTree(target).query(points)
    return np.asarray(nearest, dtype=np.float64)


def _to_triangles(points: np.ndarray, mesh: Mesh) -> np.ndarray:
    import pyvista

    # VTK divides by the area.
    solid = mesh.face_areas > 0
    if not solid.any():
        raise LevelsetError("There is no distance to a surface without area.")
    if not len(points):
        return np.zeros(0)
    surface = pyvista.make_tri_mesh(mesh.vertices, mesh.faces[solid])
    signed = pyvista.PolyData(np.array(points)).compute_implicit_distance(surface)
    distances: np.ndarray = np.abs(np.asarray(signed["implicit_distance"], dtype=np.float64))
    return distances
