"""Polygons, with holes, islands, several components, unbounded chains, as ReLU networks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LinearRing, MultiPolygon, Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.chains import chain_formula, ring_formula
from levelset_core.exact.formula import Formula, Operation, combine, evaluate, merge
from levelset_core.exact.network import ExactNetwork, build
from levelset_core.exact.rings import (
    REACH,
    Chain,
    CrossingError,
    polygon_of,
    read_ring,
    without_straight,
)

#: Construction takes about n^2 steps where n edges wind into a spiral.
MAX_EDGES = 5000
#: Rings closer than this, relative to their size, touch.
TOUCH = 1e-12


def exact_polygon(rings: Sequence[Any] | npt.NDArray[Any]) -> ExactNetwork:
    """The ReLU network whose zero level set is the boundary of a polygon (Theorem 1, d = 2).

    F is a formula of max and min with one literal per edge (see ``chains``); a hole makes
    max(F, -F_hole), one more part min(F, F_part).

    Args:
        rings: simple rings, each (n, 2), in any order and orientation. A ring inside another is
            a hole, one inside a hole an island, and so on; parts that touch along an edge are
            merged. A :class:`Chain` is unbounded, with the inside to its left. A single ring may
            be given by itself. Arrays and plain lists of pairs both serve.

    Raises:
        LevelsetError: fewer than three vertices, a coordinate that is not finite, a ring that
            intersects itself, rings or chains that cross, more than ``MAX_EDGES`` edges.
    """
    began = time.perf_counter()
    region, chains = read_shape(rings)
    return build(region_formula(region, chains), 2, began)


def read_shape(rings: Sequence[Any] | npt.NDArray[Any]) -> tuple[MultiPolygon, list[Chain]]:
    """The valid region that rings enclose by nesting, and the chains.

    Raises:
        LevelsetError: as :func:`exact_polygon`.
    """
    if not isinstance(rings, Iterable):
        raise LevelsetError(f"Rings are lists of (x, y), got {type(rings).__name__}.")
    alone = isinstance(rings, np.ndarray) and rings.ndim == 2
    items = [rings] if alone or _is_ring(rings) else list(rings)
    chains = [item for item in items if isinstance(item, Chain)]
    closed = [
        read_ring(item, f"Ring {k}")
        for k, item in enumerate(items, 1)
        if not isinstance(item, Chain)
    ]
    if not items:
        raise LevelsetError("There is no ring: draw at least three vertices.")
    edges = sum(map(len, closed)) + sum(len(chain.points) - 1 for chain in chains)
    if edges > MAX_EDGES:
        raise LevelsetError(
            f"The shape has {edges} edges, more than the {MAX_EDGES} that exact networks take: "
            "simplify it."
        )
    return _nest([polygon_of(ring, f"Ring {k}") for k, ring in enumerate(closed, 1)]), chains


def _is_ring(rings: Iterable[Any]) -> bool:
    """Whether these are pairs of numbers: one ring, by itself, as a list."""
    return (
        isinstance(rings, (list, tuple))
        and bool(rings)
        and all(
            isinstance(pair, (list, tuple, np.ndarray))
            and len(pair) == 2
            and all(isinstance(number, (int, float, np.number)) for number in pair)
            for pair in rings
        )
    )


def _nest(polygons: list[Polygon]) -> MultiPolygon:
    """Even-odd by nesting: rings at even depth add, at odd depth subtract, outermost first."""
    if len(polygons) < 2:
        return MultiPolygon(polygons)
    size = max(np.ptp(shapely.bounds(polygons)[:, ::2]), np.ptp(shapely.bounds(polygons)[:, 1::2]))
    # Vertices that lie on another ring up to rounding become vertices of both, or no edge would
    # be shared.
    for j, k in itertools.combinations(range(len(polygons)), 2):
        if shapely.dwithin(polygons[j], polygons[k], TOUCH * size):
            polygons[j] = shapely.snap(polygons[j], polygons[k], TOUCH * size)
            polygons[k] = shapely.snap(polygons[k], polygons[j], TOUCH * size)
    depth = [0] * len(polygons)
    for i, a in enumerate(polygons):
        for j, b in enumerate(polygons[:i]):
            _refuse_crossing(i, a, j, b, TOUCH * size)
            if shapely.covers(b, a):
                depth[i] += 1
            elif shapely.covers(a, b):
                depth[j] += 1
    region: shapely.Geometry = MultiPolygon()
    for k in np.argsort(depth, kind="stable"):
        add = depth[k] % 2 == 0
        region = shapely.union(region, polygons[k]) if add else region.difference(polygons[k])
    parts = [p for p in shapely.get_parts(region) if isinstance(p, Polygon) and p.area > 0]
    if not parts:
        raise LevelsetError("The rings enclose nothing: two of them are the same.")
    return MultiPolygon(parts)


def _refuse_crossing(i: int, a: Polygon, j: int, b: Polygon, tolerance: float) -> None:
    if not shapely.overlaps(a, b):
        return
    if a.intersection(b).area <= tolerance * min(a.length, b.length):
        return  # they only touch
    common = shapely.get_coordinates(shapely.intersection(a.exterior, b.exterior))
    x, y = common[0] if len(common) else a.exterior.coords[0]
    raise CrossingError(
        f"Ring {j + 1} and ring {i + 1} cross near ({x:.6g}, {y:.6g}): "
        "merge them or move them apart.",
        (float(x), float(y)),
    )


def region_formula(region: MultiPolygon, chains: list[Chain]) -> Formula:
    """F < 0 inside: of a bounded region, which has holes in or islands beside what chains bound.

    Raises:
        LevelsetError: chains or rings meet, or two chains that face each other disagree about
            which side is inside.
    """
    if not chains:
        return merge("min", [_part(part) for part in region.geoms])
    _refuse_meeting(chains, region)
    inside = _unbounded(chains)
    holes, islands = [], []
    for part in region.geoms:
        corner = np.array(part.exterior.coords[:1])
        if evaluate(inside, corner)[0] < 0:
            holes.append(_part(part, outside=True))
        else:
            islands.append(_part(part))
    return merge("min", [merge("max", [inside, *holes]), *islands])


def _part(part: Polygon, outside: bool = False) -> Formula:
    """max(F_outer, F_outside_of_hole, ...), or the same of all that is outside.

    A ring that runs clockwise has its outside to the left, so no formula is ever negated.
    """
    rings = [np.array(ring.coords)[:-1] for ring in (part.exterior, *part.interiors)]
    operation: Operation = "min" if outside else "max"
    formulas = []
    for k, ring in enumerate(rings):
        ring = without_straight(ring)
        counterclockwise = LinearRing(ring).is_ccw
        wanted = (k == 0) != outside
        formulas.append(ring_formula(ring if counterclockwise == wanted else ring[::-1]))
    return merge(operation, formulas)


def _unbounded(chains: list[Chain]) -> Formula:
    formulas = [chain_formula(chain.points) for chain in chains]
    formula = combine(formulas, np.array([chain.points[:2].mean(0) for chain in chains]))
    if isinstance(formula, tuple):
        i, j = formula
        raise LevelsetError(
            f"Chains {i + 1} and {j + 1} disagree about the side between them: the inside lies to "
            "the left of both or of neither, so reverse one of them."
        )
    return formula


def _refuse_meeting(chains: list[Chain], region: MultiPolygon) -> None:
    everything = np.concatenate(
        [chain.points for chain in chains] + [np.array(p.exterior.coords) for p in region.geoms]
    )
    reach = REACH * max(float(np.ptp(everything, axis=0).max()), 1.0)
    lines = [chain.line(reach) for chain in chains]
    for i, line in enumerate(lines):
        others: list[tuple[str, str, shapely.Geometry]] = [
            (f"Chains {j + 1} and {i + 1} meet", "one", other) for j, other in enumerate(lines[:i])
        ]
        others.append((f"Chain {i + 1} meets a ring", "one chain", region.boundary))
        for what, into, other in others:
            if line.intersects(other):
                x, y = line.intersection(other).representative_point().coords[0]
                raise LevelsetError(
                    f"{what} near ({x:.6g}, {y:.6g}): join them into {into} or move them apart."
                )
