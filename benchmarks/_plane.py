"""The distance of points in the plane to {F = 0}, by a grid: a reference without any search.

Each cell of the grid is cut into two triangles, F is taken as linear on them, and the distance to
the segments where it is zero is exact. The grid is refined only where it can matter: around cells
that F crosses, or might cross between its nodes, and that can be nearest to some point. On the
finest grid the rest is known to be further away. ``refined=False`` evaluates all of it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from levelset_core.levelsets import value_and_jacobian

#: Cells a side, from the first grid to the last.
GRIDS = (128, 512, 4096)
#: How much steeper F may be within a cell than at its corners, for a crossing to be seen.
STEEPER = 2.0
ROWS = 200_000
#: Corners of a cell, and its two triangles.
CORNERS = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]])
TRIANGLES = ((0, 1, 3), (0, 2, 3))


def grid_distance(
    f: Callable[[Tensor], Tensor], x: Tensor, norm: str, half: float, refined: bool = True
) -> Tensor:
    """Distances in "l2" or "linf" of points x, (n, 2), to {F = 0} in [-half, half]^2, (n,).

    A distance is the true one where it is less than that of x to the square's sides.
    """
    best = torch.full((len(x),), torch.inf, dtype=x.dtype)
    grids = GRIDS if refined else GRIDS[-1:]
    side = torch.arange(grids[0])
    cells = torch.cartesian_prod(side, side)
    for grid in grids:
        step = 2 * half / grid
        found = torch.full_like(best, torch.inf)
        kept = []
        for part in cells.split(ROWS // 4):
            corners = (part[:, None] + CORNERS).flatten(0, 1)
            nodes, place = torch.unique(
                corners[:, 0] * (grid + 1) + corners[:, 1], return_inverse=True
            )
            at = torch.stack([nodes // (grid + 1), nodes % (grid + 1)], 1) * step - half
            value, jacobian = value_and_jacobian(f, at.to(x))
            value, slope = value[place].reshape(-1, 4), jacobian.abs().sum(1)[place].reshape(-1, 4)
            crossed = (value > 0).any(1) & (value <= 0).any(1)
            near = value.abs().amin(1) <= STEEPER * slope.amax(1) * step / 2
            kept.append(part[crossed | near])
            where = at.to(x)[place].reshape(-1, 4, 2)[crossed]
            for a, b in _segments(where, value[crossed]):
                found = torch.minimum(found, _to_segments(x, a, b, norm))
        best = found
        if grid != grids[-1]:
            cells = _children(torch.cat(kept), x, best + step, step, half, grids, grid)
    return best


def _children(
    cells: Tensor, x: Tensor, bound: Tensor, step: float, half: float, grids: tuple[int, ...],
    grid: int,
) -> Tensor:  # fmt: skip
    """The cells of the next grid in those that may be within ``bound`` of some point."""
    middle = (cells + 0.5) * step - half
    matters = torch.zeros(len(cells), dtype=torch.bool)
    for point, limit in zip(x, bound, strict=True):
        matters |= (middle - point).abs().amax(1) <= limit + step  # both norms are at least this
    factor = grids[grids.index(grid) + 1] // grid
    inner = torch.cartesian_prod(torch.arange(factor), torch.arange(factor))
    return (factor * cells[matters][:, None] + inner).flatten(0, 1)


def _segments(corners: Tensor, value: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Where F, linear on each triangle, is zero: both ends, (m, 2)."""
    found = []
    for triangle in TRIANGLES:
        p, v = corners[:, triangle], value[:, triangle]  # (m, 3, 2), (m, 3)
        up = v > 0
        alone = torch.where(up.sum(1, keepdim=True) == 1, up, ~up)  # the corner on its own side
        mixed = (up.sum(1) > 0) & (up.sum(1) < 3)
        p, v, first = p[mixed], v[mixed], alone[mixed].to(torch.uint8).argmax(1)
        rows = torch.arange(len(p))
        ends = []
        for k in (1, 2):
            other = (first + k) % 3
            a, b = v[rows, first], v[rows, other]
            ends.append(torch.lerp(p[rows, first], p[rows, other], (a / (a - b))[:, None]))
        found.append((ends[0], ends[1]))
    return found


def _to_segments(x: Tensor, starts: Tensor, ends: Tensor, norm: str) -> Tensor:
    """The least distance of each point to any of the segments, exactly, (n,)."""
    least = torch.full((len(x),), torch.inf, dtype=x.dtype)
    for a, b in zip(starts.split(20_000), ends.split(20_000), strict=True):
        if not len(a):
            continue
        from_x, along = a - x[:, None], (b - a).expand(len(x), -1, -1)  # (n, m, 2)
        if norm == "l2":
            squares = along.square().sum(2).clamp_min(1e-30)
            places = [-(from_x * along).sum(2) / squares]
        else:  # where a coordinate is zero, or both are as large
            (p, q), (u, v) = from_x.unbind(2), along.unbind(2)
            places = [-p / u, -q / v, (q - p) / (u - v), -(p + q) / (u + v)]
        for t in [torch.zeros_like(from_x[..., 0]), torch.ones_like(from_x[..., 0]), *places]:
            t = t.nan_to_num(0.0, 0.0, 0.0).clamp(0.0, 1.0)
            order = 2 if norm == "l2" else torch.inf
            d = torch.linalg.vector_norm(from_x + t[..., None] * along, order, dim=2)
            least = torch.minimum(least, d.amin(1))
    return least
