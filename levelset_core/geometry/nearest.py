"""The nearest point of a cloud, d(x, X) of Eq. 13, without an N x N matrix."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.parallel import ALONE, Workers, row_blocks

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
        found = self.workers.map(self._query, blocks)
        return torch.cat(found) if found else torch.zeros(0, dtype=torch.int64)

    def __call__(self, x: Tensor) -> Tensor:
        """The nearest point itself, (n, d)."""
        return self.points[self.indices(x)]

    def distance(self, x: Tensor) -> Tensor:
        """d(x, X) = min_j ||x - x_j||_2, (n,); differentiable in x where X has one nearest point."""
        return torch.linalg.vector_norm(x - self(x), dim=1)

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
