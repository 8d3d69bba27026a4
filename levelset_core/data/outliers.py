"""Points that belong to no surface: alone in space, off the plane of their neighbours, in clumps.

Three signs, each measured against the point's own surroundings, so that thin parts and places where
a scan is thin stay: (1) its neighbours are far, and it lies among them as in a volume, not as on a
surface, and so do they: else it is on an edge of a sparse part; (2) it is off the plane of its
neighbours by more than they are; (3) its connected piece has few points, and these fill a volume.
The first two are asked again without what they dropped, since outliers are one another's
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
#: sparse, be it by ``SURELY`` of the ratio; above the third a clump is no surface. Below the last,
#: in the median of its neighbours, these are one, and it may be on an edge of theirs.
BULKY, VOLUME, CLUMP, COMPANY = 0.05, 0.12, 0.06, 0.08
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
    if len(points) <= neighbours + 1:
        return kept
    found = _Neighbours.of(points, neighbours)
    for _ in range(ROUNDS):
        lonely = _lonely(found, ratio)
        kept[kept] = ~lonely
        if kept.sum() <= neighbours + 1:
            return kept
        found = found.without(lonely)
        if lonely.sum() < FEW * len(points):
            break
    kept[kept] = ~_in_clumps(found, ratio)
    return kept


@dataclass(frozen=True, eq=False)
class _Neighbours:
    """Points (n, d), and of each itself and its nearest: distances and rows, (n, k + 1)."""

    points: np.ndarray
    distance: np.ndarray
    near: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray, count: int) -> _Neighbours:
        return cls(points, *cKDTree(points).query(points, k=count + 1))

    def without(self, dropped: np.ndarray) -> _Neighbours:
        """Without some of the points; only those that had one of them near are searched again."""
        if not dropped.any():
            return self
        kept = ~dropped
        points, distance, near = self.points[kept], self.distance[kept], self.near[kept]
        again = dropped[near].any(1)
        near = (np.cumsum(kept) - 1)[near]
        distance[again], near[again] = cKDTree(points).query(points[again], k=near.shape[1])
        return _Neighbours(points, distance, near)


def _lonely(cloud: _Neighbours, ratio: float) -> np.ndarray:
    """Signs 1 and 2, (n,). Scatters are looked at only where one of them may be."""
    points, near, neighbours = cloud.points, cloud.near, cloud.near.shape[1] - 1
    mean = cloud.distance[:, 1:].mean(1)
    sparse = mean / (ratio * np.median(mean))
    usual, reach = np.empty_like(mean), np.empty_like(mean)
    for start in range(0, len(points), CHUNK):
        part = slice(start, start + CHUNK)
        usual[part] = np.partition(mean[near[part]], neighbours // 4, axis=1)[:, neighbours // 4]
        reach[part] = np.linalg.norm(points[part] - points[near[part, 1:]].mean(1), axis=1)
    alone = mean > ratio * usual
    found = np.zeros(len(points), dtype=bool)
    doubtful = np.flatnonzero(alone | (sparse > SURELY))
    bulk, asked = np.zeros(len(points)), np.zeros(len(points), dtype=bool)
    asked[near[doubtful]] = True  # of their neighbours too
    for own in _parts(asked):
        bulk[own] = _bulk(_scatter(points[near[own]])[0])
    for own in np.array_split(doubtful, 1 + len(doubtful) // CHUNK):
        around, here = np.median(bulk[near[own]], axis=1), bulk[own]
        far = alone[own] & (here > BULKY)
        far |= (sparse[own] > 1) & (here > BULKY) & (around > COMPANY)
        found[own] = far | (sparse[own] > SURELY) & (here > VOLUME) & (around > COMPANY)
    for own in _parts(~found & (reach > ratio * OFF * usual)):  # no nearer to any plane than that
        others = points[near[own, 1:]]
        size, axes = _scatter(others)
        off = np.abs(((points[own] - others.mean(1)) * axes[:, :, 0]).sum(1))
        thick = np.sqrt(size[:, 0] / max(neighbours - 3, 1))
        found[own] |= off > ratio * np.maximum(thick, OFF * usual[own])
    return found


def _parts(chosen: np.ndarray) -> list[np.ndarray]:
    """Rows that are chosen, in chunks."""
    rows = np.flatnonzero(chosen)
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def _scatter(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and axes of the scatter of groups of points (m, k, d)."""
    offset = groups - groups.mean(1, keepdims=True)
    size, axes = np.linalg.eigh(np.einsum("mki,mkj->mij", offset, offset))
    return np.maximum(size, 0.0), axes


def _bulk(size: np.ndarray) -> np.ndarray:
    total = size.sum(1)
    return np.asarray(np.divide(size[:, 0], total, out=np.zeros_like(total), where=total > 0))


def _in_clumps(cloud: _Neighbours, ratio: float) -> np.ndarray:
    """Sign 3, (n,)."""
    points, neighbours = cloud.points, cloud.near.shape[1] - 1
    k = min(8, neighbours)
    near, far = cloud.near[:, 1 : k + 1], cloud.distance[:, 1 : k + 1]
    mean, first, second = far.mean(1), np.repeat(np.arange(len(points)), k), near.ravel()
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
