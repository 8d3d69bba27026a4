"""A triangulation of the plane around a polygon, and a function that is 0 on its edges alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

Line = tuple[int, int]


@dataclass
class Triangulation:
    """A triangulation of a big triangle around the shape; outside of it F grows by 1.

    Attributes:
        points: (n, 2); the last three are the corners, counterclockwise.
        triangles: (m, 3), counterclockwise.
        lines: of every edge (i, j), i < j: the ends of a longer line that it lies on.
        values: (n,), F.
    """

    points: np.ndarray
    triangles: np.ndarray
    lines: dict[Line, Line]
    values: np.ndarray

    @cached_property
    def gradients(self) -> np.ndarray:
        """Of F on every triangle, (m, 2)."""
        p, f = self.points[self.triangles], self.values[self.triangles]
        solved: np.ndarray = np.linalg.solve(p[:, 1:] - p[:, :1], (f[:, 1:] - f[:, :1])[..., None])
        return solved[..., 0]

    @cached_property
    def beside(self) -> dict[Line, int]:
        """The triangle to the left of (i, j)."""
        return {
            (int(t[k]), int(t[k - 2])): n for n, t in enumerate(self.triangles) for k in range(3)
        }

    @cached_property
    def neighbours(self) -> list[list[int]]:
        """Of every vertex."""
        found: list[list[int]] = [[] for _ in self.points]
        for i, j in self.lines:
            found[i].append(j)
            found[j].append(i)
        return found


def triangulate(region: MultiPolygon) -> Triangulation:
    """Triangles in which F is 0 on the boundary alone: no chord joins two of its points.

    Args:
        region: valid, of about size 1 around 0. F is negative inside.
    """
    corners = 4 * np.exp(2j * np.pi * (np.arange(3) / 3 + 0.21))
    corners = np.column_stack([corners.real, corners.imag])
    lines = shapely.union_all([region.boundary, Polygon(corners).boundary])
    points: dict[tuple[float, float], int] = {}
    triangles: list[list[int]] = []
    signs: list[int] = []
    shapely.prepare(region)
    for face in shapely.get_parts(shapely.polygonize([lines])):
        sign = -1 if shapely.contains(region, face.representative_point()) else 1
        for triangle in shapely.get_parts(shapely.constrained_delaunay_triangles(face)):
            ring = shapely.get_coordinates(shapely.orient_polygons(triangle))[:3]
            triangles.append([points.setdefault((x, y), len(points)) for x, y in ring.tolist()])
            signs.append(sign)
    sides: dict[Line, list[int]] = {}
    for triangle, sign in zip(triangles, signs, strict=True):
        for i, j in _edges(triangle):
            sides.setdefault(line_of(i, j), []).append(sign)
    boundary = {edge for edge, both in sides.items() if len(set(both)) == 2}
    zero = {v for edge in boundary for v in edge}
    places = [np.array(p) for p in points]
    middle: dict[Line, int] = {}
    along: dict[Line, Line] = {}
    for edge in sides:
        if edge not in boundary and zero.issuperset(edge):
            middle[edge] = len(places)
            places.append((places[edge[0]] + places[edge[1]]) / 2)
            along |= {line_of(v, middle[edge]): edge for v in edge}
    parts: list[list[int]] = []
    side = dict.fromkeys(range(len(places)), 0)
    for triangle, sign in zip(triangles, signs, strict=True):
        for part in _split(triangle, middle, zero, places):
            parts.append(part)
            side |= {v: sign for v in part if v not in zero}
    # The corners come last.
    last = [points[x, y] for x, y in corners.tolist()]
    order = [v for v in range(len(places)) if v not in last] + last
    new = np.empty(len(order), int)
    new[order] = np.arange(len(order))
    faces, p = new[np.array(parts)], np.array(places)[order]
    lines_of = {}
    for part in parts:
        for i, j in _edges(part):
            a, b = along.get(line_of(i, j), (i, j))
            lines_of[line_of(int(new[i]), int(new[j]))] = line_of(int(new[a]), int(new[b]))
    signed = np.array([side.get(v, 0) for v in order], dtype=float)
    return Triangulation(p, faces, lines_of, signed * _heights(p, faces))


def _edges(triangle: list[int]) -> list[Line]:
    return list(pairwise([*triangle, triangle[0]]))


def line_of(i: int, j: int) -> Line:
    """The edge between two vertices, whichever comes first."""
    return (i, j) if i < j else (j, i)


def _split(
    triangle: list[int], middle: dict[Line, int], zero: set[int], places: list[np.ndarray]
) -> list[list[int]]:
    """The triangle cut at the middles of its edges, so that each part has a vertex off zero."""
    cut = [middle.get(line_of(i, j)) for i, j in _edges(triangle)]
    count = sum(m is not None for m in cut)
    if count == 0:
        if not zero.issuperset(triangle):
            return [triangle]
        places.append(np.mean([places[v] for v in triangle], axis=0))
        return [[i, j, len(places) - 1] for i, j in _edges(triangle)]
    # Turned so that the first edge is cut, and of two the second one as well.
    turn = next(
        k for k in range(3) if cut[k] is not None and (count != 2 or cut[k - 2] is not None)
    )
    a, b, c = (triangle[(turn + k) % 3] for k in range(3))
    ab, bc, ca = (cut[(turn + k) % 3] for k in range(3))
    assert ab is not None
    if bc is None:
        return [[a, ab, c], [ab, b, c]]
    if ca is None:
        return [[ab, b, bc], [a, ab, bc], [a, bc, c]]
    return [[ab, b, bc], [bc, c, ca], [ca, a, ab], [ab, bc, ca]]


def _heights(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Of every vertex: its least height in a triangle; F of it keeps the gradient below 3."""
    p = points[triangles]
    edge = np.roll(p, 1, axis=1) - np.roll(p, -1, axis=1)  # opposite to each vertex
    area = np.abs(cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]))
    heights = np.full(len(points), np.inf)
    np.minimum.at(heights, triangles, area[:, None] / np.linalg.norm(edge, axis=2))
    heights[-3:] = heights[-3:].min()
    return heights


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The determinants of pairs of vectors, (..., 2) each."""
    found: np.ndarray = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return found
