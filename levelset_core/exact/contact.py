"""Where parts of a solid lie face to face: what they share is inside, no part of the surface."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from levelset_core.exact.formula import Literal
from levelset_core.exact.partition import Facet


def without_contacts(facets: list[Facet], planes: list[Literal], tolerance: float) -> list[Facet]:
    """The facets without the places that two of them cover from opposite sides.

    Two boxes that share a face are one solid: both facets go, or the parts that coincide. Left in
    place they would bound a sheet of no thickness, and a formula that peels all other planes first
    would be left with one plane, which says inside on one of its sides only.

    Args:
        facets: of an oriented solid.
        planes: that they lie on.
        tolerance: distances below this count as none.
    """
    sides: dict[int, tuple[list[Facet], list[Facet]]] = {}
    for facet in facets:
        sides.setdefault(facet.plane, ([], []))[facet.front_outside].append(facet)
    corners = np.concatenate([facet.corners for facet in facets])
    result: list[Facet] = []
    for number, (back, front) in sides.items():
        if back and front:
            back, front = _apart(back, front, planes[number], corners, tolerance)
        result += [*back, *front]
    return result


def _apart(
    back: list[Facet], front: list[Facet], plane: Literal, corners: np.ndarray, tolerance: float
) -> tuple[list[Facet], list[Facet]]:
    axis = int(np.abs(plane.normal).argmax())
    flat = np.delete(np.arange(3), axis)
    covered = [
        shapely.union_all([shapely.convex_hull(shapely.multipoints(f.corners[:, flat])) for f in s])
        for s in (back, front)
    ]
    common = shapely.intersection(*covered)
    if common.area <= tolerance * common.length:
        return back, front  # they touch along an edge at most
    tree = cKDTree(corners)
    new: list[list[Facet]] = []
    for own, other, outside in ((*covered, False), (*covered[::-1], True)):
        rest = shapely.difference(own, other)
        pieces = [
            shapely.get_coordinates(triangle)[:3]
            for part in shapely.get_parts(rest)
            if part.geom_type == "Polygon" and part.area > tolerance * part.length
            for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(part))
        ]
        facet_plane = (back if not outside else front)[0].plane
        new.append([
            Facet(_lifted(piece, plane, axis, tree, corners, tolerance), facet_plane, outside)
            for piece in pieces
        ])  # fmt: skip
    return new[0], new[1]


def _lifted(
    piece: np.ndarray, plane: Literal, axis: int, tree: cKDTree, corners: np.ndarray, near: float
) -> np.ndarray:
    """Places of a plane from two of their coordinates; corners that were there stay the same."""
    flat = np.delete(np.arange(3), axis)
    points = np.empty((len(piece), 3))
    points[:, flat] = piece
    points[:, axis] = -(piece @ plane.normal[flat] + plane.offset) / plane.normal[axis]
    distance, nearest = tree.query(points)
    points[distance <= 4 * near] = corners[nearest[distance <= 4 * near]]
    return points
