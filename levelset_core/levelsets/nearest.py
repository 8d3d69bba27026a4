"""Nearest points of a level set, in L2, L_inf or L1 (Sec. 3.2; the search is an extension)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.descent import Found, Problem, linear_move, search_from
from levelset_core.levelsets.functions import (
    TOL,
    Network,
    as_points,
    check_range,
    check_search,
    outputs_of,
    row_by_row,
)
from levelset_core.levelsets.jacobian import NORMS, expand_rows
from levelset_core.levelsets.norms import Box, check_box, inverse_in_box, random_in_ball
from levelset_core.levelsets.projection import expand_level
from levelset_core.levelsets.samples import LevelSetSamples, residual_norm
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: Newton steps from a random place, at most.
STEPS_FROM_RANDOM = 5
#: Places on a segment at which the sign of F is looked at; after a warm start.
LOOKS, LOOKS_WARM = 4, 1


@dataclass(frozen=True, repr=False, kw_only=True)
class NearestSamples(LevelSetSamples):
    """Level set samples p with what is known of x's distance; every loss takes them.

    Attributes:
        distance: ||x - p|| in ``norm``, (n,); infinite where no level set point was found.
        optimality: the first-order residual, (n,): 1 - d' / d, where d' is x's distance to the
            level set of F linearized at p (within the box). It is 0 where x - p is parallel to
            the smallest move D_xF(p)^+, and says how much nearer p could come to first order, in
            parts of d. Infinite where no level set point was found.
        optimal: the first-order conditions hold, optimality <= ``rtol``, (n,) bool. The others
            are ordinary level set points; at a kink of a ReLU network the nearest point may be
            one of them.
    """

    distance: Tensor
    optimality: Tensor
    optimal: Tensor


@row_by_row
@torch.no_grad()
def nearest_points(
    f: Network,
    x: Tensor,
    *,
    level: float | Tensor = 0.0,
    norm: str = "l2",
    box: Box | None = None,
    starts: int | Tensor = 4,
    draws: int = 1,
    warm: Tensor | LevelSetSamples | None = None,
    max_steps: int = 20,
    tol: float | None = None,
    rtol: float = 1e-3,
    max_jump: float = 100.0,
    args: tuple[Tensor, ...] = (),
    generator: torch.Generator | None = None,
) -> NearestSamples:
    """The points of {F = level} nearest to x, as far as they can be found.

    F is linearized at p, and x projected: q = x + D_xF(p)^+ [<D_xF(p), p - x> - (F(p) - level)]
    with D_xF^+ of the norm. Where the way from x to q crosses the level set is the next p; a step
    that brings nothing nearer is shortened towards the last p. Fixed points fulfil the
    first-order conditions of the nearest point. The search starts at Newton's foot (Eq. 4), then
    at random places in the ball that the point found so far spans; the nearest point wins. It
    stays a local search: ``distance`` is an upper bound.

    Args:
        f: F, (n, *d) -> (n,) or (n, 1), or (n, l) in L2; a module is in evaluation mode meanwhile.
        x: (n, *d) floating point. A row that is not finite fails at the origin.
        level: a number; (n,) for a scalar F; (l,) or (n, l) for a vector-valued one.
        norm: of the distance and of D_xF^+: "l2", "linf" or "l1". Several outputs: "l2" alone.
        box: (low, high) of every coordinate, (0, 1) for images: p stays inside, and a coordinate
            at its wall makes no more room. For a scalar F.
        starts: how many random places each point tries; or places to start from, (n, *d) or
            (k, n, *d), those of an attack say. 0 is fastest.
        draws: how many random places are drawn for each start; the one taken is the nearest that
            lies beyond the level set, if one does. One evaluation of F finds much nearer points
            in few dimensions.
        warm: the points of a training's last step, (n, *d) or samples: the search starts there
            in place of Newton's foot, which costs few evaluations. Rows that are not finite or
            have failed start at x.
        max_steps: Newton steps, then steps of the search, at most.
        tol: |F - level|, in F's units. ``None`` is 1e-6, or 8 eps |F(x) - level| if that is more.
        rtol: first-order residual up to which a point is ``optimal``; the search goes on to a
            hundredth of it.
        max_jump, args: as in :func:`levelset_core.project`.
        generator: of the random places; ``None`` seeds one with 0.

    Raises:
        LevelsetError: as :func:`levelset_core.project`; an unknown norm; places of another shape.
    """
    choose("norm", norm, NORMS)
    check_search(max_steps, tol, max_jump)
    check_range(rtol=rtol, starts=starts if isinstance(starts, int) else None)
    x = as_points(x, f).detach()
    finite = torch.isfinite(x.flatten(1)).all(1)
    x = torch.where(expand_rows(finite, x), x, 0.0 if box is None else box[0])
    check_box(box, x)
    value = outputs_of(f(x, *args), x)
    target = expand_level(level, value)
    at = Problem(
        f, args, x, torch.where(expand_rows(finite, target), target, torch.nan), value - target,
        _tolerance(tol, value - target), norm, box, max_steps, max_jump, rtol,
    )  # fmt: skip
    rows, free = torch.arange(len(x), device=x.device), torch.full_like(at.tol, torch.inf)
    if warm is None:
        found = search_from(at, rows, x, max_steps, LOOKS, free)
    else:
        found = search_from(at, rows, _warm(warm, x), max_steps, LOOKS_WARM, free)
        lost = (~found.ok).nonzero().squeeze(1)
        if len(lost):
            found = _nearest(at, found, search_from(at, lost, x[lost], max_steps, LOOKS, free))
    more = _further(at, found, starts, draws, generator)
    if len(more):
        rows, limit = rows.repeat(len(more)), _distances(at, found)
        tried = search_from(at, rows, more.flatten(0, 1), STEPS_FROM_RANDOM, LOOKS, limit)
        found = _nearest(at, found, tried)
    return _samples(at, found, target, rtol)


def _tolerance(tol: float | None, start: Tensor) -> Tensor:
    """|F - level| of a point that has arrived, (n,): what rounding allows."""
    size = residual_norm(start).nan_to_num(0.0, 0.0, 0.0)
    if tol is not None:
        return torch.full_like(size, tol)
    return (8 * torch.finfo(start.dtype).eps * size).clamp_min(TOL)


def _warm(warm: Tensor | LevelSetSamples, x: Tensor) -> Tensor:
    """Last step's points; x itself where there is none."""
    lost = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    points: object = warm
    if isinstance(warm, LevelSetSamples):
        points, lost = warm.points, warm.failed
    if not isinstance(points, Tensor) or points.shape != x.shape:
        shape = tuple(points.shape) if isinstance(points, Tensor) else type(points).__name__
        raise LevelsetError(f"warm holds a point for each of x, {tuple(x.shape)}: got {shape}.")
    points = points.detach().to(x)
    sound = torch.isfinite(points.flatten(1)).all(1) & ~lost
    return torch.where(expand_rows(sound, x), points, x)


def _further(
    at: Problem, found: Found, starts: int | Tensor, draws: int, generator: torch.Generator | None
) -> Tensor:
    """Places to start from besides, (k, n, *d): those given, or random ones in the ball of p."""
    if isinstance(starts, Tensor):
        places = starts if starts.ndim > at.x.ndim else starts[None]
        if places.shape[1:] != at.x.shape:
            raise LevelsetError(
                f"starts is a number, (n, *d) or (k, n, *d) with (n, *d) = {tuple(at.x.shape)}: "
                f"got {tuple(starts.shape)}."
            )
        places = places.detach().to(at.x)
        lost = ~torch.isfinite(places.flatten(2)).all(2)
        return torch.where(lost.reshape(*lost.shape, *(1,) * (at.x.ndim - 1)), at.x, places)
    if not starts:
        return at.x.new_empty(0, *at.x.shape)
    generator = generator or torch_generator(0)
    x = at.x.repeat(starts * draws, *(1,) * (at.x.ndim - 1))
    offset = random_in_ball(x, at.norm, generator).reshape(starts * draws, *at.x.shape)
    radius = _distances(at, found).expand(starts * draws, -1)
    # Where nothing is known of how far: three orders of magnitude around 1 + |x|.
    power = torch.rand(radius.shape, generator=generator, device=generator.device).to(at.x)
    wide = (1 + at.x.flatten(1).abs().amax(1)) * 10 ** (3 * power - 1.5)
    radius = torch.where(torch.isfinite(radius), radius, wide)
    radius = radius.reshape(*radius.shape, *(1,) * (at.x.ndim - 1))
    places = at.inside(at.x + radius * offset)
    return places if draws == 1 else _beyond(at, places, draws)


def _beyond(at: Problem, places: Tensor, draws: int) -> Tensor:
    """Of each x's draws, (k * draws, n, *d), the nearest beyond the level set or the first."""
    rows = torch.arange(len(at.x), device=at.x.device).repeat(len(places))
    flat = places.flatten(0, 1)
    over = at.beyond(rows, at.value(rows, flat))
    away = torch.where(over, at.distance(rows, flat), torch.inf)
    best = away.reshape(-1, draws, len(at.x)).argmin(1)  # (k, n)
    groups = places.reshape(-1, draws, *at.x.shape)
    index = best.reshape(len(best), 1, *best.shape[1:], *(1,) * (at.x.ndim - 1))
    return groups.gather(1, index.expand(-1, 1, *at.x.shape)).squeeze(1)


def _distances(at: Problem, found: Found) -> Tensor:
    """How far the points found are, (m,); infinite where there is none."""
    return torch.where(found.ok, at.distance(found.rows, found.points), torch.inf)


def _nearest(at: Problem, first: Found, *others: Found) -> Found:
    """Of every x the nearest point; the first's where nothing was found."""
    each = (first, *others)
    both = Found(*(torch.cat([getattr(s, part.name) for s in each]) for part in fields(Found)))
    distance = _distances(at, both)
    best = torch.full_like(at.tol, torch.inf).scatter_reduce(0, both.rows, distance, "amin")
    place = torch.arange(len(distance), device=distance.device)
    chosen = torch.full_like(first.rows, len(distance)).scatter_reduce(
        0, both.rows, torch.where(distance <= best[both.rows], place, len(distance)), "amin"
    )
    return Found(*(getattr(both, part.name)[chosen] for part in fields(Found)))


def _samples(at: Problem, found: Found, level: Tensor, rtol: float) -> NearestSamples:
    free = None
    if at.box is not None:
        _, free = linear_move(at, found.rows, found.points, found.values, found.jacobian)
    pinv, full_rank = inverse_in_box(found.jacobian, found.values.ndim == 2, at.norm, free)
    sound = full_rank & torch.isfinite(residual_norm(found.values))
    failed = found.failed | ~sound
    values = torch.where(expand_rows(sound, found.values), found.values, 0.0)
    gap = torch.where(found.ok & sound, found.gap, torch.inf)
    start = torch.where(torch.isfinite(at.start), at.start, 0.0)
    converged = found.ok & ~failed & (residual_norm(values) <= at.tol)
    return NearestSamples(
        found.points, values, torch.where(expand_rows(failed, pinv), 0.0, pinv),
        converged, failed, found.steps, level, start, at.args, norm=at.norm, free=free,
        distance=_distances(at, found), optimality=gap, optimal=gap <= rtol,
    )  # fmt: skip
