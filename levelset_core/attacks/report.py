"""What an attack left of a classifier."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from torch import Tensor

from levelset_core.attacks.config import AttackConfig

CONFIDENCE = 0.95


@cache
def share_interval(count: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share, of which ``count`` of n were seen.

    It holds the true share with at least this probability, for every n.
    """
    from scipy.stats import binomtest  # half a second

    interval = binomtest(count, n).proportion_ci(confidence, "exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class AttackReport:
    """What an attack left of a classifier.

    Attributes:
        attack: what was done.
        images: how many.
        clean_accuracy: share that is right as it is.
        robust_accuracy: share that is right and stays so under the attack.
        seconds: of the attack.
        seed: of its starts.
        stages: robust accuracy after each part of AutoAttack, in its order.
        warnings: of AutoAttack's own checks.
        right, broken: (n,) bool: right as it is; right and broken by the attack.
        found: the attacked images, (n, c, h, w), those that were wrong already as they are.
    """

    attack: AttackConfig
    images: int
    clean_accuracy: float
    robust_accuracy: float
    seconds: float
    seed: int
    stages: dict[str, float]
    warnings: tuple[str, ...]
    right: Tensor
    broken: Tensor
    found: Tensor

    @property
    def standing(self) -> int:
        """Images that are right and stay so."""
        return int((self.right & ~self.broken).sum())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, without the images; with the interval of the robust accuracy."""
        return {
            "clean_accuracy": self.clean_accuracy,
            "robust_accuracy": self.robust_accuracy,
            "images": self.images,
            "standing": self.standing,
            "interval": [round(p, 5) for p in share_interval(self.standing, self.images)],
            "seconds": round(self.seconds, 3),
            **asdict(self.attack),
            "seed": self.seed,
            **({"stages": self.stages, "warnings": list(self.warnings)} if self.stages else {}),
        }
