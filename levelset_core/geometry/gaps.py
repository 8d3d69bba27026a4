"""Where a curve passes without data: stretches of it onto which no point of the cloud projects."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

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


def gaps(line: Polyline, points: np.ndarray, spacings: float = SPACINGS) -> list[Gap]:
    """The stretches of ``line`` onto which no point of a cloud projects, longest first.

    Every point of the cloud is taken to the nearest vertex of the curve. Where two that follow
    each other are further apart than ``spacings`` times the median distance, data is missing.
    """
    steps = np.linalg.norm(np.diff(line.points, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
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
