"""The formula of a polyhedron by binary space partition, for any number of components and holes.

An extension of the paper. Within a convex region C of space, the facets in C say what is inside.
Take the plane h = 0 of one of them:

* Facets all on one side of it (and front, h > 0, outside): F = max(h, F_back); likewise
  max(-h, F_front), min(-h, F_back), min(h, F_front). Convex solids need no other case.
* Facets on both sides: F = min(max(h, F_back), max(-h, F_front), max(F_back, F_front)). The last
  term is what the naive formula lacks: without it F = 0 all over the plane, inside too.

F_back need only be right, and strictly so, on the closed part of C behind the plane. Where the
facets in C fall apart into surfaces that do not touch, each gets its own formula
(``formula.combine``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree
from trimesh.graph import connected_component_labels

from levelset_core.errors import LevelsetError
from levelset_core.exact.formula import Formula, Literal, Operation, combine, merge

#: Distances below this, relative to the size, count as none.
TOLERANCE = 1e-12
_SAME_CORNER = 1e-10
#: A facet that is cut counts as this many more (benchmarks/exact_networks.py compares).
_PRICE_OF_CUT = 0.5


@dataclass(frozen=True, eq=False)
class Facet:
    """A convex piece of the surface: corners (k, 3), its plane, and on which side is outside."""

    corners: np.ndarray
    plane: int
    front_outside: bool


class Partition:
    """Builds the formula of facets that lie on given planes.

    Args:
        planes: literals; a facet with ``front_outside`` has h < 0 inside.
        size: of the solid.
        tolerance: distances below this count as none.
    """

    def __init__(self, planes: list[Literal], size: float, tolerance: float = 0.0) -> None:
        self.planes = planes
        self.behind = [plane.opposite() for plane in planes]
        self.normals = np.array([plane.normal for plane in planes])  # (m, 3)
        self.offsets = np.array([plane.offset for plane in planes])
        self.tolerance = max(TOLERANCE * size, tolerance)
        self.same_corner = max(_SAME_CORNER * size, 4 * tolerance)

    def formula(self, facets: list[Facet]) -> Formula:
        """F of the facets within a convex region, F < 0 inside."""
        surfaces = self._surfaces(facets)
        if len(surfaces) == 1:
            return self._surface(facets)
        places = np.array([surface[0].corners.mean(0) for surface in surfaces])
        formula = combine([self._surface(surface) for surface in surfaces], places)
        if isinstance(formula, tuple):
            x, y, z = places[formula[1]]
            raise LevelsetError(
                f"The mesh is inconsistent near ({x:.6g}, {y:.6g}, {z:.6g}): parts of it "
                "intersect or have their faces turned inside out."
            )
        return formula

    def _surface(self, facets: list[Facet]) -> Formula:
        """F of facets that hang together: first all planes with facets on one side only."""
        wrappers: list[tuple[Operation, list[Formula]]] = []
        rest: Formula | None = None
        while facets:
            sides = self._sides(facets)
            peeled = self._peel(facets, sides)
            if peeled is None:
                rest = self._divide(facets, sides)
                break
            operation, planes, literals = peeled
            wrappers.append((operation, literals))
            facets = [facet for facet in facets if facet.plane not in planes]
            if facets and len(self._surfaces(facets)) > 1:
                rest = self.formula(facets)
                break
        for operation, literals in reversed(wrappers):
            rest = merge(operation, literals if rest is None else [*literals, rest])
        assert rest is not None
        return rest

    def _surfaces(self, facets: list[Facet]) -> list[list[Facet]]:
        """Facets by connection: they share a corner, or touch back to back on one plane."""
        count = np.array([len(facet.corners) for facet in facets])
        owner = np.repeat(np.arange(len(facets)), count)
        corners = np.concatenate([facet.corners for facet in facets])
        pairs = cKDTree(corners).query_pairs(self.same_corner, output_type="ndarray")
        planes = {facet.plane for facet in facets}
        links = [owner[pairs], *(self._back_to_back(facets, plane) for plane in planes)]
        label = connected_component_labels(np.concatenate(links), len(facets))
        return [[facets[k] for k in np.flatnonzero(label == n)] for n in range(label.max() + 1)]

    def _back_to_back(self, facets: list[Facet], plane: int) -> np.ndarray:
        """Pairs of facets, (n, 2), that touch on a plane and have their outsides on both sides."""
        sides: list[list[int]] = [[], []]
        for k, facet in enumerate(facets):
            if facet.plane == plane:
                sides[facet.front_outside].append(k)
        if not (sides[0] and sides[1]):
            return np.zeros((0, 2), dtype=np.int64)
        flat = np.delete(np.arange(3), np.abs(self.normals[plane]).argmax())
        shapes = [  # convex; a sliver may have collapsed to a line
            shapely.convex_hull([shapely.multipoints(facets[k].corners[:, flat]) for k in side])
            for side in sides
        ]
        near = self.same_corner
        pairs = shapely.STRtree(shapes[1]).query(shapes[0], predicate="dwithin", distance=near)
        return np.column_stack(
            [np.array(side)[row] for side, row in zip(sides, pairs, strict=True)]
        )

    def _sides(self, facets: list[Facet]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The planes of the facets (p,), and which facets reach behind and before each (f, p)."""
        planes = np.unique([facet.plane for facet in facets])
        count = [len(facet.corners) for facet in facets]
        starts = np.cumsum([0, *count[:-1]])
        corners = np.concatenate([facet.corners for facet in facets])
        h = corners @ self.normals[planes].T + self.offsets[planes]
        behind = np.minimum.reduceat(h, starts, axis=0) < -self.tolerance
        before = np.maximum.reduceat(h, starts, axis=0) > self.tolerance
        on = np.array([facet.plane for facet in facets])[:, None] == planes
        return planes, behind & ~on, before & ~on

    def _peel(
        self, facets: list[Facet], sides: tuple[np.ndarray, np.ndarray, np.ndarray]
    ) -> tuple[Operation, set[int], list[Formula]] | None:
        """Planes with facets on one side at most: max where the empty side is outside."""
        planes, behind, before = sides
        found: dict[Operation, list[tuple[int, Formula]]] = {"max": [], "min": []}
        for k in np.flatnonzero(~behind.any(0) | ~before.any(0)):
            plane = int(planes[k])
            outward = {facet.front_outside for facet in facets if facet.plane == plane}
            full = bool(before[:, k].any())  # else the front is empty: all outside or all inside
            outside = full not in outward
            literal = self.behind[plane] if outside == full else self.planes[plane]
            found["max" if outside else "min"].append((plane, literal))
        operation: Operation = "max" if len(found["max"]) >= len(found["min"]) else "min"
        if not (chosen := found[operation]):
            return None
        return operation, {plane for plane, _ in chosen}, [literal for _, literal in chosen]

    def _divide(
        self, facets: list[Facet], sides: tuple[np.ndarray, np.ndarray, np.ndarray]
    ) -> Formula:
        planes, behind, before = sides
        back, front = behind.sum(0), before.sum(0)
        cut = (behind & before).sum(0)
        k = int((np.maximum(back, front) + _PRICE_OF_CUT * cut).argmin())
        plane = int(planes[k])
        halves: tuple[list[Facet], list[Facet]] = ([], [])
        for facet, is_behind, is_before in zip(facets, behind[:, k], before[:, k], strict=True):
            if is_behind and is_before:
                for half, sign in zip(halves, (-1.0, 1.0), strict=True):
                    half.append(self._clip(facet, plane, sign))
            elif is_behind or is_before:
                halves[int(is_before)].append(facet)
        a, b = (self.formula(half) for half in halves)
        h, opposite = self.planes[plane], self.behind[plane]
        return merge(
            "min", [merge("max", [h, a]), merge("max", [opposite, b]), merge("max", [a, b])]
        )

    def _clip(self, facet: Facet, plane: int, sign: float) -> Facet:
        """The part of a facet on one side of a plane."""
        corners = facet.corners
        h = sign * (corners @ self.normals[plane] + self.offsets[plane])
        h[np.abs(h) <= self.tolerance] = 0.0
        kept: list[np.ndarray] = []
        for k in range(len(corners)):
            n = (k + 1) % len(corners)
            if h[k] >= 0:
                kept.append(corners[k])
            if h[k] * h[n] < 0:
                kept.append(corners[k] + (corners[n] - corners[k]) * (h[k] / (h[k] - h[n])))
        return Facet(np.array(kept), facet.plane, facet.front_outside)
