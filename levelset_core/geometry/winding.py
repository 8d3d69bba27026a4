"""Which side of an unoriented, incomplete cloud a place is on: a Gauss formula fitted to it.

Lin, Xiao, Shi, Wang: *Surface Reconstruction from Point Clouds without Normals by Parametrizing
the Gauss Formula* (ACM Transactions on Graphics, 2022). By the Gauss formula the winding number

    w(x) = sum_j <mu_j, K_j(x)>,   K_j(x) = (y_j - x) / (4 pi |y_j - x|^3),

is 1 inside and 0 outside of a closed surface with samples y_j, area-weighted normals mu_j. They
are unknown; those of least norm with w(y_i) = 1/2 on the surface orient the cloud.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.parallel import ALONE, Workers, row_blocks

#: Conjugate gradient steps at most, and the residual (of 1) they stop at.
STEPS, TOL = 25, 1e-3
#: Steps after which the surface is recognizable.
HALFWAY = 15
#: Places whose distances to all points stay in the cache of a core.
CACHED = 32
#: Weight of the diagonal: 1 is none. More is smoother.
ALPHA = 1.1


class WindingNumber:
    """The fitted winding number of a cloud; memory is 3 n^2 numbers while it is fitted.

    Args:
        points: y, (n, 3) float32, a few thousand at most.
        width: nearer than this, a point's kernel grows no more; about their spacing.
        workers: threads to share the work.
        halfway: called once with this object while it is being fitted: a first idea of w.
        normals: (n, 3), those of an open sheet: the moments, instead of fitted ones. Then w jumps
            at the sheet, and is ``middle`` on it and on a smooth way on beyond its rim.

    Attributes:
        moments: mu, (n, 3): outward normals times areas.
        middle: mean of w on the points: larger is inside.

    Raises:
        LevelsetError: the points are not (n, 3), or the width is not positive.
    """

    def __init__(
        self,
        points: Tensor,
        width: float,
        workers: Workers = ALONE,
        halfway: Callable[[WindingNumber], None] | None = None,
        *,
        normals: Tensor | None = None,
    ) -> None:
        if points.ndim != 2 or points.shape[1] != 3 or not len(points) or not width > 0:
            raise LevelsetError(
                f"A winding number needs points (n, 3) and a width above 0, got "
                f"{tuple(points.shape)} and {width}."
            )
        self.points, self.width, self.workers = points, width, workers
        if normals is None:
            self._fit(halfway)
        else:
            self.moments = normals * width**2
            self.middle = float(self(points).mean())

    def __call__(self, x: Tensor) -> Tensor:
        """w(x): (m, 3) -> (m,).

        With <mu_j, y_j - x> = <mu_j, y_j> - <mu_j, x> two matrix products do it.
        """
        squares = self.points.square().sum(1)
        weights = torch.column_stack([(self.moments * self.points).sum(1), self.moments])  # (n, 4)
        weights /= 4 * math.pi

        def run(rows: slice) -> Tensor:
            places = x[rows]
            distances = torch.addmm(squares, places, self.points.T, alpha=-2)  # (m, n), squared
            distances += places.square().sum(1, keepdim=True)
            inverse = distances.clamp_min_(self.width**2).rsqrt_()
            sums = inverse.square().mul_(inverse) @ weights  # (m, 4)
            return sums[:, 0] - (places * sums[:, 1:]).sum(1)

        return torch.cat(self.workers.map(run, row_blocks(len(x), x.device, CACHED)))

    def inside(self, x: Tensor) -> Tensor:
        """Whether x is inside, (m,) bool."""
        return self(x) > self.middle

    def _fit(self, halfway: Callable[[WindingNumber], None] | None) -> None:
        """Minimal-norm mu with w = 1/2 on the points: conjugate gradients on A A^T."""
        n = len(self.points)
        a = self.points.new_empty(n, 3 * n)
        blocks = row_blocks(n, self.points.device)

        def fill(rows: slice) -> None:
            """K_j(x), one (m, n) matrix an axis, side by side."""
            x = self.points[rows]
            offsets = [self.points[None, :, axis] - x[:, None, axis] for axis in range(3)]
            squares = offsets[0].square()
            for offset in offsets[1:]:
                squares.addcmul_(offset, offset)
            factor = squares.clamp_min_(self.width**2).rsqrt_()
            factor = factor.square().mul_(factor).mul_(1 / (4 * math.pi))
            a[rows] = torch.cat([offset.mul_(factor) for offset in offsets], dim=1)

        def times(v: Tensor) -> Tensor:
            """A A^T v, the rows of A shared among the threads."""
            parts = self.workers.map(lambda rows: v[rows] @ a[rows], blocks)
            mu = torch.stack(parts).sum(0)
            return torch.cat(self.workers.map(lambda rows: a[rows] @ mu, blocks))

        def take(solution: Tensor) -> None:
            mu = solution @ a
            self.moments, self.middle = mu.reshape(3, n).T.contiguous(), float((a @ mu).mean())

        self.workers.map(fill, blocks)
        ridge = (ALPHA - 1) * a.square().sum(1)
        half = self.points.new_full((n,), 0.5)
        solution, residual = torch.zeros_like(half), half.clone()
        direction, square = residual.clone(), residual @ residual
        goal = (TOL * half.norm()).square()
        for k in range(STEPS):
            if k == HALFWAY and halfway is not None:
                take(solution)
                halfway(self)
            image = times(direction) + ridge * direction
            step = square / (direction @ image)
            solution += step * direction
            residual -= step * image
            before, square = square, residual @ residual
            if square <= goal:
                break
            direction = residual + (square / before) * direction
        take(solution)


def even_part(points: np.ndarray, count: int) -> tuple[np.ndarray, float]:
    """About ``count`` means of the points (n, 3) in cubic cells, and the side of a cell.

    A cloud of no more than ``count`` points stays as it is; the side is then that of a square
    that a point of a surface has to itself, estimated from the distances between neighbours.
    """
    if len(points) <= count:
        spacing, _ = cKDTree(points).query(points, k=min(5, len(points)))
        return points, float(max(np.median(spacing[:, -1]), 1e-6))
    low, high = 1e-4, float(np.ptp(points, axis=0).max())
    for _ in range(24):
        cell = math.sqrt(low * high)
        if len(np.unique(_cells(points, cell))) > count:
            low = cell
        else:
            high = cell
    _, own, sizes = np.unique(_cells(points, high), return_inverse=True, return_counts=True)
    sums = [np.bincount(own, points[:, axis]) / sizes for axis in range(points.shape[1])]
    return np.stack(sums, axis=1), high


def _cells(points: np.ndarray, cell: float) -> np.ndarray:
    """One number for the cell of every point, (n,)."""
    index = np.floor((points - points.min(0)) / cell).astype(np.int64)
    return np.asarray(np.ravel_multi_index(tuple(index.T), tuple(index.max(0) + 1)))
