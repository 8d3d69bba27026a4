"""What a batch of a robust training descends: standard, Madry, TRADES, and the level set loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

from levelset_core.attacks import LOSSES, evaluating
from levelset_core.robustness.batch import Batch, RobustTerms, attack, divergence, share
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.level_set import level_set, level_set_points

__all__ = [
    "OBJECTIVES", "Batch", "RobustTerms", "level_set", "level_set_points", "madry", "standard",
    "trades",
]  # fmt: skip


def standard(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy on the images as they are."""
    return _on(batch, batch.x, attacked=False)


def madry(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy on images attacked by PGD on it (Madry et al., 2018)."""
    with evaluating(batch.f):
        attacked, _ = attack(batch, c, LOSSES["xent"], (batch.y,))
    return _on(batch, attacked, attacked=True)


def _on(batch: Batch, x: Tensor, *, attacked: bool) -> RobustTerms:
    """Cross-entropy on images."""

    def loss() -> Tensor:
        return cross_entropy(batch.learner(x), batch.y)

    logits = batch.learner(x)
    right = share(logits.argmax(1) == batch.y)
    clean, robust = (torch.nan, right) if attacked else (right, torch.nan)
    return RobustTerms(cross_entropy(logits, batch.y), clean, robust, torch.nan, x, loss)


def trades(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy + beta KL(f(x) || f(x')), x' by PGD on the divergence (Zhang et al., 2019)."""
    with evaluating(batch.f):
        with torch.no_grad():
            natural = log_softmax(batch.f(batch.x), 1)
        attacked, _ = attack(batch, c, divergence, (natural,))

    def both() -> tuple[Tensor, Tensor]:
        logits, ends = batch.learner(torch.cat([batch.x, attacked])).chunk(2)
        return logits, ends

    def loss(logits: Tensor, ends: Tensor) -> Tensor:
        apart = divergence(ends, log_softmax(logits, 1)).mean()
        return cross_entropy(logits, batch.y) + c.beta * apart

    logits, ends = both()
    return RobustTerms(
        loss(logits, ends),
        share(logits.argmax(1) == batch.y),
        share(ends.argmax(1) == batch.y),
        torch.nan,
        attacked,
        lambda: loss(*both()),
    )


OBJECTIVES: dict[str, Callable[[Batch, RobustConfig], RobustTerms]] = {
    "standard": standard,
    "madry": madry,
    "trades": trades,
    "level-set": level_set,
}
