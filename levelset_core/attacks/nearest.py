"""Points of S^y nearer to an image in the max norm, from one that is known (ours)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from levelset_core.attacks.boundary import BoundaryPoints, segment_points
from levelset_core.attacks.modes import evaluating
from levelset_core.levelsets import class_margin
from levelset_core.levelsets.jacobian import expand_rows, value_and_jacobian

#: How far beyond the linearized boundary false position looks for a change of sign.
BEYOND = 1.25
HALVINGS = 20


def nearer_points(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    known: BoundaryPoints,
    *,
    rounds: int = 4,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> BoundaryPoints:
    """Upper bounds of the distance to S^y that are no larger, and mostly much smaller.

    Each round projects x onto the tangent plane of S^y at p, within the pixels' bounds and by the
    shortest step in L_inf (the projection of FAB; Croce and Hein, 2020), and searches the zero of
    F^y on the ray through that place by false position. A point is kept where it is nearer.

    Args:
        f, x, y: as in :func:`levelset_core.attacks.newton_points`.
        known: a point of S^y for each image; those without one stay without.
        rounds: how often.
        bounds: lowest and highest pixel.
    """
    margin = class_margin(f)
    best, base = known, known.points
    rows = known.found.nonzero().squeeze(1)
    for _ in range(rounds):
        if not len(rows):
            break
        own, label = x[rows], y[rows]
        with evaluating(f):
            value, jacobian = value_and_jacobian(margin, base[rows], (label,))
        at_x = value + (jacobian * (own - base[rows])).flatten(1).sum(1)
        ends = tangent_points(own, at_x, jacobian, bounds, BEYOND)
        found = segment_points(f, own, ends, label)
        nearer = found.found & (found.linf < best.linf[rows])
        best = _with_rows(best, rows[nearer], found, nearer)
        base = best.points
        rows = rows[nearer]  # what does not come nearer would do the same again
    return best


def tangent_points(
    x: Tensor, value: Tensor, jacobian: Tensor, bounds: tuple[float, float], beyond: float = 1.0
) -> Tensor:
    """The nearest point of {z: value + D (z - x) = 0} in L_inf within the bounds, (n, *d).

    Every pixel moves by the same t against the sign of D, as far as its bounds allow; t is found
    by halving. Where the plane lies outside the bounds, it is the corner towards it.

    Args:
        x: (n, *d).
        value: of the affine function at x, (n,).
        jacobian: D, (n, *d).
        bounds: lowest and highest pixel.
        beyond: the step is made so many times as long.
    """
    towards = -expand_rows(value.sign(), x) * jacobian.sign()

    def moved(t: Tensor) -> Tensor:
        return (x + expand_rows(t, x) * towards).clamp(*bounds)

    low, high = torch.zeros_like(value), torch.full_like(value, bounds[1] - bounds[0])
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        change = (jacobian * (moved(middle) - x)).flatten(1).sum(1)
        enough = change.abs() >= value.abs()
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return moved(beyond * high)


def _with_rows(
    best: BoundaryPoints, rows: Tensor, found: BoundaryPoints, chosen: Tensor
) -> BoundaryPoints:
    fields = {}
    for name in ("points", "values", "found", "linf", "l2"):
        old: Tensor = getattr(best, name)
        fields[name] = old.index_copy(0, rows, getattr(found, name)[chosen])
    return BoundaryPoints(**fields)
