"""Where noisy points of curves are densest: a thin row of places along each curve.

Every point climbs to the ridge of a kernel density, across the main direction of the points around
it (subspace constrained mean shift, Ozertem and Erdogmus, *Locally defined principal curves and
surfaces*, 2011). Noise across the curve goes; outliers stay where they are few and are dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.random import numpy_generator

#: Points that climb, at most, neighbours of each, and steps.
CLIMBERS, NEIGHBOURS, STEPS = 1200, 48, 10
#: Points that are asked how many are around.
SOME = 200
#: A kernel reaches so many widths, and is at least as wide as the distance to this neighbour.
REACH, FEWEST = 3.0, 3
#: A place with less than this part of what is usual around a place belongs to no curve.
THIN = 0.03
#: So has one that is less clearly on a line than this part of the clearest of so many near it.
CLEAR, LOCAL = 0.3, 40
#: Nodes are so many widths apart.
APART = 0.6


class Ridge(NamedTuple):
    """Places along curves.

    Attributes:
        nodes: (k, d), about ``APART`` widths apart.
        tangents: of the curve there, (k, d), of length 1 and either sign.
        widths: of the kernel there, (k,).
        density: of the points along the curve there, in what is usual, (k,).
    """

    nodes: np.ndarray
    tangents: np.ndarray
    widths: np.ndarray
    density: np.ndarray


def find_ridge(points: np.ndarray, width: float) -> Ridge:
    """The ridge of the points' density.

    Args:
        points: (n, d).
        width: of the kernel, its standard deviation; wider where points are few.
    """
    rng = numpy_generator(0)
    tree = cKDTree(points)
    some = points[:: -(-len(points) // SOME)]
    around = tree.query_ball_point(some, REACH * width, return_length=True)
    share = min(1.0, NEIGHBOURS / max(float(np.quantile(around, 0.75)), 1.0))
    if share < 1:  # a wide kernel needs no more points than a narrow one
        points = points[rng.permutation(len(points))[: max(4, round(share * len(points)))]]
        tree = cKDTree(points)
    begun = points[rng.permutation(len(points))[:CLIMBERS]]
    far, _ = tree.query(begun, k=min(FEWEST + 1, len(points)))
    own = np.clip(far[:, -1], width, 4 * width)
    x = begun.copy()
    for _ in range(STEPS):
        mean, axes, _, _ = _around(tree, x, own)
        along = axes[:, :, -1]
        step = mean - x
        step -= (step * along).sum(1, keepdims=True) * along
        x = x + step
        if (step**2).sum(1).max() < (0.01 * width) ** 2:
            break
    _, axes, size, weight = _around(tree, x, own)
    weight = weight - np.exp(-0.5 * ((x - begun) ** 2).sum(1) / own**2)  # without itself
    density = weight / own
    clear = density * (1 - size[:, -2] / size[:, -1].clip(1e-300))
    near = cKDTree(x).query(x, k=min(LOCAL, len(x)), distance_upper_bound=REACH * width)[1]
    usual = np.append(clear, 0.0)[near].max(1)
    good = (density > THIN * np.median(density)) & (clear > CLEAR * usual)
    kept = _spread_out(x[good], clear[good], APART * own[good])
    rows = np.flatnonzero(good)[kept]
    return Ridge(x[rows], axes[rows, :, -1], own[rows], density[rows] / np.median(density))


def _around(
    tree: cKDTree, x: np.ndarray, width: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weighted mean, axes and size of the scatter, and weight of the points around places."""
    k = min(NEIGHBOURS, tree.n)
    distance, rows = tree.query(x, k=k, distance_upper_bound=REACH * float(width.max()))
    near = np.concatenate([tree.data, np.zeros((1, tree.m))])[rows]
    weights = np.exp(-0.5 * (distance / width[:, None]) ** 2)
    weights[distance > REACH * width[:, None]] = 0
    total = weights.sum(1)
    mean = np.einsum("mk,mkd->md", weights, near) / total.clip(1e-300)[:, None]
    off = near - mean[:, None]
    scatter = np.einsum("mk,mki,mkj->mij", weights, off, off)
    size, axes = np.linalg.eigh(scatter)
    lost = total < 1e-12
    mean[lost] = x[lost]
    return mean, axes, np.maximum(size, 0), total


def _spread_out(places: np.ndarray, rank: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Places at least ``apart`` from each other, those of highest rank first, as numbers."""
    tree = cKDTree(places)
    left = np.ones(len(places), dtype=bool)
    kept: list[int] = []
    near = tree.query_ball_point(places, apart)
    for k in np.argsort(-rank):
        if left[k]:
            kept.append(int(k))
            left[near[k]] = False
    return np.array(kept, dtype=int)
