"""Reads rings and chains of vertices, and says what is wrong with them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString, Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.tolerance import tolerance_of

#: How far half-lines are followed in search of a crossing, relative to the size.
REACH = 1e6


class CrossingError(LevelsetError):
    """Lines of a shape meet where they must not.

    Attributes:
        place: where, (x, y).
    """

    def __init__(self, message: str, place: tuple[float, float]) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, eq=False)
class Chain:
    """An unbounded chain of edges: the first and the last go on for ever as half-lines.

    The inside lies to the left. Two points make a half-plane, three a wedge.

    Attributes:
        points: (n, 2); the half-lines start at points 1 and n - 2 and run through 0 and n - 1.

    Raises:
        LevelsetError: fewer than two points, a coordinate that is not finite, points that repeat,
            a chain that crosses itself.
    """

    points: np.ndarray

    def __post_init__(self) -> None:
        points = _coordinates(self.points, "The chain", 2)
        points = without_straight(points, tolerance_of(points), closed=False)
        object.__setattr__(self, "points", points)
        reach = REACH * max(float(np.ptp(points, axis=0).max()), 1.0)
        if not self.line(reach).is_simple:
            raise LevelsetError(
                f"The chain that starts at ({points[0][0]:.6g}, {points[0][1]:.6g}) crosses "
                "itself, with its ends prolonged to half-lines: move its ends apart."
            )

    def line(self, reach: float) -> LineString:
        """The chain with its half-lines cut off at length ``reach``."""
        p = self.points
        ends = []
        for at, before in ((0, 1), (-1, -2)):
            along = p[at] - p[before]
            ends.append(p[at] + reach * along / np.hypot(*along))
        return LineString([ends[0], *p[1:-1], ends[1]])


def read_ring(points: npt.ArrayLike, name: str) -> np.ndarray:
    """A ring as (n, 2) without its closing vertex, repeated ones and straight ones.

    Raises:
        LevelsetError: fewer than three vertices, or a coordinate that is not finite.
    """
    ring = _coordinates(points, name, 3)
    if len(ring) > 1 and (ring[0] == ring[-1]).all():
        ring = ring[:-1]
    if len(ring) < 3:
        raise LevelsetError(f"{name} has {len(ring)} vertices: a ring needs at least 3.")
    return ring


def polygon_of(ring: np.ndarray, name: str) -> Polygon:
    """The polygon inside a ring.

    Raises:
        LevelsetError: the ring encloses nothing.
        CrossingError: it intersects itself.
    """
    polygon = Polygon(ring)
    if polygon.is_valid and polygon.area > 0:
        return polygon
    crossing = _crossing(ring)
    if crossing is None:
        raise LevelsetError(f"{name} encloses no area: its vertices lie on one line, or nearly.")
    k, j, x, y = crossing
    raise CrossingError(
        f"{name} intersects itself at ({x:.6g}, {y:.6g}), where edges {k} and {j} cross: move a "
        "vertex so that no edges meet.",
        (x, y),
    )


def crosses(ring: np.ndarray) -> bool:
    """Whether two edges of a ring cross between their ends."""
    return _crossing(ring) is not None


def _crossing(ring: np.ndarray) -> tuple[int, int, float, float] | None:
    """Two edges, counted from 1, that cross between their ends, and the place."""
    edges = shapely.linestrings(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1))
    pairs = shapely.STRtree(edges).query(edges, predicate="crosses").T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    if not len(pairs):
        return None
    k, j = min(pairs.tolist())
    x, y = shapely.get_coordinates(shapely.intersection(edges[k], edges[j]))[0]
    return k + 1, j + 1, float(x), float(y)


def without_straight(points: np.ndarray, tolerance: float, closed: bool = True) -> np.ndarray:
    """The vertices at which the line really turns: all others lie within ``tolerance`` of it.

    Douglas and Peucker's rule, so that a slow curve of many vertices does not wear away.
    """
    if closed:  # begin where it surely turns
        start = int(((points - points.mean(0)) ** 2).sum(1).argmax())
        points = np.roll(points, -start, axis=0)
        points = np.concatenate([points, points[:1]])
    simple = shapely.simplify(LineString(points), tolerance, preserve_topology=False)
    line = _without_middles(points, shapely.get_coordinates(simple), tolerance)
    if not closed:
        return line
    return line[:-1] if len(line) > 3 else points[:-1]


def _without_middles(points: np.ndarray, line: np.ndarray, tolerance: float) -> np.ndarray:
    """Without what that rule keeps of an edge parallel to the chord: any vertex of it is farthest.

    Args:
        points: the whole line, (n, 2).
        line: what is left of it, (m, 2).
        tolerance: how far from a line vertices may lie.
    """
    along = line[2:] - line[:-2]
    beside = line[1:-1] - line[:-2]
    off = np.abs(along[:, 0] * beside[:, 1] - along[:, 1] * beside[:, 0])
    if (off > tolerance * np.hypot(*along.T)).all():
        return line
    place = [0]  # of its vertices in the whole line
    for vertex in line[1:]:
        place.append(place[-1] + 1 + int((points[place[-1] + 1 :] == vertex).all(1).argmax()))
    kept = place[:1]
    for middle, end in itertools.pairwise(place[1:]):
        chord = shapely.linestrings(points[[kept[-1], end]])
        between = shapely.points(points[kept[-1] + 1 : end])
        if shapely.distance(chord, between).max() > tolerance:
            kept.append(middle)
    return points[[*kept, place[-1]]]


def _coordinates(points: npt.ArrayLike, name: str, least: int) -> np.ndarray:
    try:
        array = np.asarray(points)  # a tensor has no copy of its own
        if np.iscomplexobj(array):
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise LevelsetError(f"{name} must be a list of (x, y) pairs of numbers.") from error
    if array.ndim != 2 or array.shape[1] != 2:
        raise LevelsetError(f"{name} must have shape (n, 2), got {array.shape}.")
    bad = np.flatnonzero(~np.isfinite(array).all(1))
    if len(bad):
        raise LevelsetError(f"{name} has a coordinate that is not finite at vertex {bad[0] + 1}.")
    repeated = np.concatenate([[True], (np.diff(array, axis=0) != 0).any(1)])
    array = array[repeated]
    if len(array) < least:
        raise LevelsetError(
            f"{name} has {len(array)} distinct vertices: at least {least} are needed."
        )
    kept: np.ndarray = array
    return kept
