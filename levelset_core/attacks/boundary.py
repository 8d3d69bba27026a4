"""The nearest point of the decision boundary S^y, as far as it can be found (Sec. 2.1, 3.2).

Every distance is an upper bound: the boundary may come nearer elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.attacks.pgd import margin_of, pgd
from levelset_core.levelsets import class_margin, false_position, project
from levelset_core.levelsets.distances import rho_axis
from levelset_core.levelsets.functions import evaluating
from levelset_core.levelsets.jacobian import expand_rows, value_and_jacobian
from levelset_core.settings import choose

NORMS = ("linf", "l2")
#: |F^y| at which a point counts as one of the boundary, in parts of |F^y(x)|.
RELATIVE_TOL = 1e-3


@dataclass(frozen=True)
class BoundaryPoints:
    """Points of S^y = {F^y = 0}, one for every image.

    Attributes:
        points: (n, *d); the image itself where none was found.
        values: F^y there, (n,).
        found: (n,) bool.
        linf, l2: distances from the images, (n,); infinite where none was found.
    """

    points: Tensor
    values: Tensor
    found: Tensor
    linf: Tensor
    l2: Tensor


def newton_points(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    *,
    norm: str = "l2",
    max_steps: int = 20,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> BoundaryPoints:
    """Generalized Newton towards S^y, by the step of least length in a norm.

    "l2": p <- p - F D_xF / |D_xF|_2^2, Eq. 5. "linf": p <- p - F sign(D_xF) / |D_xF|_1, its
    counterpart, clipped to the bounds. Where "l2" ends outside the bounds it begins again,
    clipped, and moves only pixels that have room.

    Args:
        f: logits, (n, *d) -> (n, classes).
        x, y: images, (n, *d), and their classes, (n,).
        norm: "l2" or "linf".
        max_steps: Newton steps at most.
        bounds: lowest and highest pixel.

    Raises:
        LevelsetError: unknown norm.
    """
    choose("norm", norm, NORMS)
    margin = class_margin(f)
    with evaluating(f):
        if norm == "l2":
            with torch.no_grad():
                scale = float(margin(x, y).abs().median())
            samples = project(
                margin, x, max_steps=max_steps, tol=RELATIVE_TOL * scale, max_jump=10.0, args=(y,)
            )
            p, values, found = samples.points, samples.values, samples.converged
            low, high = bounds
            found = found & ((p >= low - 1e-6) & (p <= high + 1e-6)).flatten(1).all(1)
            rows = (~found).nonzero().squeeze(1)
            if len(rows):
                again = _newton_clipped(margin, x[rows], y[rows], norm, max_steps, bounds)
                p, values, found = (
                    old.index_copy(0, rows, new)
                    for old, new in zip((p, values, found), again, strict=True)
                )
        else:
            p, values, found = _newton_clipped(margin, x, y, norm, max_steps, bounds)
    return _measured(x, p, values, found)


def _newton_clipped(
    margin: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    norm: str,
    max_steps: int,
    bounds: tuple[float, float],
) -> tuple[Tensor, Tensor, Tensor]:
    p = x.detach()
    tol: Tensor | None = None
    for step in range(max_steps + 1):
        value, jacobian = value_and_jacobian(margin, p, (y,))
        tol = RELATIVE_TOL * value.abs().median() if tol is None else tol
        found = value.abs() <= tol
        if step == max_steps or found.all():
            break
        if norm == "l2":
            towards = -expand_rows(value.sign(), p) * jacobian
            room = torch.where(towards > 0, p < bounds[1], p > bounds[0])
            direction = jacobian * room
        else:
            direction = jacobian.sign()
        slope = (jacobian * direction).flatten(1).sum(1)
        move = torch.where(found | (slope < 1e-8), 0.0, value / slope.clamp_min(1e-8))
        p = (p - expand_rows(move, p) * direction).clamp(*bounds)
    return p, value, found


def attack_points(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    *,
    epsilons: Sequence[float] = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5),
    steps: int = 20,
    generator: torch.Generator | None = None,
) -> BoundaryPoints:
    """False position between an image and where PGD on the margin breaks it.

    Boxes are tried from the smallest on; an image leaves at the first that breaks it.

    Args:
        f, x, y: as in :func:`newton_points`.
        epsilons: growing half sides of the boxes.
        steps: of PGD in each, 2.5 epsilon / steps long.
        generator: of the starts.
    """
    ends = x.clone()
    with evaluating(f):
        with torch.no_grad():
            right = margin_of(f(x), y) > 0
        left = right.nonzero().squeeze(1)
        for epsilon in epsilons:
            if not len(left):
                break
            result = pgd(
                f, x[left], y[left], epsilon=epsilon, step=2.5 * epsilon / steps, steps=steps,
                generator=generator,
            )  # fmt: skip
            gone = left[result.broken]
            ends[gone] = result.images[result.broken]
            left = left[~result.broken]
    return segment_points(f, x, ends, y)


def segment_points(
    f: Callable[[Tensor], Tensor], x: Tensor, ends: Tensor, y: Tensor
) -> BoundaryPoints:
    """The zero of F^y on the segment from each image to its end, by false position (Sec. 3.2).

    None is found where F^y has the same sign at both.

    Args:
        f, x, y: as in :func:`newton_points`.
        ends: where the segments end, (n, *d).
    """
    margin = class_margin(f)
    with evaluating(f):
        with torch.no_grad():
            tol = RELATIVE_TOL * float(margin(x, y).abs().median())
        samples = false_position(margin, x, ends, tol=tol, args=(y,))
    return _measured(x, samples.points, samples.values, samples.usable(tol))


def rho_axes(f: Callable[[Tensor], Tensor], points: Tensor, y: Tensor) -> Tensor:
    """The axis i = argmax |D_xF^y(p)| that rho looks along at each point (Sec. 3.2), (n,) int.

    It counts the numbers of an image in their order in memory: channel, row, column.
    """
    with evaluating(f):
        _, jacobian = value_and_jacobian(class_margin(f), points, (y,))
    return rho_axis(jacobian)


def margin_along(
    f: Callable[[Tensor], Tensor], x: Tensor, end: Tensor, y: Tensor, count: int = 101
) -> Tensor:
    """F^y at ``count`` even places on each segment from x to end, (n, count)."""
    with evaluating(f), torch.no_grad():
        values = [
            margin_of(f(torch.lerp(x, end, float(t))), y) for t in torch.linspace(0.0, 1.0, count)
        ]
    return torch.stack(values, 1)


def _measured(x: Tensor, p: Tensor, values: Tensor, found: Tensor) -> BoundaryPoints:
    points = torch.where(expand_rows(found, x), p, x)
    away = (points - x).flatten(1)
    linf = torch.where(found, away.abs().amax(1), torch.inf)
    l2 = torch.where(found, torch.linalg.vector_norm(away, dim=1), torch.inf)
    return BoundaryPoints(points, values, found, linf, l2)
