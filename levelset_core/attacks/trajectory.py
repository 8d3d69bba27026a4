"""One image under PGD, with every iterate kept: what an explorer of attacks looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.attacks.fast import evaluating
from levelset_core.attacks.pgd import (
    LOSSES,
    box,
    check_attack,
    margin_of,
    projected_ascent,
    uniform_in,
)
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator


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
    if loss not in LOSSES:
        raise LevelsetError(f"Unknown loss {loss!r}: choose one of {', '.join(LOSSES)}.")
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
                f, points[-1], lower, upper, (label,),
                loss_fn=LOSSES[loss], step=step, steps=1,
            )  # fmt: skip
            points.append(found)
        path = torch.cat(points)
        with torch.no_grad():
            logits = f(torch.cat([row, path]))
    return Trajectory(x.detach(), y, path, logits[1:], logits[0])
