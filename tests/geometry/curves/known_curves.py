"""Curves with a closed form, and noisy points of them: knots, links, spirals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from levelset_core.geometry import Polyline
from levelset_core.random import numpy_generator

#: Samples of a curve.
SAMPLES = 2000
T = 2 * np.pi * np.arange(SAMPLES) / SAMPLES


def torus_knot(p: int, q: int, *, tube: float = 0.4) -> list[Polyline]:
    """The torus knot (p, q): p times around the axis, q times around the tube, of radius 1.

    A link of gcd(p, q) closed curves; each two of them wind p q / gcd^2 times around each other.
    """
    parts = math.gcd(p, q)
    found = []
    for k in range(parts):
        around, tubed = p // parts * T, q // parts * T + 2 * np.pi * k / p
        radius = 1 + tube * np.cos(tubed)
        ring = [radius * np.cos(around), radius * np.sin(around), tube * np.sin(tubed)]
        found.append(Polyline(np.stack(ring, axis=1), closed=True))
    return found


def borromean_rings() -> list[Polyline]:
    """Three ellipses that hold together though no two of them are linked."""
    long, short, flat = np.cos(T), 0.5 * np.sin(T), 0 * T
    rings = ([long, short, flat], [flat, long, short], [short, flat, long])
    return [Polyline(np.stack(ring, axis=1), closed=True) for ring in rings]


def spiral(turns: float = 3.0, inner: float = 0.4) -> Polyline:
    """Archimedes' spiral in the plane, from radius ``inner`` to 1, open."""
    s = np.linspace(0, 1, SAMPLES)
    angle, radius = 2 * np.pi * turns * s, inner + (1 - inner) * s
    return Polyline(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), False)


def scattered(
    curves: Sequence[Polyline], count: int, *, noise: float = 0.0, outliers: float = 0.0,
    seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Points drawn evenly along curves, in no order, (count and outliers, d).

    Args:
        count: of all curves together.
        noise: standard deviation in every direction, in parts of the longest side.
        outliers: so many parts of ``count`` more, uniform in the box and a tenth around it.
        seed: of the draw.
    """
    rng = numpy_generator(seed)
    pieces = np.concatenate([curve.segments for curve in curves])
    lengths = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).cumsum()
    rows = np.searchsorted(lengths, rng.uniform(0, lengths[-1], count)).clip(0, len(pieces) - 1)
    part = rng.uniform(size=(count, 1))
    points = pieces[rows, 0] * (1 - part) + pieces[rows, 1] * part
    low, high = points.min(0), points.max(0)
    side = float((high - low).max())
    points = points + noise * side * rng.normal(size=points.shape)
    more = (round(outliers * count), points.shape[1])
    strays = rng.uniform(low - 0.1 * side, high + 0.1 * side, more)
    return np.asarray(rng.permutation(np.concatenate([points, strays])))
