"""From a point of a level set to nearer ones: linearize F, project x, cross the level set."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.levelsets.functions import Network, outputs_of
from levelset_core.levelsets.jacobian import expand_rows, value_and_jacobian
from levelset_core.levelsets.norms import Box, length, smallest_move
from levelset_core.levelsets.projection import project
from levelset_core.levelsets.samples import residual_norm
from levelset_core.levelsets.segment import zero_between

#: Steps of false position on a segment at most, and of bisection after them.
SEGMENT_STEPS = 20
#: Newton steps that bring a trial back to a level set of several outputs.
CORRECTIONS = 5
#: A step that brings nothing is shortened by this, and the search ends below the least scale.
SHORTER, LEAST_SCALE = 0.25, 1e-3
#: A step must bring this part of what the linearization promises.
LEAST_GAIN = 0.1


@dataclass(frozen=True)
class Problem:
    """Nearest points of {F = level} to every x: what does not change during the search.

    Attributes:
        f: F, (m, *d) -> (m,) or (m, l); args: its further rows, (n, ...).
        x: (n, *d), finite.
        level: (n[, l]).
        start: F(x) - level, (n[, l]).
        tol: |F - level| of a point that has arrived, (n,).
        norm, box, max_steps, max_jump: see :func:`levelset_core.nearest_points`.
        stop: first-order residual at which a point stops.
    """

    f: Network
    args: tuple[Tensor, ...]
    x: Tensor
    level: Tensor
    start: Tensor
    tol: Tensor
    norm: str
    box: Box | None
    max_steps: int
    max_jump: float
    stop: float

    def value(self, rows: Tensor, points: Tensor) -> Tensor:
        """F - level at points that belong to rows of x, (m[, l])."""
        value = outputs_of(self.f(points, *self.args_of(rows)), points)
        return value - self.level.index_select(0, rows)

    def linear(self, rows: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """F - level and D_xF there, (m[, l]) and (m, *d[, l])."""
        value, jacobian = value_and_jacobian(self.f, points, self.args_of(rows))
        return value - self.level.index_select(0, rows), jacobian

    def args_of(self, rows: Tensor) -> tuple[Tensor, ...]:
        return tuple(a.index_select(0, rows) for a in self.args)

    def distance(self, rows: Tensor, points: Tensor) -> Tensor:
        """||x - p||, (m,)."""
        return length(points - self.x.index_select(0, rows), self.norm)

    def inside(self, points: Tensor) -> Tensor:
        return points if self.box is None else points.clamp(*self.box)

    def arrived(self, rows: Tensor, values: Tensor) -> Tensor:
        return residual_norm(values) <= self.tol.index_select(0, rows)

    def beyond(self, rows: Tensor, values: Tensor) -> Tensor:
        """Whether F changed its sign since x, (m,); never for several outputs."""
        if values.ndim == 2:
            return torch.zeros(len(values), dtype=torch.bool, device=values.device)
        return values * self.start.index_select(0, rows) < 0


@dataclass
class Found:
    """Level set points of some rows of x, as the search goes on.

    Attributes:
        rows: whose points they are, (m,) int.
        points, values, jacobian: p, F(p) - level, D_xF(p).
        ok: whether p is one of the level set, (m,) bool.
        failed: whether Newton, which should have found one, failed, (m,) bool.
        gap: first-order residual; infinite where not known, (m,).
        steps: (m,) int.
    """

    rows: Tensor
    points: Tensor
    values: Tensor
    jacobian: Tensor
    ok: Tensor
    failed: Tensor
    gap: Tensor
    steps: Tensor


def search_from(
    at: Problem, rows: Tensor, places: Tensor, newton_steps: int, looks: int, limit: Tensor
) -> Found:
    """From places on either side of the level set, or on it, to points as near as they lead to.

    A place beyond the level set gives the first crossing on the way to it, another one the
    crossing on the way to its Newton foot; :func:`descend` goes on from there.

    Args:
        rows, places: whose places they are, (m,) int, and where, (m, *d).
        newton_steps: at most.
        looks: see :func:`first_crossing`.
        limit: see :func:`descend`.
    """
    values = at.value(rows, places)
    ends, failed = places.clone(), torch.zeros_like(rows, dtype=torch.bool)
    near = (~at.beyond(rows, values)).nonzero().squeeze(1)
    if len(near):
        row = rows[near]
        foot = project(
            at.f, places[near], level=at.level[row], args=at.args_of(row), max_steps=newton_steps,
            tol=float(at.tol.min()), max_jump=at.max_jump, norm=at.norm, box=at.box,
        )  # fmt: skip
        ends[near], failed[near] = foot.points, foot.failed
        values[near] = torch.where(expand_rows(foot.failed, values), torch.nan, foot.values)
    points, ok = first_crossing(at, rows, ends, values, looks)
    return descend(at, rows, points, ok, failed & ~ok, limit)


def first_crossing(
    at: Problem, rows: Tensor, ends: Tensor, values: Tensor, looks: int
) -> tuple[Tensor, Tensor]:
    """The first point of the level set on the segment from x to each end.

    Between the looks, which are even, a pair of crossings can hide.

    Args:
        values: F - level at the ends.
        looks: places on the segment at which the sign of F is looked at.

    Returns:
        The points, (m, *d), and which rows have one, (m,) bool: those whose end has arrived or
        lies beyond the level set.
    """
    arrived, beyond = at.arrived(rows, values), at.beyond(rows, values)
    ok = (arrived | beyond) & torch.isfinite(ends.flatten(1)).all(1)
    if values.ndim == 2 or not len(rows):
        return ends, ok
    t = torch.linspace(0.0, 1.0, looks + 2, dtype=ends.dtype, device=ends.device)
    good = ok.nonzero().squeeze(1)
    r, b, x = rows[good], ends[good], at.x[rows[good]]
    between = torch.stack([torch.lerp(x, b, s) for s in t[1:-1]]) if looks else b[None, :0]
    seen = at.value(r.repeat(looks), between.flatten(0, 1)).reshape(looks, len(r))
    along = torch.cat([at.start[r][None], seen, values[good][None]])  # (looks + 2, m)
    over = along * along[0] < 0
    k = over.to(torch.uint8).argmax(0)  # the first beyond; 0 if there is none
    crosses = over.any(0)
    points = ends.clone()
    one = crosses.nonzero().squeeze(1)
    if len(one):
        k = k[one][None]
        points[good[one]] = between_ends(
            at, r[one], x[one], b[one], t[k[0] - 1], t[k[0]],
            along[:, one].gather(0, k - 1)[0], along[:, one].gather(0, k)[0],
        )  # fmt: skip
    return points, ok


def between_ends(
    at: Problem, rows: Tensor, a: Tensor, b: Tensor, ta: Tensor, tb: Tensor, fa: Tensor, fb: Tensor
) -> Tensor:
    """The zero on a + t (b - a) between ta and tb, whose values have opposite signs, (m, *d)."""

    def evaluate(some: Tensor, t: Tensor) -> Tensor:
        r, begin, end = (v.index_select(0, some) for v in (rows, a, b))
        return at.value(r, torch.lerp(begin, end, expand_rows(t, a)))

    sound, bound = torch.ones_like(fa, dtype=torch.bool), 0.5 * at.tol.index_select(0, rows)
    t, _, _, _ = zero_between(evaluate, ta, tb, fa, fb, sound, bound, SEGMENT_STEPS)
    return torch.lerp(a, b, expand_rows(t, a))


def descend(
    at: Problem, rows: Tensor, points: Tensor, ok: Tensor, failed: Tensor, limit: Tensor
) -> Found:
    """Points of the level set nearer to x than the given ones, step by step.

    Args:
        rows, points: level set points and whose they are.
        ok: which of them to follow, (m,) bool; failed: passed on.
        limit: of each x, (n,): a point whose linearization is further away stops.
    """
    points = points.clone()
    values, jacobian = at.linear(rows, points)
    limits = limit.index_select(0, rows)
    gap = torch.full_like(at.tol.index_select(0, rows), torch.inf)
    steps = torch.zeros_like(rows)
    scale = torch.ones_like(gap)
    live = ok.nonzero().squeeze(1)
    for step in range(at.max_steps + 1):
        row, p, value, slope, s, bound = (
            t.index_select(0, live) for t in (rows, points, values, jacobian, scale, limits)
        )
        d = at.distance(row, p)
        move = linear_move(at, row, p, value, slope)[0]
        near = length(move, at.norm)
        left = torch.where(d > 0, 1 - near / d, 0.0).clamp_min(0.0).nan_to_num(torch.inf)
        gap.index_copy_(0, live, left)
        go = (left > at.stop) & torch.isfinite(near) & (s > LEAST_SCALE)
        go &= near < torch.minimum(d, bound)
        chosen = go.nonzero().squeeze(1)
        if step == at.max_steps or not len(chosen):
            break
        live, row, p, d, move, s, left = (
            t.index_select(0, chosen) for t in (live, row, p, d, move, s, left)
        )
        trial = at.inside(torch.lerp(p, at.x.index_select(0, row) + move, expand_rows(s, p)))
        reach = d * (1 - LEAST_GAIN * s * left)
        q, better = (_cross if values.ndim == 1 else _correct)(at, row, trial, reach)
        steps.index_add_(0, live, torch.ones_like(live))
        scale.index_copy_(0, live, torch.where(better, (2 * s).clamp_max(1.0), SHORTER * s))
        won = better.nonzero().squeeze(1)
        if len(won):
            win, q = live.index_select(0, won), q.index_select(0, won)
            points.index_copy_(0, win, q)
            value, slope = at.linear(row.index_select(0, won), q)
            values.index_copy_(0, win, value)
            jacobian.index_copy_(0, win, slope)
    return Found(rows, points, values, jacobian, ok, failed, gap, steps)


def linear_move(
    at: Problem, rows: Tensor, points: Tensor, values: Tensor, jacobian: Tensor
) -> tuple[Tensor, Tensor]:
    """From x to the nearest point of F's level set, linearized at p; its free coordinates."""
    x = at.x.index_select(0, rows)
    away = points - x
    amount = (
        torch.linalg.vecdot(jacobian.flatten(1), away.flatten(1))
        if values.ndim == 1
        else torch.einsum("nd,ndl->nl", away.flatten(1), jacobian.flatten(1, -2))
    )
    return smallest_move(jacobian, amount - values, at.norm, x, at.box)


def _cross(at: Problem, rows: Tensor, trial: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
    """Where the way from x through the trial, ``reach`` long, crosses the level set; if it does."""
    x = at.x.index_select(0, rows)
    value = at.value(rows, trial)
    away = at.distance(rows, trial)
    hit = at.arrived(rows, value)
    over = at.beyond(rows, value) & ~hit
    q = trial.clone()
    short = (~hit & ~over & torch.isfinite(value) & (away < reach)).nonzero().squeeze(1)
    found = hit & (away <= reach) | over
    begin, end, fb = x.clone(), trial.clone(), value.clone()
    fa = at.start.index_select(0, rows)
    if len(short):
        stretch = expand_rows(reach[short] / away[short], x)
        far = at.inside(x[short] + stretch * (trial[short] - x[short]))
        value_far = at.value(rows[short], far)
        begin[short], end[short], fa = trial[short], far, fa.index_copy(0, short, value[short])
        fb[short] = value_far
        found[short] = at.beyond(rows[short], value_far)
    search = (found & ~hit).nonzero().squeeze(1)
    if len(search):
        row, begin, end, fa, fb = (t.index_select(0, search) for t in (rows, begin, end, fa, fb))
        zero = torch.zeros_like(fa)
        crossing = between_ends(at, row, begin, end, zero, zero + 1, fa, fb)
        q.index_copy_(0, search, crossing)
    return q, found & (at.distance(rows, q) <= reach)


def _correct(at: Problem, rows: Tensor, trial: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
    """The trial's Newton foot, and whether it is nearer than ``reach``."""
    foot = project(
        at.f, trial, level=at.level[rows], args=at.args_of(rows), max_steps=CORRECTIONS,
        tol=float(at.tol.min()), norm=at.norm,
    )  # fmt: skip
    return foot.points, foot.converged & (at.distance(rows, foot.points) <= reach)
