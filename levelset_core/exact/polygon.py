"""Polygons, with holes, islands, several components, unbounded chains, as ReLU networks."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import shapely
from shapely.geometry import LinearRing, MultiPolygon, Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.chains import chain_formula, ring_formula
from levelset_core.exact.files.geometries import filled, from_geojson, rings_of
from levelset_core.exact.formula import Formula, Operation, combine, evaluate, merge
from levelset_core.exact.network import FORMS, ExactNetwork, build
from levelset_core.exact.rings import (
    REACH,
    Chain,
    CrossingError,
    crosses,
    polygon_of,
    read_ring,
    without_straight,
)
from levelset_core.exact.shallow import shallow_network
from levelset_core.exact.tolerance import last_place, tolerance_of
from levelset_core.settings import choose

T = TypeVar("T")

#: Construction takes about n^2 steps where n edges wind into a spiral.
MAX_EDGES = 5000


def exact_polygon(
    rings: Any, *, form: str = "deep", tolerance: float | None = None
) -> ExactNetwork:
    """The ReLU network whose zero level set is the boundary of a polygon (Theorem 1, d = 2).

    F is a formula of max and min with one literal per edge (see ``chains``); a hole makes
    max(F, -F_hole), one more part min(F, F_part).

    Args:
        rings: simple rings, each (n, 2), in any order and orientation. A ring inside another is
            a hole, one inside a hole an island, and so on; parts that touch along an edge are
            merged. A :class:`Chain` is unbounded, with the inside to its left. A single ring may
            be given by itself. Arrays, plain lists of pairs, and Shapely's polygons all serve.
        form: "deep"; "balanced": O(log n) hidden layers, many more weights; or "shallow": two
            hidden layers and about 150 n^2 weights, practical up to about 500 edges (see
            ``shallow``).
        tolerance: vertices this close to a straight line count as on it, relative to the shape's
            size; ``None`` follows the digits of the coordinates (see ``tolerance_of``). What was
            merged is in the result's ``merged``.

    Raises:
        LevelsetError: fewer than three vertices, a coordinate that is not finite, a ring that
            intersects itself, rings or chains that cross, two rings that are the same, more than
            ``MAX_EDGES`` edges, a network too large, or a chain in the form "shallow".
    """
    choose("form", form, FORMS)
    began = time.perf_counter()
    shape = read_shape(rings, tolerance)
    if form == "shallow" and shape.chains:
        raise LevelsetError(
            "Two hidden layers are built for closed rings, and this shape has a chain that goes on "
            "for ever: take the form deep or balanced."
        )
    network = shallow_network(shape.region) if form == "shallow" else None
    formula = region_formula(shape.region, shape.chains)
    return build(
        formula, 2, began,
        form=form, tolerance=shape.tolerance, merged=shape.merged, touching=shape.touching,
        rounded=shape.rounded, network=network,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Region:
    """What rings and chains say.

    Attributes:
        region: what the rings enclose by nesting.
        chains: the unbounded ones.
        tolerance: distance up to which vertices counted as straight, in their units.
        merged: how many did.
        touching: rings that touched themselves.
        rounded: the last place of the coordinates, where they have few digits; else 0.
    """

    region: MultiPolygon
    chains: list[Chain]
    tolerance: float
    merged: int
    touching: int = 0
    rounded: float = 0.0


def read_shape(rings: Any, tolerance: float | None = None) -> Region:
    """The valid region that rings enclose by nesting, and the chains.

    Raises:
        LevelsetError: as :func:`exact_polygon`.
    """
    items = _items(rings)
    chains = [item for item in items if isinstance(item, Chain)]
    closed = [
        read_ring(item, f"Ring {k}")
        for k, item in enumerate(items, 1)
        if not isinstance(item, Chain)
    ]
    if not items:
        raise LevelsetError("There is no ring: draw at least three vertices.")
    points = np.concatenate([*closed, *(chain.points for chain in chains)])
    distance = tolerance_of(points, tolerance)
    vertices, touching = sum(map(len, closed)), 0
    polygons, kept = [], 0
    for ring, polygon, touched in _valid(closed):
        touching += touched
        straight = without_straight(ring, distance)
        simple = Polygon(straight)
        if simple.is_valid and simple.area > 0:  # a thin part may have closed: leave it as it was
            polygon, ring = simple, straight
        polygons.append(polygon)
        kept += len(ring)
    edges = kept + sum(len(chain.points) - 1 for chain in chains)
    if edges > MAX_EDGES:
        raise LevelsetError(
            f"The shape has {edges} edges, more than the {MAX_EDGES} that exact networks take: "
            "simplify it, or give a larger tolerance."
        )
    merged = vertices - kept if not touching else 0
    region = _straight(_nest(polygons, distance), distance)
    return Region(region, chains, distance, merged, touching, last_place(points))


def _valid(rings: list[np.ndarray]) -> Iterator[tuple[np.ndarray, Polygon, bool]]:
    """Simple rings, their polygons, and whether it is the first of a ring that touches itself.

    Such a ring (a spike, a bridge of no width to a hole, two corners in one place) becomes the
    rings of what it fills.
    """
    for k, ring in enumerate(rings, 1):
        name = f"Ring {k}"
        if Polygon(ring).is_valid or crosses(ring) or not (parts := filled([ring])):
            yield ring, polygon_of(ring, name), False
            continue
        lines = [line for part in parts for line in (part.exterior, *part.interiors)]
        for n, line in enumerate(lines):
            own = shapely.get_coordinates(line)[:-1]
            yield own, polygon_of(own, name), n == 0


def _straight(region: MultiPolygon, distance: float) -> MultiPolygon:
    """Without the vertices that union left on straight lines."""

    def line(ring: LinearRing) -> np.ndarray:
        return without_straight(shapely.get_coordinates(ring)[:-1], distance)

    parts = []
    for part in region.geoms:
        simple = Polygon(line(part.exterior), [line(hole) for hole in part.interiors])
        parts.append(simple if simple.is_valid and simple.area > 0 else part)
    simple = MultiPolygon(parts)
    return simple if simple.is_valid else region


def _items(rings: Any) -> list[Any]:
    """Rings and chains one by one; those of geometries last, whose polygons are united."""
    if isinstance(rings, dict) or hasattr(rings, "__geo_interface__"):
        rings = [rings]
    if not isinstance(rings, Iterable):
        raise LevelsetError(f"Rings are lists of (x, y), got {type(rings).__name__}.")
    alone = getattr(rings, "ndim", 0) == 2
    items: list[Any] = []
    areas: list[shapely.Geometry] = []
    for item in [rings] if alone or _is_ring(rings) else list(rings):
        if isinstance(item, shapely.Geometry):
            areas.append(item)
        elif isinstance(item, dict) or hasattr(item, "__geo_interface__"):
            areas.append(_read(from_geojson, getattr(item, "__geo_interface__", item)))
        else:
            items.append(item)
    if areas:
        items += _read(rings_of, shapely.GeometryCollection(areas))[0]
    return items


def _read(reader: Callable[[Any], T], content: Any) -> T:
    try:
        return reader(content)
    except LevelsetError as error:
        raise LevelsetError(f"The geometry is no shape: {error}") from error


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


def _nest(polygons: list[Polygon], touch: float) -> MultiPolygon:
    """Even-odd by nesting: rings at even depth add, at odd depth subtract, outermost first.

    Rings closer than ``touch`` touch.
    """
    if len(polygons) < 2:
        return MultiPolygon(polygons)
    # Vertices that lie on another ring up to rounding become vertices of both, or no edge would
    # be shared.
    for j, k in itertools.combinations(range(len(polygons)), 2):
        if shapely.dwithin(polygons[j], polygons[k], touch):
            polygons[j] = shapely.snap(polygons[j], polygons[k], touch)
            polygons[k] = shapely.snap(polygons[k], polygons[j], touch)
    depth = [0] * len(polygons)
    for i, a in enumerate(polygons):
        for j, b in enumerate(polygons[:i]):
            _refuse_crossing(i, a, j, b, touch)
            if shapely.equals(a, b):
                raise LevelsetError(
                    f"Ring {j + 1} and ring {i + 1} are the same, so that they enclose nothing: "
                    "leave one out."
                )
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
        raise LevelsetError("The rings enclose nothing.")
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
