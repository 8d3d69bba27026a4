"""Which ends of smooth curves go on into each other, across a gap of the data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from levelset_core.geometry.meshes import Polyline, even_points, unit

#: A join is at most this part of what it joins.
LONGEST = 0.5
#: Both ends go on with their curvature to the middle of the gap: there they miss each other by at
#: most this part of its length, and by this angle (degrees). Where points drawn at random leave
#: such gaps, so many times as much is allowed.
MISS, ANGLE, FREE = 0.3, 50.0, 2.5
#: Curvature is taken over half the gap, within these parts of the curve.
PARTS = (0.06, 0.3)
#: Two stretches converge if they are this much further apart so many gaps before it;
#: then the ends may be so many times the gaps of random points apart, and misfit by so much.
BEFORE, OPENED, SHARP, TIP = 4.0, 1.4, 1.7, 0.6
#: An end is cut back by so many gaps, by this part of its curve at most; what that counts.
CUTS, MOST_CUT, CUTTING = (0.0, 0.7, 1.5), 0.15, 0.12
#: Points of a line that ends are measured on.
SAMPLES = 400
#: Points of what a line is extended by.
MORE = 20


class End:
    """One end of a curve, and how it would go on.

    Args:
        line: the curve, its points at even distances.
        last: its last point, else its first.
        removed: points that are cut off there.
    """

    def __init__(self, line: Polyline, *, last: bool, removed: int = 0) -> None:
        self.line, self.last, self.removed = line, last, removed
        points = line.points if last else line.points[::-1]
        self.points = points[: len(points) - removed]
        self.tip = self.points[-1]
        self.length = line.length
        self.step = self.length / (len(points) - 1)
        self._arcs: dict[int, tuple[np.ndarray, np.ndarray, float]] = {}
        self._cuts: dict[float, End] = {0.0: self}

    def cut(self, length: float) -> End | None:
        """The end without its last stretch; None if too much of the curve would go."""
        removed = round(length / self.step)
        if removed > MOST_CUT * len(self.points):
            return None
        if length not in self._cuts:
            self._cuts[length] = End(self.line, last=self.last, removed=removed)
        return self._cuts[length]

    def back(self, distance: float) -> np.ndarray:
        """The place so far before the tip."""
        return np.asarray(self.points[-1 - min(round(distance / self.step), len(self.points) - 1)])

    @cached_property
    def outward(self) -> np.ndarray:
        """The direction in which the curve ends."""
        return self.ahead(0.0)[1]

    def ahead(self, distance: float) -> tuple[np.ndarray, np.ndarray]:
        """Place and direction after ``distance`` on the circle that fits the last stretch."""
        low, high = PARTS
        window = float(np.clip(distance / self.length, low, high))
        t, bend, curvature = self._arc(round(window * len(self.points)))
        angle = curvature * distance
        if angle < 1e-6:
            return self.tip + distance * t, t
        place = self.tip + (np.sin(angle) * t + (1 - np.cos(angle)) * bend) / curvature
        return place, np.cos(angle) * t + np.sin(angle) * bend

    def _arc(self, count: int) -> tuple[np.ndarray, np.ndarray, float]:
        """Direction, normal and curvature at the tip, of the last ``count`` points."""
        count = max(count, 4)
        if count not in self._arcs:
            near = self.points[-count:]
            s = self.step * np.arange(1 - len(near), 1)
            basis = np.stack([np.ones_like(s), s, s**2 / 2], axis=1)
            _, direction, bend = np.linalg.lstsq(basis, near, rcond=None)[0]
            t = unit(direction[None])[0]
            bend = bend - (bend @ t) * t
            curvature = float(np.linalg.norm(bend))
            self._arcs[count] = t, bend / max(curvature, 1e-300), curvature
        return self._arcs[count]


class Join(NamedTuple):
    """Two ends that go on into each other; below 1 they do, the lower the better."""

    misfit: float
    first: End | None = None
    second: End | None = None


def misfit(a: End, b: End, near: float, gap: float) -> float:
    """How badly two ends go on into each other; below 1 they do.

    Args:
        a, b: of the same line or of two.
        near: the noise: ends so near to each other are one place.
        gap: points drawn at random leave gaps so long: ends so near need not be smooth.
    """
    chord = float(np.linalg.norm(a.tip - b.tip))
    whole = a.length + (0 if a.line is b.line else b.length)
    if chord <= near:
        return 0.1 * chord / near
    if chord > LONGEST * whole:
        return np.inf
    length = chord
    for _ in range(2):  # an arc is longer than its chord
        (p, u), (q, v) = a.ahead(length / 2), b.ahead(length / 2)
        turn = _angle(u, a.outward) + _angle(v, b.outward)
        length = chord * max(1.0, turn / 2 / max(float(np.sin(min(turn, np.pi) / 2)), 1e-9))
    if length > LONGEST * whole:
        return np.inf
    off = float(np.linalg.norm(p - q)) / (MISS * length + near)
    bad = max(off, float(np.degrees(_angle(u, -v))) / ANGLE)
    if chord <= gap:
        bad /= FREE
    if chord <= SHARP * gap:
        apart = float(np.linalg.norm(a.back(BEFORE * chord) - b.back(BEFORE * chord)))
        bad = min(bad, TIP if apart > OPENED * chord else np.inf)
    return bad


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.arccos(np.clip(a @ b, -1, 1)))


def joined(lines: Sequence[Polyline], ends: str, near: float, gap: float) -> list[Polyline]:
    """The lines, those in one whose ends go on into each other; the best join comes first.

    An end may be cut back for it: noise leads it astray, or to the tip that another one took.

    Args:
        lines: smooth.
        ends: "auto": a line's own two ends count as any; "open": none closes; "closed": all do.
        near, gap: see :func:`misfit`.
    """
    found = [x if x.closed else Polyline(even_points(x.points, SAMPLES)[0], False) for x in lines]
    while True:
        tips = [End(x, last=last) for x in found if not x.closed for last in (False, True)]
        pairs = itertools.combinations(tips, 2)
        tried = [_best(a, b, near, gap) for a, b in pairs if a.line is not b.line or ends == "auto"]
        best = min(tried, key=lambda join: join.misfit, default=Join(1.0))
        if best.misfit >= 1 or best.first is None or best.second is None:
            return [Polyline(x.points, x.closed or ends == "closed") for x in found]
        a, b = best.first, best.second
        found = [line for line in found if line is not a.line and line is not b.line]
        if a.line is b.line:  # a is its first end
            kept = a.line.points[a.removed : len(a.line.points) - b.removed]
            found.append(Polyline(kept, True))
        else:
            both = np.concatenate([a.points, b.points[::-1]])
            found.append(Polyline(even_points(both, SAMPLES)[0], False))


def _best(a: End, b: End, near: float, gap: float) -> Join:
    """The best way to join two ends."""
    found = Join(misfit(a, b, near, gap), a, b)
    if np.linalg.norm(a.tip - b.tip) > (2 * CUTS[-1] + 1) * gap:
        return found
    for first, second in itertools.product(CUTS, CUTS):
        one, other = a.cut(first * gap), b.cut(second * gap)
        if one is not None and other is not None and first + second:
            bad = misfit(one, other, near, gap) + CUTTING * (first + second)
            found = min(found, Join(bad, one, other), key=lambda join: join.misfit)
    return found


def extended(line: Polyline, length: float) -> Polyline:
    """An open line that goes on at both ends, by ``length`` each."""
    if line.closed:
        return line
    line = Polyline(even_points(line.points, SAMPLES)[0], False)
    s = length * np.arange(1, MORE + 1) / MORE
    before, after = (
        np.array([End(line, last=last).ahead(x)[0] for x in s]) for last in (False, True)
    )
    return Polyline(np.concatenate([before[::-1], line.points, after]), False)
