"""F on a regular grid: at all nodes, or only near a level set, found from coarse to fine.

**What is left out.** A block of cells is dropped when, over its corners c,

    min |F(c) - level| > SAFETY * L * h   or   mean |F(c) - level| > SAFETY * L * m,

h half its diagonal (every point of a block has a corner that near), m the largest mean distance
of a point of the block to its corners (that of a corner), and L a Lipschitz constant of F
estimated from differences along the edges of the block, of its neighbours on the coarsest grid and
of the blocks that it is part of. The rest is halved, down to single cells.

**What makes it whole.** From every cell the level set leaves through a face, the cell beyond that
face is added, until no cell is open. So each piece of the surface that the band meets at all is
exactly what evaluation at every node gives. Only a piece that no block was kept for, one that
F's values on the coarser grids say nothing of, can be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import maximum_filter
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import home_of, outputs_of

#: F, from points (n, d) to (n,) or (n, l).
Function = Callable[[Tensor], Tensor]
#: The lowest and the highest corner of a box, each d numbers or one for all axes.
Box = Sequence[float | Sequence[float]] | np.ndarray

MIN_RESOLUTION, MAX_RESOLUTION = 4, 1024
#: Points evaluated at a time: on a CPU as many as stay in the cache of one core.
CPU_CHUNK, DEVICE_CHUNK = 1024, 1 << 17


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
        message = f"bounds are (lower, upper), each one number or {dimension}, got {bounds!r}"
        try:
            lower, upper = (
                np.broadcast_to(np.asarray(corner, dtype=np.float64), (dimension,))
                for corner in bounds
            )
        except (TypeError, ValueError) as error:
            raise LevelsetError(f"{message}.") from error
        if not (np.isfinite(lower).all() and np.isfinite(upper).all() and (lower < upper).all()):
            raise LevelsetError(f"{message}: the upper corner must lie above the lower one.")
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

    @property
    def upper(self) -> np.ndarray:
        """The last node, (d,)."""
        return np.array(self.lower) + self.step * (np.array(self.shape) - 1)

    def positions(self, nodes: np.ndarray, dtype: torch.dtype, device: torch.device) -> Tensor:
        """Where flat node numbers (n,) are, (n, d)."""
        indices = np.stack(np.unravel_index(nodes, self.shape), axis=1)
        return torch.from_numpy(self.step * indices + np.array(self.lower)).to(dtype).to(device)


@torch.no_grad()
def evaluate_nodes(f: Function, grid: Grid, nodes: np.ndarray) -> np.ndarray:
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


def evaluate_volume(f: Function, bounds: Box, resolution: int) -> tuple[np.ndarray, Grid]:
    """F at every node of a grid over a box in space: (nx, ny, nz[, l]) float32, and the grid."""
    grid = Grid.over(bounds, resolution, 3)
    values = evaluate_nodes(f, grid, np.arange(grid.size))
    return values.reshape(*grid.shape, *values.shape[1:]), grid


#: The estimated Lipschitz constant is taken this many times larger.
SAFETY = 1.25
#: Cells along a block of the coarsest grid, at most.
COARSEST = 8
#: But so many blocks along the longest side, at least.
MIN_BLOCKS = 16

#: The corners of a cell, (8, 3).
CORNERS = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])
# Those of its face towards -x, +x, -y, ...
_FACES = [np.flatnonzero(CORNERS[:, axis] == end) for axis in range(3) for end in (0, 1)]
_STEPS = np.concatenate([[-e, e] for e in np.eye(3, dtype=np.int64)])  # (6, 3)


@dataclass(frozen=True, eq=False)
class Band:
    """F near one of its level sets.

    Attributes:
        values: F, (nx, ny, nz) float32; NaN at the nodes that were not needed.
        cells: the lower corners of the cells whose values are all known and may hold a piece
            of the surface, (m, 3).
        evaluations: number of nodes at which F was evaluated.
    """

    values: np.ndarray
    cells: np.ndarray
    evaluations: int


def narrow_band(f: Function, grid: Grid, level: float = 0.0) -> Band:
    """F at the nodes around {F = level}, and nowhere else.

    Args:
        f: F, (n, 3) -> (n,).
        grid: of three axes.
        level: the level of the set.
    """
    values = np.full(grid.size, np.nan, dtype=np.float32)
    last = np.array(grid.shape) - 1
    stride = COARSEST
    while stride > 1 and last.max() < MIN_BLOCKS * stride:
        stride //= 2

    blocks = lattice(-(-last // stride)) * stride  # (m, 3), lower corners
    slope = None
    while True:
        corner = np.minimum(blocks[:, None] + stride * CORNERS, last)  # (m, 8, 3)
        found = _look_up(f, grid, values, corner)  # (m, 8)
        if stride == 1:
            break
        sides = np.minimum(blocks + stride, last) - blocks  # a block at the end may be shorter
        own = _slopes(found, sides)
        if slope is None:
            slope = maximum_filter(own.reshape(-(-last // stride)), size=3).ravel()
        slope = np.maximum(slope, own)
        reach = np.linalg.norm(sides[:, None] * CORNERS, axis=2)  # (m, 8), from the first corner
        away, bound = np.abs(found - level), SAFETY * slope
        kept = (away.min(1) <= 0.5 * bound * reach[:, -1]) & (away.mean(1) <= bound * reach.mean(1))
        kept |= _crosses(found, level)
        stride //= 2
        blocks = (blocks[kept, None] + stride * CORNERS).reshape(-1, 3)
        slope = np.repeat(slope[kept], 8)
        inside = (blocks < last).all(1)
        blocks, slope = blocks[inside], slope[inside]

    cells = _close(f, grid, values, blocks, found, level)
    known = ~np.isnan(values)
    return Band(values.reshape(grid.shape), cells, int(known.sum()))


def lattice(counts: np.ndarray) -> np.ndarray:
    """All (i, j, ...) with 0 <= i < counts[0] and so on, (n, d)."""
    return np.stack(np.unravel_index(np.arange(np.prod(counts)), counts), axis=1)


def _look_up(f: Function, grid: Grid, values: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """F at ``nodes``, (..., 3) -> (...); what is not known yet is evaluated and kept."""
    flat = np.ravel_multi_index(tuple(np.moveaxis(nodes, -1, 0)), grid.shape)
    unknown = flat[np.isnan(values[flat])]
    if len(unknown):
        wanted = np.zeros(grid.size, dtype=bool)  # a bitmap sorts them and drops the doubles
        wanted[unknown] = True
        new = np.flatnonzero(wanted)
        values[new] = evaluate_nodes(f, grid, new)
    return np.asarray(values[flat])


def _slopes(found: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """|D_xF| a cell at most, as the edges tell: the largest slope of each axis, squared, (m,)."""
    cube = found.reshape(-1, 2, 2, 2)
    squares = np.zeros(len(found))
    for axis in range(3):
        rise = np.abs(np.diff(cube, axis=axis + 1)).reshape(len(found), 4).max(1)
        squares += (rise / sides[:, axis]) ** 2
    return np.asarray(np.sqrt(squares))


def _crosses(found: np.ndarray, level: float) -> np.ndarray:
    above = found > level
    return np.asarray(np.logical_and(above.any(-1), ~above.all(-1)))


def _close(
    f: Function, grid: Grid, values: np.ndarray, cells: np.ndarray, found: np.ndarray, level: float
) -> np.ndarray:
    """The cells with a sign change among ``cells`` and all that are joined to them."""
    shape = np.array(grid.shape) - 1
    seen = np.zeros(tuple(shape), dtype=bool)
    seen[tuple(cells.T)] = True
    crossed = []
    while len(cells):
        crosses = _crosses(found, level)
        cells, found = cells[crosses], found[crosses]
        crossed.append(cells)
        fresh = []
        for face, step in zip(_FACES, _STEPS, strict=True):
            beyond = cells[_crosses(found[:, face], level)] + step
            beyond = beyond[((beyond >= 0) & (beyond < shape)).all(1)]
            beyond = beyond[~seen[tuple(beyond.T)]]
            seen[tuple(beyond.T)] = True
            fresh.append(beyond)
        cells = np.concatenate(fresh)
        found = _look_up(f, grid, values, cells[:, None] + CORNERS)
    return np.concatenate(crossed) if crossed else np.zeros((0, 3), dtype=np.int64)
