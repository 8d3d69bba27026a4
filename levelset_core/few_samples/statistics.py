"""Means with their spread, and paired differences with a confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import stdtrit

#: Of the intervals.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """Of n numbers.

    Attributes:
        n: how many.
        mean, sd: sd is that of a sample (n - 1), 0 for a single number.
        low, high: Student's interval of the mean; infinite for a single number.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Plain values; what is infinite becomes None, as JSON has no such number."""
        return {k: v if math.isfinite(v) else None for k, v in asdict(self).items()}


def summarize(values: Sequence[float]) -> Summary:
    """Mean, standard deviation and mean +- t sd / sqrt(n), t of Student's n - 1 degrees."""
    x = np.asarray(values, dtype=np.float64)
    n, mean = len(x), float(x.mean())
    if n < 2:
        return Summary(n, mean, 0.0, -math.inf, math.inf)
    sd = float(x.std(ddof=1))
    half = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * sd / math.sqrt(n)
    return Summary(n, mean, sd, mean - half, mean + half)


def paired(a: Sequence[float], b: Sequence[float]) -> Summary:
    """Of the differences a - b, pair by pair: what both share, such as the drawn data, cancels."""
    return summarize([p - q for p, q in zip(a, b, strict=True)])
