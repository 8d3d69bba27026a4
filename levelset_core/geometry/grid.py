"""F on a regular grid: where its nodes are, and its values at any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import home_of as home_of
from levelset_core.levelsets.functions import outputs_of

#: The lowest and the highest corner of a box, each d numbers or one for all axes.
Box = Sequence[float | Sequence[float]] | np.ndarray

MIN_RESOLUTION, MAX_RESOLUTION = 4, 1024
#: Points evaluated at a time: on a CPU as many as stay in the cache of one core.
CPU_CHUNK, DEVICE_CHUNK = 2048, 1 << 17


@dataclass(frozen=True)
class Grid:
    """Nodes at ``lower + step * (i, j, ...)`` for 0 <= i < shape[0] and so on.

    Attributes:
        lower: the first node, (d,).
        step: the same along every axis: cells are squares or cubes.
        shape: nodes along every axis.
    """

    lower: tuple[float, ...]
    step: float
    shape: tuple[int, ...]

    @classmethod
    def over(cls, bounds: Box, resolution: int, dimension: int) -> Grid:
        """The grid with ``resolution`` nodes along the longest side of a box.

        The other sides get as many nodes as they need; the grid then reaches up to one cell
        beyond the box, the same at both ends.

        Raises:
            LevelsetError: the box is no box, or the resolution is out of range.
        """
        lower, upper = as_box(bounds, dimension)
        if not MIN_RESOLUTION <= resolution <= MAX_RESOLUTION:
            raise LevelsetError(
                f"The resolution must be {MIN_RESOLUTION} to {MAX_RESOLUTION}, got {resolution}."
            )
        sides = upper - lower
        step = float(sides.max()) / (resolution - 1)
        cells = np.ceil(sides / step - 1e-9).astype(int)
        first = lower - 0.5 * (cells * step - sides)
        return cls(tuple(first.tolist()), step, tuple((cells + 1).tolist()))

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(np.prod(self.shape))

    def positions(self, nodes: np.ndarray, dtype: torch.dtype, device: torch.device) -> Tensor:
        """Where flat node numbers (n,) are, (n, d)."""
        indices = np.stack(np.unravel_index(nodes, self.shape), axis=1)
        return torch.from_numpy(self.step * indices + np.array(self.lower)).to(dtype).to(device)


def as_box(bounds: Box, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """The two corners of a box, each (d,).

    Raises:
        LevelsetError: not two corners of ``dimension`` finite numbers, or no extent.
    """
    message = f"bounds are (lower, upper), each one number or {dimension}, got {bounds!r}."
    try:
        lower, upper = (
            np.broadcast_to(np.asarray(corner, dtype=np.float64), (dimension,)).copy()
            for corner in bounds
        )
    except (TypeError, ValueError) as error:
        raise LevelsetError(message) from error
    if not (np.isfinite(lower).all() and np.isfinite(upper).all() and (lower < upper).all()):
        raise LevelsetError(f"{message[:-1]}: the upper corner must lie above the lower one.")
    return lower, upper


@torch.no_grad()
def evaluate_nodes(f: Callable[[Tensor], Tensor], grid: Grid, nodes: np.ndarray) -> np.ndarray:
    """F at flat node numbers (n,): (n,) or (n, l) float32.

    Every chunk has the same size, the last one padded: a node's value then does not depend on
    which others are asked for (a matrix product may round differently in another shape).

    Raises:
        LevelsetError: F is not finite somewhere, or not one row a point.
    """
    dtype, device = home_of(f)
    chunk = CPU_CHUNK if device.type == "cpu" else DEVICE_CHUNK
    parts = []
    for start in range(0, len(nodes), chunk):
        own = nodes[start : start + chunk]
        padded = np.pad(own, (0, chunk - len(own)), mode="edge")
        places = grid.positions(padded, dtype, device)
        found = outputs_of(f(places), places)
        parts.append(found[: len(own)].float().cpu().numpy())
    values = np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
    if not np.isfinite(values).all():
        raise LevelsetError(
            f"F is not a finite number at {(~np.isfinite(values)).sum()} of {len(values)} points."
        )
    return values


def evaluate_volume(
    f: Callable[[Tensor], Tensor], bounds: Box, resolution: int
) -> tuple[np.ndarray, Grid]:
    """F at every node of a grid over a box in space: (nx, ny, nz[, l]) float32, and the grid."""
    grid = Grid.over(bounds, resolution, 3)
    values = evaluate_nodes(f, grid, np.arange(grid.size))
    return values.reshape(*grid.shape, *values.shape[1:]), grid
