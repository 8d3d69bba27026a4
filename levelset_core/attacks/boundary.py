"""The nearest point of the decision boundary S^y, as far as it can be found (Sec. 2.1, 3.2).

Every distance is an upper bound: the boundary may come nearer elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.attacks.pgd import margin_of, pgd
from levelset_core.levelsets import class_margin, false_position, nearest_points, project
from levelset_core.levelsets.distances import rho_axis
from levelset_core.levelsets.functions import evaluating
from levelset_core.levelsets.jacobian import expand_rows, value_and_jacobian
from levelset_core.levelsets.norms import smallest_move
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
    """Generalized Newton towards S^y, by the step of least length in a norm, inside the bounds.

    It is :func:`levelset_core.project` with ``norm`` and ``box``: some point of S^y, near for an
    F that is nearly affine. Where Newton jumps to and fro across S^y, the point is the one on the
    way from the image to the last jump. For the nearest see :func:`nearest_boundary_points`.

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
    samples = project(
        margin, x, norm=norm, box=bounds, max_steps=max_steps, tol=_tolerance(margin, x, y),
        max_jump=10.0, args=(y,),
    )  # fmt: skip
    p, values, found = samples.points, samples.values, samples.converged
    lost = (~found).nonzero().squeeze(1)
    if len(lost):
        way = segment_points(f, x[lost], p[lost], y[lost])
        p, values, found = (
            old.index_copy(0, lost, new)
            for old, new in ((p, way.points), (values, way.values), (found, way.found))
        )
    return _measured(x, p, values, found)


def nearest_boundary_points(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    *,
    norm: str = "linf",
    classes: int = 3,
    starts: Tensor | None = None,
    max_steps: int = 20,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> BoundaryPoints:
    """The nearest points of S^y that :func:`levelset_core.nearest_points` finds.

    It starts at Newton's foot, and at one step towards each of the classes whose boundaries the
    linearized logits put nearest.

    Args:
        f, x, y, norm, bounds: as in :func:`newton_points`.
        classes: how many classes to step towards.
        starts: further places to start from, (k, n, *d), the ends of attacks say.
        max_steps: of the search, at most.

    Raises:
        LevelsetError: unknown norm.
    """
    choose("norm", norm, NORMS)
    margin = class_margin(f)
    with evaluating(f):
        places = _towards_classes(f, x, y, classes, norm, bounds)
        places = places if starts is None else torch.cat([places, starts])
        samples = nearest_points(
            margin, x, norm=norm, box=bounds, starts=places, max_steps=max_steps,
            tol=_tolerance(margin, x, y), max_jump=10.0, args=(y,),
        )  # fmt: skip
    return _measured(x, samples.points, samples.values, samples.converged)


def _tolerance(margin: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    with evaluating(margin), torch.no_grad():
        return RELATIVE_TOL * float(margin(x, y).abs().median())


def _towards_classes(
    f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, count: int, norm: str,
    bounds: tuple[float, float],
) -> Tensor:  # fmt: skip
    """x moved to where f_y = f_i, linearized, for the ``count`` largest i != y, (count, n, *d)."""
    with torch.no_grad():
        logits = f(x)
    others = logits.scatter(1, y[:, None], -torch.inf)
    count = min(count, logits.shape[1] - 1)

    def lead(q: Tensor, own: Tensor, other: Tensor) -> Tensor:
        both = f(q).gather(1, torch.stack([own, other], 1))
        return both[:, 0] - both[:, 1]

    places = []
    for other in others.topk(count, dim=1).indices.unbind(1):
        value, jacobian = value_and_jacobian(lead, x, (y, other))
        move, _ = smallest_move(jacobian, -value, norm, x, bounds)
        places.append((x + move).clamp(*bounds))
    return torch.stack(places) if places else x.new_empty(0, *x.shape)


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
        tol = _tolerance(margin, x, y)
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
