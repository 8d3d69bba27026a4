"""Says when a training has collapsed, and what to do about it."""

from __future__ import annotations

import math

import numpy as np

from levelset_core.data import PointSet
from levelset_core.playground.config import OBJECTIVES, PlaygroundConfig
from levelset_core.playground.measurement import Measurement

#: Steps that a network is given to find a boundary, and to get more than half of the points right.
BOUNDARY_AFTER, HALF_AFTER = 60, 300
#: Share of the points by which a network has to be better than a guess.
SLACK = 0.03


def trouble(config: PlaygroundConfig, points: PointSet, m: Measurement) -> str:
    """What went wrong and what helps, in two sentences; empty where nothing did."""
    if not np.isfinite(m.field).all():
        found = "The weights are no longer numbers (NaN)."
    elif m.step >= BOUNDARY_AFTER and not math.isfinite(m.margin_min):
        found = "The boundary is gone: F has one sign near all points."
    elif m.step >= HALF_AFTER and m.accuracy <= _guess(points) + SLACK:
        found = (
            f"Collapsed: only {m.accuracy:.0%} of the points are right after {m.step} steps, no "
            "better than a guess."
        )
    else:
        return ""
    return f"{found} {advice(config, points)}"


def _guess(points: PointSet) -> float:
    """The share that is right if all are said to be of the larger class."""
    share = float((points.labels > 0).mean())
    return max(share, 1 - share)


def advice(config: PlaygroundConfig, points: PointSet) -> str:
    """The likeliest cure, in one sentence."""
    uses, usual = OBJECTIVES[config.objective].uses, PlaygroundConfig()
    if config.depth == 0:
        return "A linear model has only a straight boundary: add a hidden layer."
    if config.learning_rate > usual.learning_rate:
        return f"Lower the learning rate to {usual.learning_rate:g} and reset."
    if "epsilon" in uses and config.epsilon > (most := points.largest_margin(config.norm)):
        return f"ε is more than these points allow: set it to {0.9 * most:.2f} or less and reset."
    if "lam" in uses and config.lam > 10 * usual.lam:
        return f"λ₁₁ is large: set it to {usual.lam:g} and reset."
    return "Take a new seed, or a lower learning rate and reset."
