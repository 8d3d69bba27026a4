"""One image under PGD: every iterate, where it meets its decision boundary S^y, F^y on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.attacks.balls import box, uniform_in
from levelset_core.attacks.boundary import (
    BoundaryPoints,
    attack_points,
    margin_along,
    newton_points,
    rho_axes,
    segment_points,
)
from levelset_core.attacks.pgd import LOSSES, check_attack, margin_of, projected_ascent
from levelset_core.levelsets.functions import evaluating
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: Half sides of the boxes that an attack on the way to S^y tries.
BOXES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


@dataclass(frozen=True)
class Trajectory:
    """The iterates of PGD on one image.

    Attributes:
        image: x, (*d).
        label: its class y.
        points: x_0 (the start), x_1, ..., x_steps, (steps + 1, *d).
        logits: f at each, (steps + 1, classes).
        image_logits: f(x), (classes,).
    """

    image: Tensor
    label: int
    points: Tensor
    logits: Tensor
    image_logits: Tensor

    def __len__(self) -> int:
        return len(self.points)

    @property
    def margins(self) -> Tensor:
        """F^y at each iterate, (steps + 1,)."""
        return margin_of(self.logits, self._label(len(self)))

    @property
    def image_margin(self) -> float:
        """F^y(x)."""
        return float(margin_of(self.image_logits[None], self._label(1)))

    @property
    def first_broken(self) -> int | None:
        """The first step whose iterate is classified otherwise than y; None if none is."""
        wrong = (self.logits.argmax(1) != self.label).nonzero()
        return int(wrong[0]) if len(wrong) else None

    def _label(self, n: int) -> Tensor:
        return torch.full((n,), self.label, device=self.logits.device)


def pgd_trajectory(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: int,
    *,
    epsilon: float = 0.3,
    step: float = 0.01,
    steps: int = 40,
    loss: str = "margin",
    random_start: bool = True,
    bounds: tuple[float, float] = (0.0, 1.0),
    generator: torch.Generator | None = None,
) -> Trajectory:
    """PGD that goes on to its last step even where the image is broken earlier.

    Its iterates up to the first broken one are those of :func:`levelset_core.attacks.pgd` with
    one restart.

    Args:
        f: logits, (n, *d) -> (n, classes).
        x: the image, (*d).
        y: its class.
        epsilon, step, steps, loss, random_start, bounds, generator: as there, plain numbers.

    Raises:
        LevelsetError: an unknown loss, or a number that does not fit.
    """
    choose("loss", loss, LOSSES)
    check_attack(epsilon, step, steps, 1)
    row = x.detach()[None]  # (1, *d)
    label = torch.tensor([y], device=x.device)
    lower, upper = box(row, epsilon, bounds)
    start = row
    if random_start:
        start = uniform_in(lower, upper, row, epsilon, generator or torch_generator(0))
    points = [start]
    with evaluating(f):
        for _ in range(steps):
            found, _ = projected_ascent(
                f, points[-1], lower, upper, (label,), loss_fn=LOSSES[loss], step=step, steps=1
            )
            points.append(found)
        path = torch.cat(points)
        with torch.no_grad():
            logits = f(torch.cat([row, path]))
    return Trajectory(x.detach(), y, path, logits[1:], logits[0])


@dataclass(frozen=True)
class LevelPoint:
    """A point of S^y, or none.

    Attributes:
        point: p, (*d); None where none was found.
        linf, l2: its distances from the image; infinite where there is none.
        rho: |x^i - p^i| at i = argmax |D_xF^y(p)|, the distance of Eq. 12 in the paper.
        axis: i, among the numbers of the image in their order in memory; None without a point.
    """

    point: Tensor | None
    linf: float
    l2: float
    rho: float
    axis: int | None


@dataclass(frozen=True)
class MarginProfile:
    """F^y on the segment from an image to where an attack ended.

    Attributes:
        distance: from the image in L_inf, (n,).
        margin: F^y there, (n,).
        root: the false-position point on the segment.
    """

    distance: Tensor
    margin: Tensor
    root: LevelPoint


def nearest_level_points(f: Callable[[Tensor], Tensor], x: Tensor, y: int) -> dict[str, LevelPoint]:
    """Points of S^y by several ways.

    "linf", "l2": generalized Newton with the shortest steps in either norm. "attack": false
    position on the way to the smallest of growing boxes in which PGD breaks the image.

    Args:
        f: logits, (n, *d) -> (n, classes).
        x, y: the image, (*d), and its class.
    """
    row, label = x[None], torch.tensor([y], device=x.device)
    found = {
        "attack": attack_points(
            f, row, label, epsilons=BOXES, steps=10, generator=torch_generator(0)
        ),
        "linf": newton_points(f, row, label, norm="linf"),
        "l2": newton_points(f, row, label, norm="l2"),
    }
    return {name: _level_point(f, x, label, points) for name, points in found.items()}


def margin_profile(
    f: Callable[[Tensor], Tensor], attacked: Trajectory, count: int = 49
) -> MarginProfile:
    """F^y between the image and the attack's last iterate, and its zero by false position."""
    x, end = attacked.image[None], attacked.points[-1:]
    label = torch.tensor([attacked.label], device=x.device)
    margin = margin_along(f, x, end, label, count)[0]
    reach = float((end - x).abs().max())
    root = _level_point(f, attacked.image, label, segment_points(f, x, end, label))
    return MarginProfile(torch.linspace(0.0, reach, count, device=x.device), margin, root)


def _level_point(
    f: Callable[[Tensor], Tensor], x: Tensor, label: Tensor, found: BoundaryPoints
) -> LevelPoint:
    if not found.found[0]:
        return LevelPoint(None, torch.inf, torch.inf, torch.inf, None)
    p = found.points[0]
    axis = int(rho_axes(f, found.points, label)[0])
    rho = float((x - p).flatten()[axis].abs())
    return LevelPoint(p, float(found.linf[0]), float(found.l2[0]), rho, axis)
