"""How noisy a cloud is, by what its neighbourhoods tell."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.random import numpy_generator

#: Neighbourhoods that are looked at, and points in each.
LOOKED_AT, NEIGHBOURS = 2000, 12


def noise_level(points: np.ndarray) -> float:
    """Standard deviation of points around the surface they were measured on.

    Each of some neighbourhoods is fitted with a plane: sqrt(smallest eigenvalue of its scatter /
    (k - 3)) is the points' deviation from it. The median over the neighbourhoods is the answer;
    where the surface is curved at the scale of a neighbourhood, curvature counts as noise; noise
    beyond the distance between neighbours is taken for less than it is.

    Args:
        points: (n, 3); with fewer than 12 points the answer is 0, as nothing can be told.
    """
    if len(points) < NEIGHBOURS:
        return 0.0
    rows = numpy_generator(0).permutation(len(points))[:LOOKED_AT]
    _, near = cKDTree(points).query(points[rows], k=NEIGHBOURS)
    offset = points[near] - points[near].mean(1, keepdims=True)  # (m, k, 3)
    scatter = np.einsum("mki,mkj->mij", offset, offset) / (NEIGHBOURS - 3)
    smallest = np.linalg.eigvalsh(scatter)[:, 0]
    return float(np.sqrt(max(np.median(smallest), 0.0)))
