"""Sampling a level set by generalized Newton iterations (Sec. 2.1, Eq. 4 and 5)."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import Network, as_points, row_by_row
from levelset_core.levelsets.jacobian import (
    expand_rows,
    pinv_times,
    pseudo_inverse,
    value_and_jacobian,
)
from levelset_core.levelsets.samples import LevelSetSamples, residual_norm


@row_by_row
@torch.no_grad()
def project(
    f: Network,
    x: Tensor,
    *,
    level: float | Tensor = 0.0,
    max_steps: int = 20,
    tol: float = 1e-6,
    max_jump: float = 100.0,
    args: tuple[Tensor, ...] = (),
    record: bool = False,
) -> LevelSetSamples:
    """Move every x towards {F = level}: p <- p - D_xF(p)^+ (F(p) - level)   (Eq. 4).

    Every point is on its own. One that arrives (|F - level| <= tol) or fails leaves the batch,
    so it costs nothing more; a failed point stays at its last good place.

    Args:
        f: F, (n, *d) -> (n,) or (n, l), row by row (batch norm in evaluation mode).
        x: where to start, (n, *d) floating point. A row that is not finite fails at the origin.
        level: a number; (n,) for a scalar F; (l,) or (n, l) for a vector-valued one.
        max_steps: Newton steps at most; the paper takes 10 to 20.
        tol: |F - level|, in F's units.
        max_jump: a point fails before it goes further from its start than
            ``max_jump * (1 + ||x||_2)``: near D_xF = 0 a Newton step means nothing.
        args: further per-row tensors handed to ``f`` (labels, say), (n, ...).
        record: keep every iterate in ``path`` and ``path_values``.

    Raises:
        LevelsetError: x is not an (n, *d) floating point batch, ``level`` has a wrong shape, or
            F's output is not one row a point.
    """
    start = as_points(x, f).detach()
    finite = torch.isfinite(start.flatten(1)).all(1)
    start = torch.where(expand_rows(finite, start), start, 0.0)
    reach = max_jump * (1.0 + torch.linalg.vector_norm(start.flatten(1), dim=1))

    value, jacobian = value_and_jacobian(f, start, args)
    outputs = value.ndim == 2
    target = _expand_level(level, value)

    start_values = _finite(value - target)
    path, path_values = [start], [start_values]

    # The loop carries the active rows alone; NaN fails every comparison below.
    active = torch.arange(len(start), device=start.device)
    limit = reach.square().clamp_max(torch.finfo(start.dtype).max)  # an infinite jump is too far
    goal = torch.where(expand_rows(finite, target), target, torch.nan)  # never met: it fails
    p, origin = start, start
    stopped: list[tuple[Tensor, ...]] = []  # rows and their results, written back at the end
    for step in range(max_steps + 1):
        if step:
            value, jacobian = value_and_jacobian(f, p, tuple(a[active] for a in args))
        residual = value - goal
        inverse, full_rank = pseudo_inverse(jacobian, outputs)
        done = full_rank & (residual_norm(residual) <= tol)
        ahead = p - pinv_times(inverse, residual)
        sound = full_rank & ((ahead - origin).square().flatten(1).sum(1) <= limit)
        if record and step:
            path.append(path[-1].index_copy(0, active, p))
            path_values.append(path_values[-1].index_copy(0, active, _finite(residual)))

        moves = sound > done if step < max_steps else torch.zeros_like(done)
        stay = moves.nonzero().squeeze(1)
        if len(stay) < len(active) or not len(stay):
            gone = (~moves).nonzero().squeeze(1)
            taken = torch.full_like(gone, step)
            results = (active, p, residual, inverse, done, done | sound)
            stopped.append((taken, *(t.index_select(0, gone) for t in results)))
            if not len(stay):
                break
            active, ahead, origin, limit, goal = (
                t.index_select(0, stay) for t in (active, ahead, origin, limit, goal)
            )
        p = ahead

    steps, rows, *parts = (torch.cat(column) for column in zip(*stopped, strict=True))
    order = rows.argsort()
    steps, points, values, inverse, converged, good = (t[order] for t in (steps, *parts))
    pinv = torch.where(expand_rows(good, inverse), inverse, 0.0)
    values = _finite(values)
    failed = ~good
    return LevelSetSamples(
        points, values, pinv, converged, failed, steps, target, start_values, args,
        torch.stack(path) if record else None,
        torch.stack(path_values) if record else None,
    )  # fmt: skip


def _finite(values: Tensor) -> Tensor:
    return torch.where(torch.isfinite(values), values, 0.0)


def _expand_level(level: float | Tensor, value: Tensor) -> Tensor:
    """``level`` as a tensor shaped like F's output."""
    level = torch.as_tensor(level, dtype=value.dtype, device=value.device)
    try:
        return level.expand(value.shape).clone()
    except RuntimeError as error:
        raise LevelsetError(
            f"level of shape {tuple(level.shape)} does not fit F's output {tuple(value.shape)}: "
            "give a number, (n,) for a scalar F, (l,) or (n, l) for a vector-valued one."
        ) from error
