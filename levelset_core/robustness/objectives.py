"""What a batch of a robust training descends: standard, Madry, TRADES, and the level set loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from levelset_core.attacks import LOSSES, box, evaluating, margin_of, projected_ascent
from levelset_core.attacks.pgd import Criterion, LossFn, displaced
from levelset_core.levelsets import LevelSetSamples, class_margin, false_position
from levelset_core.losses.margin import margin_terms
from levelset_core.robustness.config import RobustConfig

#: |F| at which false position stops, and above which a sample gives no loss.
SEARCH_TOL, MAX_RESIDUAL, SEARCH_STEPS = 0.02, 0.1, 10


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
    """

    f: nn.Module
    learner: nn.Module
    x: Tensor
    y: Tensor
    noise: Tensor
    epsilon: float


@dataclass(frozen=True)
class RobustTerms:
    """The loss of a batch and what was found on the way.

    Attributes:
        loss: differentiable scalar.
        right: share of images classified rightly as they are; NaN where nobody looked.
        robust: share of images that the attack left right; NaN where there was none.
        found: share of images with a level set point ("level-set"), else NaN.
        attacked: where the attack ended, (n, c, h, w).
    """

    loss: Tensor
    right: float
    robust: float
    found: float
    attacked: Tensor


def standard(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy on the images as they are."""
    logits = batch.learner(batch.x)
    right = _share(logits.argmax(1) == batch.y)
    return RobustTerms(cross_entropy(logits, batch.y), right, torch.nan, torch.nan, batch.x)


def madry(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy on images attacked by PGD on it (Madry et al., 2018)."""
    with evaluating(batch.f):
        attacked, _ = attack(batch, c, LOSSES["xent"], (batch.y,))
    logits = batch.learner(attacked)
    robust = _share(logits.argmax(1) == batch.y)
    return RobustTerms(cross_entropy(logits, batch.y), torch.nan, robust, torch.nan, attacked)


def trades(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy + beta KL(f(x) || f(x')), x' by PGD on the divergence (Zhang et al., 2019)."""
    with evaluating(batch.f):
        with torch.no_grad():
            natural = log_softmax(batch.f(batch.x), 1)
        attacked, _ = attack(batch, c, divergence, (natural,))
    logits, attacked_logits = batch.learner(torch.cat([batch.x, attacked])).chunk(2)
    loss = cross_entropy(logits, batch.y)
    loss = loss + c.beta * divergence(attacked_logits, log_softmax(logits, 1)).mean()
    return RobustTerms(
        loss,
        _share(logits.argmax(1) == batch.y),
        _share(attacked_logits.argmax(1) == batch.y),
        torch.nan,
        attacked,
    )


def divergence(logits: Tensor, log_target: Tensor) -> Tensor:
    """KL(target || softmax(logits)) of every row, (n,)."""
    return kl_div(log_softmax(logits, 1), log_target, reduction="none", log_target=True).sum(1)


def level_set(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Eq. 12 with rho, on level set points found by PGD on the margin and false position.

    With ``weight_attacked``, plus so many times the cross-entropy where PGD ended: images whose
    level set is further away than PGD goes have no part in Eq. 12, but have one here. Not in the
    paper.

    Batch norm: everything is in evaluation mode, the loss too, so that samples stay samples of
    one function; the running statistics then see the images as they are.
    """
    with evaluating(batch.f), evaluating(batch.learner):
        with torch.no_grad():
            right = margin_of(batch.f(batch.x), batch.y) > 0
        samples, attacked, crossed = level_set_points(batch, c, right)
        terms = margin_terms(
            batch.learner, batch.x, batch.y,
            epsilon=batch.epsilon, epsilon_wrong=c.epsilon_wrong,
            weight_correct=c.weight_correct, distance="rho",
            samples=samples, max_residual=MAX_RESIDUAL,
        )  # fmt: skip
        loss = terms.loss
        if c.weight_attacked:
            at_end = cross_entropy(batch.learner(attacked), batch.y)
            loss = loss + c.weight_attacked * at_end
    if any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in batch.learner.modules()):
        with torch.no_grad():
            batch.learner(batch.x)
    return RobustTerms(loss, _share(right), _share(right & ~crossed), _share(terms.used), attacked)


def level_set_points(
    batch: Batch, c: RobustConfig, right: Tensor
) -> tuple[LevelSetSamples, Tensor, Tensor]:
    """A point of S^y on the way from every image to where F^y has the other sign.

    PGD lowers F^y of right images and raises that of wrong ones, within epsilon or
    epsilon_wrong; then false position on the segment (Sec. 3.2).

    Returns:
        The samples, failed where the sign did not change; where PGD ended; whether it changed.
    """
    epsilon = torch.where(right, batch.epsilon, c.epsilon_wrong).to(batch.x.dtype)
    away = torch.where(right, -1.0, 1.0).to(batch.x.dtype)
    step = torch.where(right, _step(batch, c), c.attack_step_wrong).to(batch.x.dtype)
    end, crossed = attack(
        batch, c, signed_margin, (batch.y, away),
        epsilon=epsilon, step=step, criterion=has_crossed if c.first_crossing else None,
    )  # fmt: skip
    samples = false_position(
        class_margin(batch.f), batch.x, end, max_steps=SEARCH_STEPS, tol=SEARCH_TOL, args=(batch.y,)
    )
    return samples, end, crossed if c.first_crossing else ~samples.failed


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
        loss_fn=loss_fn, step=_step(batch, c) if step is None else step,
        steps=c.attack_steps, shrink=c.attack_shrink, criterion=criterion,
    )  # fmt: skip


def signed_margin(logits: Tensor, y: Tensor, away: Tensor) -> Tensor:
    """F^y towards the other sign, (n,)."""
    return away * margin_of(logits, y)


def has_crossed(logits: Tensor, y: Tensor, away: Tensor) -> Tensor:
    """Rows whose F^y has the other sign, (n,)."""
    return away * margin_of(logits, y) > 0


OBJECTIVES: dict[str, Callable[[Batch, RobustConfig], RobustTerms]] = {
    "standard": standard,
    "madry": madry,
    "trades": trades,
    "level-set": level_set,
}


def _step(batch: Batch, c: RobustConfig) -> float:
    """The attack's step, as long a part of epsilon now as of epsilon in the end."""
    return c.attack_step * batch.epsilon / c.epsilon if c.epsilon else c.attack_step


def _share(mask: Tensor) -> float:
    return float(mask.float().mean())
