"""Watertight meshes, with cavities, handles, several components, as ReLU networks."""

from __future__ import annotations

import time

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.exact.crossings import refuse_crossing
from levelset_core.exact.partition import Facet, Partition
from levelset_core.exact.report import ExactNetwork, build
from levelset_core.exact.solid import Triangles, facet_planes, is_convex, read_solid

#: Distinct planes of a surface that is not convex; a convex one may have any number.
MAX_PLANES = 400


def exact_polyhedron(mesh: Triangles) -> ExactNetwork:
    """The ReLU network whose zero level set is a watertight mesh (Theorem 1, d = 3).

    Coplanar faces are merged; F is a formula of max and min of the distinct planes, by binary
    space partition (see ``partition``).

    Args:
        mesh: one or several closed surfaces; one inside another is a cavity, one inside a cavity
            a part of its own. Parts that touch face to face are merged. Either
            trimesh's or our own mesh.

    Raises:
        LevelsetError: an open or non-manifold edge, faces of no area alone, surfaces that cross,
            or more than ``MAX_PLANES`` planes where the shape is not convex.
    """
    began = time.perf_counter()
    solid = read_solid(mesh)
    planes, plane_of_face, front_outside = facet_planes(solid)
    size = float(np.ptp(solid.vertices, axis=0).max())
    if not is_convex(solid, planes, size):
        if len(planes) > MAX_PLANES:
            raise LevelsetError(
                f"The mesh has {len(planes)} distinct planes, more than the {MAX_PLANES} that an "
                "exact network of a shape that is not convex takes: simplify it (convex shapes "
                "may have any number)."
            )
        refuse_crossing(solid, _touching(plane_of_face, front_outside), size)
    facets = [
        Facet(corners, int(plane), bool(front))
        for corners, plane, front in zip(solid.triangles, plane_of_face, front_outside, strict=True)
        if plane >= 0
    ]
    return build(Partition(planes, size).formula(facets), 3, began)


def _touching(plane_of_face: np.ndarray, front_outside: np.ndarray) -> np.ndarray:
    """Faces on planes that have faces of both orientations."""
    both = np.intersect1d(plane_of_face[front_outside], plane_of_face[~front_outside])
    return np.isin(plane_of_face, both[both >= 0])
