"""Watertight meshes, with cavities, handles, several components, as ReLU networks."""

from __future__ import annotations

import time

import numpy as np
import shapely
import trimesh

from levelset_core.errors import LevelsetError
from levelset_core.exact.contact import without_contacts
from levelset_core.exact.formula import Formula, times
from levelset_core.exact.network import FORMS, ExactNetwork, build
from levelset_core.exact.partition import Facet, Partition
from levelset_core.exact.solid import (
    Solid,
    Triangles,
    facet_planes,
    is_convex,
    read_solid,
    winding_number,
)
from levelset_core.exact.tolerance import extent, last_place
from levelset_core.settings import choose

#: Distinct planes of a surface that is not convex; a convex one may have any number.
MAX_PLANES = 400


def exact_polyhedron(
    mesh: Triangles, *, form: str = "deep", tolerance: float | None = None
) -> ExactNetwork:
    """The ReLU network whose zero level set is a watertight mesh (Theorem 1, d = 3).

    Coplanar faces are merged; F is a formula of max and min of the distinct planes, by binary
    space partition (see ``partition``).

    Args:
        mesh: one or several closed surfaces; one inside another is a cavity, one inside a cavity
            a part of its own. Parts that touch face to face are merged. A vertex within an edge of
            another face (a T-junction) splits that face.
        form: "deep", or "balanced": O(log n) hidden layers, many more weights. ("shallow" is for
            polygons.)
        tolerance: corners this close to a plane count as on it, relative to the solid's size;
            ``None`` follows the digits of the coordinates (see ``tolerance_of``). What was merged
            is in the result's ``merged``.

    Raises:
        LevelsetError: an open or non-manifold edge, faces of no area alone, surfaces that cross or
            are the same, or more than ``MAX_PLANES`` planes where the shape is not convex.
    """
    choose("form", form, FORMS)
    if form == "shallow":
        raise LevelsetError(
            "Two hidden layers are built for polygons only: take the form deep or balanced for a "
            "solid."
        )
    began = time.perf_counter()
    solid = read_solid(mesh, tolerance)
    near = solid.tolerance
    try:
        formula, merged = _formula(solid, near)
    except LevelsetError:
        if tolerance is not None or near <= solid.least:
            raise
        near = solid.least  # rounding is larger than parts of the solid: all planes as they are
        formula, merged = _formula(solid, near)
    return build(
        times(formula, solid.unit), 3, began,
        form=form, tolerance=near * solid.unit, merged=merged, split=solid.split,
        rounded=last_place(np.asarray(mesh.vertices, dtype=np.float64)),
    )  # fmt: skip


def _formula(solid: Solid, tolerance: float) -> tuple[Formula, int]:
    """F of a solid, in its own units, and how many planes were laid through several."""
    mesh, size = solid.mesh, extent(solid.mesh.vertices)
    planes, plane_of_face, front_outside, merged, off = facet_planes(mesh, tolerance)
    near = max(solid.least, off) if tolerance > solid.least else tolerance
    facets = [
        Facet(corners, int(plane), bool(front))
        for corners, plane, front in zip(mesh.triangles, plane_of_face, front_outside, strict=True)
        if plane >= 0
    ]
    if not is_convex(mesh, planes, 4 * near):
        if len(planes) > MAX_PLANES:
            raise LevelsetError(
                f"The mesh has {len(planes)} distinct planes, more than the {MAX_PLANES} that an "
                "exact network of a shape that is not convex takes: simplify it (convex shapes "
                "may have any number), or give a larger tolerance."
            )
        both = np.intersect1d(plane_of_face[front_outside], plane_of_face[~front_outside])
        touching = np.isin(plane_of_face, both[both >= 0])
        refuse_crossing(mesh, touching, size, near, solid.unit)
        facets = without_contacts(facets, planes, near)
    return Partition(planes, size, 4 * near).formula(facets), merged


#: How far from a face, relative to the size, both its sides are looked at.
_BESIDE = 1e-8
#: Heights and weights below these count as none: two parts touch.
_HEIGHT, _WEIGHT = 1e-11, 1e-9


def refuse_crossing(
    solid: trimesh.Trimesh, touching: np.ndarray, size: float, tolerance: float = 0.0,
    unit: float = 1.0,
) -> None:  # fmt: skip
    """No edge may pierce a face, and the surface must wind once around what is behind each face.

    Args:
        solid: oriented.
        touching: (m,) bool, faces that may lie on a face of another part.
        size: of the solid.
        tolerance: distances below this count as none.
        unit: of length, to say places in.

    Raises:
        LevelsetError: the mesh passes through itself.
    """
    real = np.flatnonzero(solid.area_faces > 0)
    triangles = solid.triangles[real]
    place = _pierced(solid, triangles, max(_HEIGHT * size, 4 * tolerance))
    if place is None:
        # A face within the tolerance of others may have them on either side.
        longest = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=2).max(1)
        thick = 2 * solid.area_faces[real] > 40 * tolerance * longest
        beside = max(_BESIDE * size, 10 * tolerance)
        place = _wrong_side(triangles, thick, touching[real], beside)
    if place is not None:
        x, y, z = unit * place
        raise LevelsetError(
            f"The mesh passes through itself near ({x:.6g}, {y:.6g}, {z:.6g}): unite its parts "
            "or move them apart."
        )


def _pierced(solid: trimesh.Trimesh, triangles: np.ndarray, slack: float) -> np.ndarray | None:
    """A point where an edge runs through the inside of a triangle."""
    ends = solid.vertices[solid.edges_unique]  # (e, 2, 3)
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
    longest = np.max([np.linalg.norm(v - u, axis=1) for u, v in ((a, b), (b, c), (c, a))], axis=0)
    inner = np.maximum(_WEIGHT, 4 * slack * longest / double_area)  # the slack as a weight
    through &= np.min(weights, axis=0) > inner
    return x[through.argmax()] if through.any() else None


def _boxes(corners: np.ndarray, slack: float) -> np.ndarray:
    """Boxes around (n, k, 3) in the x, y plane."""
    low, high = corners.min(1) - slack, corners.max(1) + slack
    boxes: np.ndarray = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return boxes


def _wrong_side(
    triangles: np.ndarray, thick: np.ndarray, touching: np.ndarray, beside: float
) -> np.ndarray | None:
    """The centre of a face with the inside before it, or the outside behind it."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    centres = triangles.mean(1)
    behind = np.round(winding_number(triangles, centres - beside * normals))
    before = np.round(winding_number(triangles, centres + beside * normals))
    # Where two parts touch, or a cavity opens through a face, both its sides are the same.
    same = (behind == before) & ((behind == 0) | (behind == 1)) & touching
    wrong = thick & ~same & ((behind != 1) | (before != 0))
    return centres[wrong.argmax()] if wrong.any() else None
