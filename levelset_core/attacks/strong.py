"""PGD as strong as a minute allows: several losses, steps that shrink, starts that differ.

Constant steps of the paper's size are too short to turn round beyond the radius that a network was
trained for: they leave images standing that shrinking ones break (Croce and Hein, 2020, on step
sizes). The losses do not depend on the scale of the logits, nor on a number added to all of them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from levelset_core.attacks.balls import NORMS, ball, random_in, region
from levelset_core.attacks.pgd import (
    Attacked,
    LossFn,
    check_attack,
    is_adversarial,
    negative_margin,
    projected_ascent,
    xent,
)
from levelset_core.levelsets.functions import evaluating
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: The last step in parts of the first.
LAST = 1 / 40
#: What the standard deviation of an image's logits is for the scaled cross-entropy: its gradient
#: then looks at all classes that come near, and never rounds to 0.
SPREAD = 3.0
_TINY = 1e-12


def scaled_xent(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of logits brought to a standard deviation of ``SPREAD``, row by row.

    The factor counts as a constant: it chooses the temperature and adds nothing to the gradient.
    """
    spread = logits.detach().std(1, keepdim=True).clamp_min(_TINY)
    return xent(logits / spread * SPREAD, y)


def dlr(logits: Tensor, y: Tensor) -> Tensor:
    """-F^y / (f_(1) - f_(3)), with the largest and the third largest logit: the difference of
    logits ratio (Croce and Hein, 2020, Eq. 6). Of two classes it would be constant: -F^y then.
    """
    if logits.shape[1] < 3:
        return negative_margin(logits, y)
    top = logits.topk(3, 1).values
    return negative_margin(logits, y) / (top[:, 0] - top[:, 2] + _TINY)


#: The losses of one round, in their order.
STRONG_LOSSES: dict[str, LossFn] = {"margin": negative_margin, "xent": scaled_xent, "dlr": dlr}


def strong_pgd(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    *,
    epsilon: float = 0.3,
    step: float = 0.6,
    steps: int = 50,
    restarts: int = 1,
    norm: str = "linf",
    draws: int = 1,
    bounds: tuple[float, float] = (0.0, 1.0),
    generator: torch.Generator | None = None,
) -> Attacked:
    """PGD on each of ``STRONG_LOSSES`` in turn, from new random starts, until the image breaks.

    Args:
        f, x, y, epsilon, norm, draws, bounds, generator: see
            :func:`levelset_core.attacks.pgd`.
        step: the first step's length; the last one's is ``LAST`` of it, and each step is the same
            part of the one before.
        steps: a start.
        restarts: rounds of all the losses.

    Raises:
        LevelsetError: a number that does not fit.
    """
    choose("norm", norm, NORMS)
    check_attack(epsilon, step, steps, restarts)
    generator = generator or torch_generator(0)
    x = x.detach()
    lower, upper = region(x, epsilon, norm, bounds)
    l2 = ball(x, epsilon) if norm == "l2" else None
    result, broken = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    shrink = LAST ** (1 / max(1, steps - 1))
    with evaluating(f):
        for loss in list(STRONG_LOSSES.values()) * restarts:
            start = random_in(norm, lower, upper, x, epsilon, generator)
            left = (~broken).nonzero().squeeze(1)
            if not len(left):
                break
            found, wrong = projected_ascent(
                f, start[left], lower[left], upper[left], (y[left],), loss_fn=loss, step=step,
                steps=steps, shrink=shrink, l2=None if l2 is None else (l2[0][left], l2[1][left]),
                draws=draws, criterion=is_adversarial,
            )  # fmt: skip
            result[left], broken[left] = found, wrong
    return Attacked(result, broken)
