"""The zero of F on a segment: false position (Illinois) and bisection (Sec. 2.1, 3.2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import (
    HALF,
    TOL,
    Network,
    as_points,
    check_search,
    outputs_of,
    row_by_row,
)
from levelset_core.levelsets.jacobian import expand_rows, pseudo_inverse, value_and_jacobian
from levelset_core.levelsets.samples import LevelSetSamples


@row_by_row
def false_position(
    f: Network,
    a: Tensor,
    b: Tensor,
    *,
    level: float | Tensor = 0.0,
    max_steps: int = 20,
    tol: float | None = None,
    args: tuple[Tensor, ...] = (),
    norm: str = "l2",
) -> LevelSetSamples:
    """The level set point between a and b by false position, Illinois variant.

    Regula falsi keeps one end for ever on a curved F; Illinois halves the value remembered at
    an end that is kept twice, which makes the iteration superlinear. What has not arrived
    after ``max_steps`` is bisected for as many steps again.

    Args:
        f: scalar F, (n, *d) -> (n,).
        a, b: ends of the segments, (n, *d). Without a sign change of F - level the row fails.
        level: a number, or (n,).
        max_steps, args, norm: as in :func:`levelset_core.project`.
        tol: |F - level|, in F's units. ``None`` is 1e-6 in single and double precision; in half
            precision it is 2 eps times the larger |F - level| at a segment's ends.

    Raises:
        LevelsetError: a is not an (n, *d) floating point batch, b has another shape, or F is not
            scalar.
    """
    return _search(f, a, b, level, ILLINOIS, max_steps, tol, args, norm)


@row_by_row
def bisection(
    f: Network,
    a: Tensor,
    b: Tensor,
    *,
    level: float | Tensor = 0.0,
    max_steps: int = 40,
    tol: float | None = None,
    args: tuple[Tensor, ...] = (),
    norm: str = "l2",
) -> LevelSetSamples:
    """As :func:`false_position`, halving the bracket each step: slow, but nothing stops it."""
    return _search(f, a, b, level, (_middle,), max_steps, tol, args, norm)


#: Where on the bracket [t_a, t_b] to look next, from the values remembered at its ends.
Trial = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def _middle(ta: Tensor, tb: Tensor, fa: Tensor, fb: Tensor) -> Tensor:
    return 0.5 * (ta + tb)


def _illinois(ta: Tensor, tb: Tensor, fa: Tensor, fb: Tensor) -> Tensor:
    t = (ta * fb - tb * fa) / (fb - fa)
    inside = (t > torch.minimum(ta, tb)) & (t < torch.maximum(ta, tb))
    return torch.where(inside, t, _middle(ta, tb, fa, fb))  # also where fb - fa = 0


#: False position, then halving for who has not arrived.
ILLINOIS = (_illinois, _middle)


@torch.no_grad()
def _search(
    f: Network,
    a: Tensor,
    b: Tensor,
    level: float | Tensor,
    trials: tuple[Trial, ...],
    max_steps: int,
    tol: float | None,
    args: tuple[Tensor, ...],
    norm: str,
) -> LevelSetSamples:
    check_search(max_steps, tol)
    a, b = as_points(a, f), as_points(b, f)
    if a.shape != b.shape:
        raise LevelsetError(
            f"The ends of the segments differ in shape: {tuple(a.shape)} and {tuple(b.shape)}."
        )
    a, b = a.detach(), b.detach()
    finite = torch.isfinite(a.flatten(1)).all(1) & torch.isfinite(b.flatten(1)).all(1)
    a = torch.where(expand_rows(finite, a), a, 0.0)
    b = torch.where(expand_rows(finite, b), b, 0.0)

    target = torch.as_tensor(level, dtype=a.dtype, device=a.device).expand(len(a))

    def evaluate(rows: Tensor, t: Tensor) -> Tensor:
        points = torch.lerp(a[rows], b[rows], expand_rows(t, a))
        value = outputs_of(f(points, *(arg[rows] for arg in args)), points)
        if value.ndim != 1:
            raise LevelsetError(f"A segment search needs a scalar F, got {tuple(value.shape)}.")
        return value - target[rows].to(value)

    everyone = torch.arange(len(a), device=a.device)
    ta = torch.zeros(len(a), dtype=a.dtype, device=a.device)
    tb = torch.ones_like(ta)
    fa, fb = evaluate(everyone, ta), evaluate(everyone, tb)
    bound: float | Tensor = TOL if tol is None else tol
    if tol is None and fa.dtype in HALF:
        bound = 2 * torch.finfo(fa.dtype).eps * torch.maximum(fa.abs(), fb.abs())
    start_values = torch.where(torch.isfinite(fa), fa, 0.0)
    place, place_value, failed, steps = zero_between(
        evaluate, ta, tb, fa, fb, finite, bound, max_steps, trials
    )
    points = torch.lerp(a, b, expand_rows(place, a))
    value, jacobian = value_and_jacobian(f, points, args)
    target = target.to(value)
    residual = value - target
    pinv, full_rank = pseudo_inverse(jacobian, outputs=False, norm=norm)
    failed |= ~full_rank | ~torch.isfinite(residual)
    pinv = torch.where(expand_rows(failed, pinv), 0.0, pinv)
    values = torch.where(torch.isfinite(residual), residual, 0.0)
    converged = ~failed & (place_value.abs() <= bound)
    return LevelSetSamples(
        points, values, pinv, converged, failed, steps, target.clone(), start_values, args,
        norm=norm,
    )  # fmt: skip


def zero_between(
    evaluate: Callable[[Tensor, Tensor], Tensor],
    ta: Tensor,
    tb: Tensor,
    fa: Tensor,
    fb: Tensor,
    sound: Tensor,
    bound: float | Tensor,
    max_steps: int,
    trials: tuple[Trial, ...] = ILLINOIS,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The zero of a function of t on each [ta, tb], whose ends have values of opposite signs.

    Args:
        evaluate: of rows, (m,) int, and a t for each, (m,): the values, (m,).
        ta, tb, fa, fb: ends and values there, (n,).
        sound: rows to search, (n,) bool; the others fail.
        bound: |value| that is near enough to zero, a number or (n,).
        max_steps: of each trial at most.
        trials: ways to choose the next t, one after the other.

    Returns:
        t and the value there, whether the row failed, and its steps, each (n,). A failed row
        stands at ta.
    """
    bound = torch.as_tensor(bound, dtype=fa.dtype, device=fa.device).expand(len(fa))
    failed = ~sound | ~torch.isfinite(fa) | ~torch.isfinite(fb) | (fa * fb > 0)
    steps = torch.zeros(len(fa), dtype=torch.long, device=fa.device)
    # Where the row stands: at its better end, then at its latest trial.
    nearer = ~failed & (fb.abs() < fa.abs())
    place, place_value = torch.where(nearer, tb, ta), torch.where(nearer, fb, fa)
    rows = (~failed & (place_value.abs() > bound)).nonzero().squeeze(1)
    active = [t.index_select(0, rows) for t in (ta, tb, fa, fb, bound)]
    for trial in trials:
        for _ in range(max_steps):
            if not len(rows):
                break
            ta, tb, fa, fb, bound = active
            t = trial(ta, tb, fa, fb)
            value = evaluate(rows, t)
            size = value.abs()
            stay = (size > bound).nonzero().squeeze(1)  # neither arrived nor NaN
            if not torch.isfinite(size.sum()):
                bad = ~torch.isfinite(value)
                failed.index_fill_(0, rows[bad], True)
                rows, t, value, ta, tb, fa, fb, bound = (
                    v[~bad] for v in (rows, t, value, ta, tb, fa, fb, bound)
                )
                stay = (value.abs() > bound).nonzero().squeeze(1)
            steps.index_add_(0, rows, torch.ones_like(rows))
            place.index_copy_(0, rows, t)
            place_value.index_copy_(0, rows, value)
            # [ta, tb] keeps tb as the newest end; on the same side ta stays and fa is halved.
            crosses = value * fb < 0
            active = [torch.where(crosses, tb, ta), t, torch.where(crosses, fb, 0.5 * fa), value]
            active.append(bound)
            if len(stay) < len(rows):
                rows, *active = (v.index_select(0, stay) for v in (rows, *active))
    return place, place_value, failed, steps
