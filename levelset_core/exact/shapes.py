"""Example shapes for exact networks: polygons in the plane and solids in space."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
import trimesh
from shapely.geometry import Polygon

from levelset_core.exact.rings import Chain
from levelset_core.geometry.meshes import Mesh


@dataclass(frozen=True, eq=False)
class PlaneShape:
    """Rings by nesting (outer, hole, island, ...), and chains whose ends go on for ever.

    Attributes:
        rings: each (n, 2).
        chains: each (n, 2), the inside to the left.
        notes: what a reader left out or assumed, a sentence each.
        tolerance: of :func:`exact_polygon`, where the coordinates' own digits are gone.
        place: where it was before it was moved by -(x, y) and scaled: (x, y), the scale.
    """

    rings: list[np.ndarray] = field(default_factory=list)
    chains: list[np.ndarray] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    tolerance: float | None = None
    place: tuple[tuple[float, float], float] | None = None

    @property
    def parts(self) -> list[np.ndarray | Chain]:
        """As :func:`exact_polygon` takes it."""
        return [*self.rings, *(Chain(chain) for chain in self.chains)]

    @property
    def edges(self) -> int:
        """Of all rings and chains."""
        return sum(map(len, self.rings)) + sum(len(chain) - 1 for chain in self.chains)


def _rings(*rings: object) -> PlaneShape:
    return PlaneShape([np.array(ring, dtype=np.float64) for ring in rings])


def _star() -> PlaneShape:
    angle = np.pi / 2 + np.pi * np.arange(10) / 5
    radius = np.where(np.arange(10) % 2, 0.45, 1.2)
    return _rings(radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))


def _comb() -> PlaneShape:
    ring = [(-1.2, -1.0), (1.2, -1.0)]
    for k in reversed(range(5)):
        left = -1.2 + 0.525 * k
        ring += [(left + 0.3, 1.0), (left, 1.0), (left, -0.6), (left - 0.225, -0.6)]
    ring[-2:] = []
    return _rings(ring)


def _spiral() -> PlaneShape:
    turn = np.linspace(0.6, 5.0 * np.pi, 30)
    way = np.column_stack([np.cos(turn), np.sin(turn)])
    inner, outer = way * (0.075 * turn - 0.02)[:, None], way * (0.075 * turn + 0.1)[:, None]
    return _rings(np.concatenate([outer, inner[::-1]]))


def _square(half: float) -> list[tuple[float, float]]:
    return [(-half, -half), (half, -half), (half, half), (-half, half)]


_LETTERS = {
    "R": [[(0, 0), (0.2, 0), (0.2, 0.4), (0.3, 0.4), (0.5, 0), (0.72, 0), (0.5, 0.44), (0.62, 0.55),
           (0.62, 0.85), (0.47, 1), (0, 1)],
          [(0.2, 0.58), (0.4, 0.58), (0.44, 0.64), (0.44, 0.76), (0.38, 0.82), (0.2, 0.82)]],
    "e": [[(0.15, 0), (0.6, 0), (0.6, 0.15), (0.2, 0.15), (0.2, 0.27), (0.65, 0.27), (0.65, 0.52),
           (0.52, 0.65), (0.15, 0.65), (0, 0.5), (0, 0.15)],
          [(0.2, 0.39), (0.46, 0.39), (0.46, 0.47), (0.41, 0.52), (0.25, 0.52), (0.2, 0.47)]],
    "L": [[(0, 0), (0.6, 0), (0.6, 0.18), (0.2, 0.18), (0.2, 1), (0, 1)]],
    "U": [[(0.15, 0), (0.55, 0), (0.7, 0.15), (0.7, 1), (0.5, 1), (0.5, 0.2), (0.2, 0.2), (0.2, 1),
           (0, 1), (0, 0.15)]],
}  # fmt: skip


def _letters() -> PlaneShape:
    rings, left = [], -1.4
    for letter in "ReLU":
        rings += [np.add(r, [left, -0.5]) for r in _LETTERS[letter]]
        left += 0.72
    return _rings(*rings)


#: In the square [-1.5, 1.5]^2.
PLANE_SHAPES: dict[str, Callable[[], PlaneShape]] = {
    "L": lambda: _rings([(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)]),
    "Star": _star,
    "Comb": _comb,
    "Spiral": _spiral,
    "Ring with island": lambda: _rings(_square(1.2), _square(0.8), _square(0.35)),
    "Letters": _letters,
    "Unbounded wedge": lambda: PlaneShape(
        chains=[np.array([(1.2, 0.9), (0.1, 0.3), (0.4, 0.0), (-0.8, -0.4), (1.2, -1.0)])]
    ),
}


# -- solids ----------------------------------------------------------------------------------


def prism(polygon: Polygon, height: float = 1.0) -> trimesh.Trimesh:
    """A polygon, perhaps with holes, raised from z = 0 to ``height``: a watertight mesh."""
    polygon = shapely.orient_polygons(polygon)
    number: dict[tuple[float, ...], int] = {}
    for p in shapely.get_coordinates(polygon).tolist():
        number.setdefault(tuple(p), len(number))
    n = len(number)
    flat = np.array(list(number))
    faces: list[tuple[int, int, int]] = []
    for triangle in shapely.constrained_delaunay_triangles(polygon).geoms:
        triangle = shapely.orient_polygons(triangle)
        a, b, c = (number[tuple(p)] for p in list(triangle.exterior.coords)[:3])
        faces += [(a, c, b), (a + n, b + n, c + n)]
    for ring in (polygon.exterior, *polygon.interiors):
        loop = [number[tuple(p)] for p in ring.coords]
        for i, j in itertools.pairwise(loop):
            faces += [(i, j, j + n), (i, j + n, i + n)]
    low, high = np.zeros((n, 1)), np.full((n, 1), height)
    vertices = np.concatenate([np.hstack([flat, low]), np.hstack([flat, high])])
    return trimesh.Trimesh(vertices, faces, process=False)


def _box(half: float) -> Any:
    return trimesh.creation.box(bounds=[[-half] * 3, [half] * 3])


SOLIDS: dict[str, Callable[[], Any]] = {
    "Cube": lambda: _box(1.0),
    "L-prism": lambda: prism(Polygon([(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)])),
    "Square torus": lambda: prism(Polygon(_square(1.2), [_square(0.5)]), 0.8),
    "Shell with a cavity": lambda: trimesh.util.concatenate([_box(1.0), _box(0.5)]),
}


def solid(name: str) -> Mesh:
    """An example solid by its name in ``SOLIDS``."""
    made = SOLIDS[name]()
    return Mesh(np.asarray(made.vertices), np.asarray(made.faces))
