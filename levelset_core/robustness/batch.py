"""A batch of a robust training, what its loss says, and the attack of every method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax

from levelset_core.attacks import box, projected_ascent
from levelset_core.attacks.pgd import Criterion, LossFn, displaced
from levelset_core.robustness.config import RobustConfig


@dataclass(frozen=True)
class Batch:
    """One batch, and the two faces of the network.

    Attributes:
        f: the network frozen as it is now, for attacks and projections.
        learner: the network, through which the loss is computed: where several processes train
            together it averages their gradients.
        x, y: images, (n, c, h, w), and classes, (n,).
        noise: where attacks begin, uniform in [-1, 1], in parts of epsilon, (n, c, h, w).
        epsilon: of right samples now.
        epoch: epochs done.
    """

    f: nn.Module
    learner: nn.Module
    x: Tensor
    y: Tensor
    noise: Tensor
    epsilon: float
    epoch: float = 0.0


@dataclass(frozen=True)
class RobustTerms:
    """The loss of a batch and what was found on the way.

    Attributes:
        loss: differentiable scalar.
        right: share of images classified rightly as they are; NaN where nobody looked.
        robust: share of images that the attack left right; NaN where there was none.
        found: share of images with a level set point ("level-set"), else NaN.
        attacked: where the attack ended, (n, c, h, w).
        again: the loss of the same attacked images and level set points for the network as it
            is then: further steps on the batch need no attack.
    """

    loss: Tensor
    right: float
    robust: float
    found: float
    attacked: Tensor
    again: Callable[[], Tensor]


def attack(
    batch: Batch,
    c: RobustConfig,
    loss_fn: LossFn,
    targets: tuple[Tensor, ...],
    *,
    epsilon: Tensor | None = None,
    step: Tensor | None = None,
    criterion: Criterion | None = None,
) -> tuple[Tensor, Tensor]:
    """PGD of the training, from a random start; see :func:`levelset_core.attacks.projected_ascent`.

    Args:
        batch, c: the images, how many steps.
        loss_fn, targets, criterion: see there.
        epsilon, step: (n,); default: the batch's.
    """

    def mixed(x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            logits: Tensor = batch.f(x)
        return logits.float()

    reach = batch.epsilon if epsilon is None else epsilon
    lower, upper = box(batch.x, reach, (0.0, 1.0))
    start = displaced(lower, upper, batch.x, reach, batch.noise)
    return projected_ascent(
        mixed if c.mixed else batch.f, start, lower, upper, targets,
        loss_fn=loss_fn, step=step_of(batch, c) if step is None else step,
        steps=c.attack_steps, shrink=c.attack_shrink, criterion=criterion,
    )  # fmt: skip


def divergence(logits: Tensor, log_target: Tensor) -> Tensor:
    """KL(target || softmax(logits)) of every row, (n,)."""
    return kl_div(log_softmax(logits, 1), log_target, reduction="none", log_target=True).sum(1)


def step_of(batch: Batch, c: RobustConfig) -> float:
    """The attack's step, as long a part of epsilon now as of epsilon in the end."""
    return c.attack_step * batch.epsilon / c.epsilon if c.epsilon else c.attack_step


def share(mask: Tensor) -> float:
    """Of the rows that are True."""
    return float(mask.float().mean())
