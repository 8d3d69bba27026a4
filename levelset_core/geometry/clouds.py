"""Clouds of points: their nearest points, and their noise."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.parallel import ALONE, Workers, row_blocks
from levelset_core.random import numpy_generator

#: Places further from the cloud than this are measured on a part of it, if it is large.
FAR = 0.05
#: Points in that part.
PART = 10_000
#: Entries of a distance matrix in memory at a time, on a GPU.
ENTRIES = 1 << 26


class NearestPoints:
    """Nearest points of a fixed cloud: a k-d tree on a CPU, chunks of distances on a GPU.

    Far from a dense cloud thousands of points are almost equally near, and a tree visits them
    all. So with ``approximate`` a place beyond ``FAR`` takes its nearest point in an even part of
    the cloud: with spacing s there, d(x, X) comes out at most s^2 / (2 d) too large.

    Args:
        points: X, (N, d) floating point; in [-1, 1]^d if ``approximate``.
        approximate: see above; it spares nothing below a few times ``PART`` points.
        workers: threads to share the queries.

    Raises:
        LevelsetError: no points, or one that is not finite.
    """

    def __init__(
        self, points: Tensor, workers: Workers = ALONE, *, approximate: bool = False
    ) -> None:
        if points.ndim != 2 or not len(points) or not torch.isfinite(points).all():
            raise LevelsetError(
                f"A cloud is (N, d) finite numbers, at least one row, got {tuple(points.shape)}."
            )
        self.points, self.workers = points, workers
        self.tree = self.part = None
        if points.device.type == "cpu":
            self.tree = cKDTree(points.numpy())
            stride = len(points) // PART
            if approximate and stride > 2:
                # In the tree's own order neighbours follow one another: every k-th is an even part.
                self.rows = np.ascontiguousarray(self.tree.indices[::stride])
                self.part = cKDTree(self.tree.data[self.rows])

    @torch.no_grad()
    def indices(self, x: Tensor) -> Tensor:
        """Which point is the nearest: x (n, d) -> (n,) int64."""
        x = x.detach()
        if self.tree is None:
            rows = max(1, ENTRIES // len(self.points))
            return torch.cat([torch.cdist(part, self.points).argmin(1) for part in x.split(rows)])
        blocks = [x[rows] for rows in row_blocks(len(x), x.device)]
        return torch.cat(self.workers.map(self._query, blocks))

    def __call__(self, x: Tensor) -> Tensor:
        """The nearest point itself, (n, d)."""
        return self.points[self.indices(x)]

    def distance(self, x: Tensor) -> Tensor:
        """d(x, X) = min_j ||x - x_j||_2, (n,), differentiable in x."""
        distance: Tensor = torch.linalg.vector_norm(x - self(x), dim=1)
        return distance

    def _query(self, x: Tensor) -> Tensor:
        assert self.tree is not None
        places = x.numpy()
        if self.part is None:
            return torch.from_numpy(self.tree.query(places)[1].astype(np.int64))
        distance, index = self.part.query(places)
        index = self.rows[index].astype(np.int64)
        near = distance < FAR
        if near.any():
            index[near] = self.tree.query(places[near])[1]
        return torch.from_numpy(index)


#: Neighbourhoods that are looked at, points in each, and coefficients of the quadric through them.
LOOKED_AT, NEIGHBOURS, QUADRIC = 2000, 12, 6
#: A larger neighbourhood is two sheets if two groups leave less than this part of its variance
#: along the normal (a Gaussian leaves 0.36, a uniform distribution 0.25), the smaller of at least
#: this share of the points.
SHEETS, WITHIN, LEAST_GROUP = 32, 0.15, 0.2


def noise_level(points: np.ndarray) -> float:
    """Standard deviation of points around the surface they were measured on.

    Each of some neighbourhoods is fitted with a quadric over its plane, z = q(x, y): what k points
    are off it is sqrt(sum of squares / (k - 6)), in the median over the neighbourhoods. Where the
    surface turns within a neighbourhood, that counts as noise; noise beyond the distance between
    neighbours is taken for less than it is. Two sheets as near to each other as their points, such
    as a thin plate's, are not noise: there each counts alone.

    Args:
        points: (n, 3); with fewer than 12 points the answer is 0, as nothing can be told.
    """
    if len(points) < NEIGHBOURS:
        return 0.0
    rows = numpy_generator(0).permutation(len(points))[:LOOKED_AT]
    tree = cKDTree(points)
    x, y, z = np.moveaxis(_in_own_frames(points[tree.query(points[rows], k=NEIGHBOURS)[1]]), 2, 0)
    size = np.sqrt((x**2).mean(1, keepdims=True)) + np.finfo(np.float64).tiny
    x, y = x / size, y / size
    basis, _ = np.linalg.qr(np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2))
    off = z - np.einsum("mkj,mj->mk", basis, np.einsum("mkj,mk->mj", basis, z))
    variance = float(np.median((off**2).sum(1))) / (NEIGHBOURS - QUADRIC)
    if len(points) >= SHEETS:
        _, near = tree.query(points[rows], k=SHEETS)
        variance = min(variance, _of_two_sheets(_in_own_frames(points[near])[:, :, 2]))
    return float(np.sqrt(variance))


def _in_own_frames(groups: np.ndarray) -> np.ndarray:
    """Groups of points (m, k, 3) around their middle, along their own axes, the longest first."""
    offset = groups - groups.mean(1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("mki,mkj->mij", offset, offset))
    return np.asarray(np.einsum("mki,mij->mkj", offset, axes[:, :, ::-1]))


def _of_two_sheets(heights: np.ndarray) -> float:
    """Variance within each of two sheets, of heights (m, k); infinite where there is only one."""
    heights = np.sort(heights, axis=1)
    count = int(heights.shape[1])
    least = int(LEAST_GROUP * count)
    sizes = np.arange(least, count - least + 1)  # of the lower group
    sums = np.cumsum(heights, axis=1)[:, sizes - 1]
    total = (heights**2).sum(1)  # the heights' mean is 0
    within = (total[:, None] - sums**2 * (1 / sizes + 1 / (count - sizes))).min(1)
    if np.median(within / np.maximum(total, np.finfo(np.float64).tiny)) > WITHIN:
        return np.inf
    return max(float(np.median(within)), 0.0) / (count - 4)  # flat ones round below 0
