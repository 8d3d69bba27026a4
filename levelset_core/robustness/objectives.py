"""What a batch of a robust training descends: standard, Madry, TRADES, and the level set loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
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
    logits = batch.learner(batch.x)
    right = share(logits.argmax(1) == batch.y)
    return RobustTerms(cross_entropy(logits, batch.y), right, torch.nan, torch.nan, batch.x)


def madry(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Cross-entropy on images attacked by PGD on it (Madry et al., 2018)."""
    with evaluating(batch.f):
        attacked, _ = attack(batch, c, LOSSES["xent"], (batch.y,))
    logits = batch.learner(attacked)
    robust = share(logits.argmax(1) == batch.y)
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
        share(logits.argmax(1) == batch.y),
        share(attacked_logits.argmax(1) == batch.y),
        torch.nan,
        attacked,
    )


OBJECTIVES: dict[str, Callable[[Batch, RobustConfig], RobustTerms]] = {
    "standard": standard,
    "madry": madry,
    "trades": trades,
    "level-set": level_set,
}
