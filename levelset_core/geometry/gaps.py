"""Where a curve passes without data: stretches of it that are far from every point of the cloud."""

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
    # The cloud may hold many points a vertex: no gap is shorter than a few points of it either.
    usual = max(float(np.median(lengths)), line.length / max(len(points), 1))
    found = [
        Gap(line.points[a], line.points[b], float(length))
        for (a, b), length in zip(pairs, lengths, strict=True)
        if length > spacings * usual
    ]
    return sorted(found, key=lambda gap: -gap.length)
