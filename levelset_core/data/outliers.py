"""Points that belong to no surface: alone in space, off the plane of their neighbours, in clumps.

Three signs, each measured against the point's own surroundings, so that thin parts and places where
a scan is thin stay: (1) its neighbours are far, and it lies among them as in a volume, not as on a
surface; (2) it is off the plane of its neighbours by more than they are; (3) its connected piece
has few points, and these fill a volume. The first two are asked again without what they dropped,
since outliers are one another's neighbours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

#: Rounds of the first two signs, at most; they end when less than ``FEW`` of the points go.
ROUNDS, FEW = 4, 0.001
#: Smallest eigenvalue of the neighbours' scatter over the sum: 0 in a plane, 1/3 in a volume.
#: Above the first a point may be among outliers; above the second it surely is where the points are
#: sparse, be it by ``SURELY`` of the ratio; above the third a clump is no surface.
BULKY, VOLUME, CLUMP = 0.05, 0.12, 0.06
SURELY = 0.6
#: A clump has at most this share of the points; a piece of fewer than ``SPECK`` says nothing.
LARGEST_CLUMP, SPECK = 0.02, 15
#: How far a point may be off its neighbours' plane anyway, in parts of their distance.
OFF = 0.4
#: Points whose neighbourhoods are in memory at a time.
CHUNK = 1 << 16


def remove_outliers(cloud: PointCloud, *, neighbours: int = 12, ratio: float = 3.0) -> PointCloud:
    """The cloud without outliers; ``outliers`` counts them.

    Args:
        cloud: points in the plane or in space.
        neighbours: that a point is compared with.
        ratio: how many times what is usual a point must be away: less drops more.

    Raises:
        LevelsetError: ``neighbours`` or ``ratio`` is not positive.
    """
    kept = inliers(cloud.points, neighbours=neighbours, ratio=ratio)
    return replace(cloud.select(kept), outliers=cloud.outliers + int((~kept).sum()))


def inliers(points: np.ndarray, *, neighbours: int = 12, ratio: float = 3.0) -> np.ndarray:
    """Which of the points (n, d) are no outliers, (n,) bool; see :func:`remove_outliers`."""
    if neighbours < 1 or ratio <= 0:
        raise LevelsetError(
            f"Outlier removal needs at least one neighbour and a positive ratio, got {neighbours} "
            f"and {ratio}."
        )
    kept = np.ones(len(points), dtype=bool)
    for _ in range(ROUNDS):
        rows = np.flatnonzero(kept)
        if len(rows) <= neighbours + 1:
            return kept
        lonely = _lonely(points[rows], neighbours, ratio)
        kept[rows[lonely]] = False
        if lonely.sum() < FEW * len(points):
            break
    rows = np.flatnonzero(kept)
    kept[rows[_in_clumps(points[rows], neighbours, ratio)]] = False
    return kept


def _lonely(points: np.ndarray, neighbours: int, ratio: float) -> np.ndarray:
    """Signs 1 and 2, (n,)."""
    distance, near = cKDTree(points).query(points, k=neighbours + 1)
    mean = distance[:, 1:].mean(1)
    spacing = np.median(mean)
    found = np.zeros(len(points), dtype=bool)
    for start in range(0, len(points), CHUNK):
        own = slice(start, start + CHUNK)
        others = near[own, 1:]
        usual = np.quantile(mean[near[own]], 0.25, axis=1)
        middle = points[others].mean(1)
        size, axes = _scatter(points[others])
        off = np.abs(((points[own] - middle) * axes[:, :, 0]).sum(1))
        thick = np.sqrt(size[:, 0] / max(neighbours - 3, 1))
        bulk, sparse = _bulk(_scatter(points[near[own]])[0]), mean[own] / (ratio * spacing)
        alone = (sparse > 1) & (bulk > BULKY) | (sparse > SURELY) & (bulk > VOLUME)
        alone |= mean[own] > ratio * usual
        found[own] = alone | (off > ratio * np.maximum(thick, OFF * usual))
    return found


def _scatter(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and axes of the scatter of groups of points (m, k, d)."""
    offset = groups - groups.mean(1, keepdims=True)
    size, axes = np.linalg.eigh(np.einsum("mki,mkj->mij", offset, offset))
    return np.maximum(size, 0.0), axes


def _bulk(size: np.ndarray) -> np.ndarray:
    total = size.sum(1)
    return np.asarray(np.divide(size[:, 0], total, out=np.zeros_like(total), where=total > 0))


def _in_clumps(points: np.ndarray, neighbours: int, ratio: float) -> np.ndarray:
    """Sign 3, (n,)."""
    k = min(8, len(points) - 1)
    distance, near = cKDTree(points).query(points, k=k + 1)
    mean = distance[:, 1:].mean(1)
    first, second, far = np.repeat(np.arange(len(points)), k), near[:, 1:].ravel(), distance[:, 1:]
    joined = far.ravel() < np.maximum(
        ratio * np.median(mean), 1.5 * np.minimum(mean[first], mean[second])
    )
    pairs = first[joined], second[joined]
    graph = coo_matrix((np.ones(len(pairs[0]), dtype=bool), pairs), shape=(len(points),) * 2)
    _, piece = connected_components(graph, directed=False)
    counts = np.bincount(piece)
    dropped = np.zeros(len(counts), dtype=bool)
    for number in np.flatnonzero(counts < LARGEST_CLUMP * len(points)):
        if counts[number] < SPECK:
            dropped[number] = True
            continue
        own = points[piece == number]
        _, others = cKDTree(own).query(own, k=min(neighbours, len(own) - 1) + 1)
        dropped[number] = np.median(_bulk(_scatter(own[others])[0])) > CLUMP
    found: np.ndarray = dropped[piece]
    return found
