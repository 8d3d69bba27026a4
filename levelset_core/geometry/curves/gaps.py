"""Where a curve passes without data: stretches of it onto which no point of the cloud projects."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.geometry.meshes import Polyline

#: A stretch is a gap if it is longer than this many spacings of the cloud along the curve.
SPACINGS = 6.0


@dataclass(frozen=True, eq=False)
class Gap:
    """A stretch of a curve between two points of the cloud that are neighbours along it.

    Attributes:
        start, end: where it begins and ends, (d,).
        length: of the curve in between.
    """

    start: np.ndarray
    end: np.ndarray
    length: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"length": self.length, "start": self.start.tolist(), "end": self.end.tolist()}


def gaps(line: Polyline, points: np.ndarray, spacings: float = SPACINGS) -> list[Gap]:
    """The stretches of ``line`` onto which no point of a cloud projects, longest first.

    Every point of the cloud is taken to the nearest vertex of the curve. Where two that follow
    each other are further apart than ``spacings`` times the median distance, data is missing.
    """
    steps = np.linalg.norm(np.diff(line.points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if not len(points):
        return []
    _, nearest = cKDTree(line.points).query(points)
    taken = np.unique(nearest)
    if len(taken) < 2:
        return []
    lengths = np.diff(along[taken])
    pairs = list(itertools.pairwise(taken))
    if line.closed:
        lengths = np.append(lengths, line.length - along[taken[-1]] + along[taken[0]])
        pairs.append((taken[-1], taken[0]))
    found = []
    for k in wide_steps(lengths, line.length, len(points), spacings):
        a, b = pairs[k]
        found.append(Gap(line.points[a], line.points[b], float(lengths[k])))
    return sorted(found, key=lambda gap: -gap.length)


def curve_report(lines: Iterable[Polyline], points: np.ndarray) -> dict[str, Any]:
    """What there is to say of traced curves and the cloud they were traced for, plain values.

    Returns:
        "pieces", "closed" (how many are), "vertices", "length"; "gaps": stretches closed without
        data, the longest first, each with "length", "start", "end"; "ends": where open pieces end.
    """
    lines = list(lines)
    vertices = np.concatenate([np.zeros((0, points.shape[1])), *(line.points for line in lines)])
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    if len(vertices):
        owner = owner[cKDTree(vertices).query(points)[1]]
    found = [gap for k, line in enumerate(lines) for gap in gaps(line, points[owner == k])]
    open_lines = [line.points for line in lines if not line.closed]
    return {
        "pieces": len(lines),
        "closed": sum(line.closed for line in lines),
        "vertices": len(vertices),
        "length": sum(line.length for line in lines),
        "gaps": [gap.as_dict() for gap in sorted(found, key=lambda gap: -gap.length)],
        "ends": [end.tolist() for line in open_lines for end in (line[0], line[-1])],
    }


def wide_steps(
    steps: np.ndarray, length: float, count: int, spacings: float = SPACINGS
) -> np.ndarray:
    """Which of the steps between neighbours along a curve are gaps, as numbers.

    Args:
        steps: their lengths, (k,).
        length: of the curve.
        count: of the points. A cloud may hold many a vertex: no gap is shorter than a few points.
        spacings: see :func:`gaps`.
    """
    usual = max(float(np.median(steps)), length / max(count, 1))
    return np.nonzero(steps > spacings * usual)[0]


def kept_parts(line: Polyline, kept: np.ndarray) -> list[Polyline]:
    """The stretches of a polyline whose vertices are all kept, (n,) bool, in order."""
    if kept.all():
        return [line]
    points = line.points
    if line.closed:  # begin where something is cut
        first = int(np.argmin(kept))
        points, kept = np.roll(points, -first, axis=0), np.roll(kept, -first)
    edges = np.diff(np.concatenate([[0], kept.astype(int), [0]]))
    spans = zip(np.nonzero(edges == 1)[0], np.nonzero(edges == -1)[0], strict=True)
    return [Polyline(points[a:b], closed=False) for a, b in spans if b - a > 1]


def without_short_runs(line: Polyline, kept: np.ndarray, short: float) -> np.ndarray:
    """The mask ``kept`` of a polyline's vertices, (n,) bool, its runs below a length turned over.

    The shortest goes first; a line that is one run stays as it is.
    """
    kept, steps = kept.copy(), np.linalg.norm(np.diff(line.whole, axis=0), axis=1)
    steps = np.append(steps, 0.0)[: len(kept)]
    while True:
        begins = np.flatnonzero(kept != np.roll(kept, 1)) if line.closed else np.concatenate(
            [[0], np.flatnonzero(kept[1:] != kept[:-1]) + 1]
        )  # fmt: skip
        if len(begins) < 2:
            return kept
        runs = [
            np.arange(a, b if b > a else b + len(kept)) % len(kept)
            for a, b in zip(begins, np.append(begins[1:], begins[0] or len(kept)), strict=True)
        ]
        lengths = [float(steps[run].sum()) for run in runs]
        least = int(np.argmin(lengths))
        if lengths[least] >= short:
            return kept
        kept[runs[least]] = ~kept[runs[least]]
