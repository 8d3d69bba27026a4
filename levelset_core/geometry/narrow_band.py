"""The cells of a grid that a level set can cross, found from coarse to fine.

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

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter
from torch import Tensor

from levelset_core.geometry.grid import Grid, evaluate_nodes

#: The estimated Lipschitz constant is taken this many times larger.
SAFETY = 1.25
#: Cells along a block of the coarsest grid, at most.
COARSEST = 8
#: But so many blocks along the longest side, at least.
MIN_BLOCKS = 16

# The corners of a cell, and the corners of its face towards -x, +x, -y, ...
_CORNERS = np.array([(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)])  # (8, 3)
_FACES = [np.flatnonzero(_CORNERS[:, axis] == end) for axis in range(3) for end in (0, 1)]
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


def narrow_band(f: Callable[[Tensor], Tensor], grid: Grid, level: float = 0.0) -> Band:
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

    blocks = _lattice(-(-last // stride)) * stride  # (m, 3), lower corners
    slope = None
    while True:
        corner = np.minimum(blocks[:, None] + stride * _CORNERS, last)  # (m, 8, 3)
        found = _look_up(f, grid, values, corner)  # (m, 8)
        if stride == 1:
            break
        sides = np.minimum(blocks + stride, last) - blocks  # a block at the end may be shorter
        own = _slopes(found, sides)
        if slope is None:
            slope = maximum_filter(own.reshape(-(-last // stride)), size=3).ravel()
        slope = np.maximum(slope, own)
        reach = np.linalg.norm(sides[:, None] * _CORNERS, axis=2)  # (m, 8), from the first corner
        away, bound = np.abs(found - level), SAFETY * slope
        kept = (away.min(1) <= 0.5 * bound * reach[:, -1]) & (away.mean(1) <= bound * reach.mean(1))
        kept |= _crosses(found, level)
        stride //= 2
        blocks = (blocks[kept, None] + stride * _CORNERS).reshape(-1, 3)
        slope = np.repeat(slope[kept], 8)
        inside = (blocks < last).all(1)
        blocks, slope = blocks[inside], slope[inside]

    cells = _close(f, grid, values, blocks, found, level)
    known = ~np.isnan(values)
    return Band(values.reshape(grid.shape), cells, int(known.sum()))


def _lattice(counts: np.ndarray) -> np.ndarray:
    return np.stack(np.unravel_index(np.arange(np.prod(counts)), counts), axis=1)


def _look_up(
    f: Callable[[Tensor], Tensor], grid: Grid, values: np.ndarray, nodes: np.ndarray
) -> np.ndarray:
    """F at ``nodes``, (..., 3) -> (...); what is not known yet is evaluated and kept."""
    flat = np.ravel_multi_index(tuple(np.moveaxis(nodes, -1, 0)), grid.shape)
    unknown = flat[np.isnan(values[flat])]
    if len(unknown):
        wanted = np.zeros(grid.size, dtype=bool)  # a bitmap sorts them and drops the doubles
        wanted[unknown] = True
        new = np.flatnonzero(wanted)
        values[new] = evaluate_nodes(f, grid, new)
    found: np.ndarray = values[flat]
    return found


def _slopes(found: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """|D_xF| a cell at most, as the edges tell: the largest slope of each axis, squared, (m,)."""
    cube = found.reshape(-1, 2, 2, 2)
    squares = np.zeros(len(found))
    for axis in range(3):
        rise = np.abs(np.diff(cube, axis=axis + 1)).reshape(len(found), 4).max(1)
        squares += (rise / sides[:, axis]) ** 2
    slopes: np.ndarray = np.sqrt(squares)
    return slopes


def _crosses(found: np.ndarray, level: float) -> np.ndarray:
    above = found > level
    crosses: np.ndarray = np.logical_and(above.any(-1), ~above.all(-1))
    return crosses


def _close(
    f: Callable[[Tensor], Tensor],
    grid: Grid,
    values: np.ndarray,
    cells: np.ndarray,
    found: np.ndarray,
    level: float,
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
        found = _look_up(f, grid, values, cells[:, None] + _CORNERS)
    return np.concatenate(crossed) if crossed else np.zeros((0, 3), dtype=np.int64)
