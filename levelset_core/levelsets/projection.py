"""Sampling a level set by generalized Newton iterations (Sec. 2.1, Eq. 4 and 5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import (
    HALF,
    TOL,
    Network,
    as_points,
    check_search,
    row_by_row,
)
from levelset_core.levelsets.jacobian import (
    expand_rows,
    pinv_times,
    pseudo_inverse,
    value_and_jacobian,
)
from levelset_core.levelsets.norms import Box, check_box, inverse_in_box, smallest_move
from levelset_core.levelsets.samples import LevelSetSamples, residual_norm


@row_by_row
@torch.no_grad()
def project(
    f: Network,
    x: Tensor,
    *,
    level: float | Tensor = 0.0,
    max_steps: int = 20,
    tol: float | None = None,
    max_jump: float = 100.0,
    args: tuple[Tensor, ...] = (),
    record: bool = False,
    stop: Literal["arrived", "fixed"] = "arrived",
    norm: str = "l2",
    box: Box | None = None,
) -> LevelSetSamples:
    """Move every x towards {F = level}: p <- p - D_xF(p)^+ (F(p) - level)   (Eq. 4).

    Every point is on its own. One that arrives (|F - level| <= tol) or fails leaves the batch,
    so it costs nothing more; a failed point stays at its last good place.

    Args:
        f: F, (n, *d) -> (n,), (n, 1) or (n, l), row by row. A module is put in evaluation mode
            meanwhile (batch norm, dropout).
        x: where to start, (n, *d) floating point; a NumPy array becomes a tensor in the
            precision of F's parameters. A row that is not finite fails at the origin.
        level: a number; (n,) for a scalar F; (l,) or (n, l) for a vector-valued one.
        max_steps: Newton steps at most; the paper takes 10 to 20.
        tol: |F - level|, in F's units. ``None`` is 1e-6 in single and double precision. In half
            precision it is what the rounding of x makes of F, eps the precision's:
            2 eps (1 + ||x||_2) ||D_xF(x)||_2, for every point.
        max_jump: a point fails before it goes further from its start than
            ``max_jump * (1 + ||x||_2)``: near D_xF = 0 a Newton step means nothing.
        args: further per-row tensors handed to ``f`` (labels, say), (n, ...).
        record: keep every iterate in ``path`` and ``path_values``.
        stop: "arrived" lets points go as they arrive, which ``torch.func.vmap`` cannot follow and
            ``torch.compile`` only with graph breaks. "fixed" takes ``max_steps`` steps with all
            points, masks hold those that have stopped; both can follow it. The results are the
            same up to rounding.
        norm: in which each step is the smallest, "l2" (the paper), "linf" or "l1"; of several
            outputs "l2" alone. The samples remember it, and so does their sample network. An
            extension.
        box: (low, high) of every coordinate, (0, 1) for images: each step is the smallest that
            stays inside. For a scalar F. An extension.

    Raises:
        LevelsetError: x is not an (n, *d) floating point batch, ``level`` has a wrong shape, F's
            output is not one row a point or has more than d columns, a setting is out of range,
            or x leaves the box.
    """
    check_search(max_steps, tol, max_jump)
    if stop not in ("arrived", "fixed"):
        raise LevelsetError(f"stop is 'arrived' or 'fixed', got {stop!r}.")
    start = as_points(x, f).detach()
    finite = torch.isfinite(start.flatten(1)).all(1)
    start = torch.where(expand_rows(finite, start), start, 0.0 if box is None else box[0])
    check_box(box, start, look=stop != "fixed")
    reach = max_jump * (1.0 + torch.linalg.vector_norm(start.flatten(1), dim=1))

    value, jacobian = value_and_jacobian(f, start, args)
    if value.ndim == 2 and value.shape[1] > math.prod(start.shape[1:]):
        raise LevelsetError(
            f"F gives {tuple(value.shape)}, {value.shape[1]} outputs in "
            f"{math.prod(start.shape[1:])} dimensions, so that it has no level sets: of a "
            "classifier's logits take class_margin(f) and args=(classes,)."
        )
    if value.ndim == 2 and box is not None:
        raise LevelsetError(f"A box needs a scalar F, got {value.shape[1]} outputs.")
    target = expand_level(level, value)
    limit = reach.square().clamp_max(torch.finfo(start.dtype).max)  # an infinite jump is too far
    goal = torch.where(expand_rows(finite, target), target, torch.nan)  # never met: it fails
    iterate = _until_arrived if stop == "arrived" else _fixed_steps
    steps, points, values, inverse, converged, good, path, path_values = iterate(
        f, start, value, jacobian, goal, limit, _tolerance(tol, start, jacobian, value), max_steps,
        args, record, partial(_step, norm=norm, box=box),
    )  # fmt: skip
    start_values = _finite(value - target)
    path, path_values = [start, *path], [start_values, *path_values]
    return LevelSetSamples(
        points, _finite(values), torch.where(expand_rows(good, inverse), inverse, 0.0), converged,
        ~good, steps, target, start_values, args,
        torch.stack(path) if record else None,
        torch.stack(path_values) if record else None,
        fixed=stop == "fixed", norm=norm,
        free=None if box is None else (points > box[0]) & (points < box[1]),
    )  # fmt: skip


#: From p, F - goal and D_xF there: the next place, D_xF^+ and where that exists.
Step = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


def _step(
    p: Tensor, residual: Tensor, jacobian: Tensor, *, norm: str, box: Box | None
) -> tuple[Tensor, Tensor, Tensor]:
    if box is None:
        inverse, full_rank = pseudo_inverse(jacobian, residual.ndim == 2, norm)
        return p - pinv_times(inverse, residual), inverse, full_rank
    inside = (p > box[0]) & (p < box[1])
    inverse, full_rank = inverse_in_box(jacobian, False, norm, inside)
    move, _ = smallest_move(jacobian, -residual, norm, p, box)
    return (p + move).clamp(*box), inverse, full_rank


#: Of every point: steps, place, F - goal, D_xF^+, whether it arrived, whether it did not fail;
#: and, if recorded, all places and values after the start.
Found = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, list[Tensor], list[Tensor]]


def _until_arrived(
    f: Network, start: Tensor, value: Tensor, jacobian: Tensor, goal: Tensor, limit: Tensor,
    tol: float | Tensor, max_steps: int, args: tuple[Tensor, ...], record: bool, take: Step,
) -> Found:  # fmt: skip
    """The loop carries the active rows alone; NaN fails every comparison."""
    path, path_values = [start], [_finite(value - goal)]
    active = torch.arange(len(start), device=start.device)
    p, origin = start, start
    stopped: list[tuple[Tensor, ...]] = []  # rows and their results, written back at the end
    for step in range(max_steps + 1):
        if step:
            value, jacobian = value_and_jacobian(f, p, tuple(a[active] for a in args))
        residual = value - goal
        ahead, inverse, full_rank = take(p, residual, jacobian)
        done = full_rank & (residual_norm(residual) <= tol)
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
            tol = tol.index_select(0, stay) if isinstance(tol, Tensor) else tol
        p = ahead

    steps, rows, *parts = (torch.cat(column) for column in zip(*stopped, strict=True))
    order = rows.argsort()
    steps, points, values, inverse, converged, good = (t[order] for t in (steps, *parts))
    return steps, points, values, inverse, converged, good, path[1:], path_values[1:]


def _fixed_steps(
    f: Network, start: Tensor, value: Tensor, jacobian: Tensor, goal: Tensor, limit: Tensor,
    tol: float | Tensor, max_steps: int, args: tuple[Tensor, ...], record: bool, take: Step,
) -> Found:  # fmt: skip
    """No control flow depends on data: what has stopped is computed again and held by a mask."""
    path, path_values = [], []
    steps = torch.zeros_like(limit, dtype=torch.long)
    p = start
    for step in range(max_steps + 1):
        if step:
            value, jacobian = value_and_jacobian(f, p, args)
        residual = value - goal
        ahead, inverse, full_rank = take(p, residual, jacobian)
        done = full_rank & (residual_norm(residual) <= tol)
        sound = full_rank & ((ahead - start).square().flatten(1).sum(1) <= limit)
        if record and step:
            path.append(p)
            path_values.append(_finite(residual))
        if step < max_steps:  # who has stopped finds the same again, and stops
            moves = sound & ~done
            p = torch.where(expand_rows(moves, p), ahead, p)
            steps = steps + moves
    return steps, p, residual, inverse, done, done | sound, path, path_values


def _tolerance(tol: float | None, start: Tensor, jacobian: Tensor, value: Tensor) -> float | Tensor:
    if tol is not None:
        return tol
    if value.dtype not in HALF and start.dtype not in HALF:
        return TOL
    eps = max(torch.finfo(t.dtype).eps for t in (start, value))
    slope = torch.linalg.vector_norm(jacobian.float().reshape(len(start), -1), dim=1)
    size = torch.linalg.vector_norm(start.float().flatten(1), dim=1)
    tolerances: Tensor = 2 * eps * (1 + size) * slope.nan_to_num(0.0)  # (n,)
    return tolerances


def _finite(values: Tensor) -> Tensor:
    return torch.where(torch.isfinite(values), values, 0.0)


def expand_level(level: float | Tensor, value: Tensor) -> Tensor:
    """``level`` as a tensor shaped like F's output."""
    level = torch.as_tensor(level, dtype=value.dtype, device=value.device)
    try:
        return level.expand(value.shape).clone()
    except RuntimeError as error:
        raise LevelsetError(
            f"level of shape {tuple(level.shape)} does not fit F's output {tuple(value.shape)}: "
            "give a number, (n,) for a scalar F, (l,) or (n, l) for a vector-valued one."
        ) from error
