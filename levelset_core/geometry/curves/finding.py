"""The smooth curves near scattered points: how many, which point follows which, open or closed.

Noise, spacing and outliers are unknown. So the points are ordered at several widths, and what
comes out is compared by how likely it makes the points, less what it takes to say it (Schwarz's
Bayesian information criterion): a point lies anywhere along a curve, with Gaussian noise across
it, or anywhere in the box at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.geometry.curves.chains import ENDS, LEAST, link_places
from levelset_core.geometry.curves.joins import extended, joined
from levelset_core.geometry.curves.junctions import refuse_junctions
from levelset_core.geometry.curves.ridge import find_ridge
from levelset_core.geometry.curves.smooth_curve import SmoothCurve, fit_curve
from levelset_core.geometry.meshes import Polyline
from levelset_core.random import numpy_generator
from levelset_core.settings import choose

#: Points that are looked at, at most.
MOST = 4000
#: Widths begin at the distance to this neighbour, grow by this factor, up to a part of the size.
NEIGHBOUR, STEP, WIDEST = 2, 1.5, 0.2
#: Fewer points are also tried as they are.
FEW = 400
#: Places with less than such a part of the usual density are left out.
DENSITIES = (0.05, 0.2)
#: More pieces than this are noise.
PIECES = 24
#: Fits while candidates are compared; of these, the ones so near to the best are joined as well.
DRAFTS, TIED = 2, 25.0
#: Points of a curve lie within so many widths; in the end, within so many standard deviations.
REACH, STRAY = 2.0, 4.5
#: The box in which outliers lie is at least so large along every axis, in parts of its longest.
BOX = 0.5


@dataclass(frozen=True, eq=False)
class Candidate:
    """Curves found at one width, in units of the cloud's size.

    Attributes:
        lines: the curves.
        score: logarithm of their likelihood, less what they cost.
        noise: standard deviation of the points across them.
        apart: mean distance between points along them.
        count: of the points.
    """

    lines: Sequence[Polyline]
    score: float
    noise: float
    apart: float
    count: int

    @property
    def near(self) -> float:
        """Ends so near to each other are one place."""
        return max(3 * self.noise, 2 * self.apart)

    @property
    def gap(self) -> float:
        """Points drawn at random leave no longer gap: the probability of one is exp(-3)."""
        return float(np.log(self.count) + 3) * self.apart

    @property
    def ends(self) -> int:
        """Pieces and open ends."""
        return len(self.lines) + 2 * sum(not line.closed for line in self.lines)


@dataclass(frozen=True, eq=False)
class FoundCurves:
    """What :func:`find_curves` finds, in the units of the cloud.

    Attributes:
        curves: the longest first.
        kept: which points lie on one, (n,) bool; the others are outliers.
        noise: standard deviation of the points across their curve, in every direction.
        apart: mean distance between points along the curves.
    """

    curves: list[SmoothCurve]
    kept: np.ndarray
    noise: float
    apart: float


def find_curves(
    points: np.ndarray, ends: str = "auto", place: Callable[[np.ndarray], np.ndarray] | None = None
) -> FoundCurves:
    """The smooth curves near a cloud, (n, d).

    Args:
        points: in any order, in any units, with noise and outliers.
        ends: "auto" joins ends that go on into each other; "open" closes no curve, "closed" all.
        place: from these points to what a person calls them, if that is something else.

    Raises:
        LevelsetError: no curve is found, curves meet in a junction, or ``ends`` is unknown.
    """
    choose("ends", ends, ENDS)
    count = len(np.unique(points, axis=0))
    if count < LEAST:
        raise LevelsetError(f"A curve needs {LEAST} points at different places, got {count}.")
    center, size = points.mean(0), float(np.ptp(points, axis=0).max())
    own = (points - center) / size
    best = _best(own[numpy_generator(0).permutation(len(own))[:MOST]], ends)
    lines = [extended(line, best.gap) for line in best.lines]  # their own ends come with the fit
    owner = _owners(own, lines, max(STRAY * best.noise, 2 * best.apart))
    pairs = [(own[owner == k], line) for k, line in enumerate(lines)]
    curves = [fit_curve(part, _at_data(line, part)) for part, line in pairs if len(part) >= LEAST]
    called = place or (lambda where: where)
    refuse_junctions(curves, best.noise, best.gap, lambda own: called(center + size * own))
    moved = [replace(c, points=center + size * c.points, noise=size * c.noise) for c in curves]
    moved.sort(key=lambda curve: -curve.length)
    kept = owner >= 0
    apart = sum(curve.length for curve in moved) / max(int(kept.sum()), 1)
    return FoundCurves(moved, kept, size * best.noise, apart)


def _best(points: np.ndarray, ends: str) -> Candidate:
    """The most likely curves, joined; of equally likely ones those with the fewest ends."""
    found = candidates(points, ends)
    if not found:
        raise LevelsetError("The points do not follow any curve: they are too few or too noisy.")
    most = max(one.score for one in found)
    tied = [one for one in found if one.score >= most - TIED]
    whole = [replace(one, lines=joined(one.lines, ends, one.near, one.gap)) for one in tied]
    return min(whole, key=lambda one: (one.ends, -one.score))


def candidates(points: np.ndarray, ends: str) -> list[Candidate]:
    """The curves through points of size 1, at every width."""
    far, _ = cKDTree(points).query(points, k=min(NEIGHBOUR + 1, len(points)))
    width, close, found = max(float(np.median(far[:, -1])), 1e-6), ends != "open", []
    if len(points) <= FEW:
        found.append(
            _scored(points, link_places(points, far[:, -1].clip(width), close=close), width)
        )
    while width < WIDEST:
        ridge, before = find_ridge(points, width), -1
        for least in DENSITIES:
            kept = ridge.density >= least
            if LEAST <= kept.sum() != before:
                places, widths, tangents = (
                    x[kept] for x in (ridge.nodes, ridge.widths, ridge.tangents)
                )
                chains = link_places(places, widths, tangents, close=close)
                found.append(_scored(points, chains, width))
            before = kept.sum()
        width *= STEP
    return [one for one in found if one is not None]


def _at_data(line: Polyline, points: np.ndarray) -> Polyline:
    """A line that ends where its data does, if it is open."""
    if line.closed:
        return line
    feet = cKDTree(line.points).query(points)[1]
    first, last = max(int(feet.min()) - 1, 0), min(int(feet.max()) + 2, len(line.points))
    return Polyline(line.points[first:last], False)


def _owners(points: np.ndarray, lines: Sequence[Polyline], reach: float) -> np.ndarray:
    """The number of the line that is next to each point, -1 further than ``reach`` from all."""
    places = np.concatenate([line.points for line in lines])
    numbers = np.repeat(np.arange(len(lines)), [len(line.points) for line in lines])
    distance, near = cKDTree(places).query(points)
    return np.where(distance <= reach, numbers[near], -1)


def _scored(points: np.ndarray, chains: Sequence[Polyline], width: float) -> Candidate | None:
    if not 0 < len(chains) <= PIECES:
        return None
    owner = _owners(points, chains, REACH * width)
    mine = [points[owner == k] for k in range(len(chains))]
    pairs = zip(mine, chains, strict=True)
    curves = [fit_curve(part, chain, DRAFTS) for part, chain in pairs if len(part) >= LEAST]
    if not curves:
        return None
    score, noise = likelihood(points, curves)
    apart = sum(c.length for c in curves) / len(points)
    return Candidate(curves, score, noise, apart, len(points))


def likelihood(points: np.ndarray, curves: Sequence[SmoothCurve]) -> tuple[float, float]:
    """Logarithm of the points' likelihood less the curves' cost, and the noise across them.

    The density of a point at distance r is (1 - e) / L N(r; s) + e / V, with L the curves' length,
    N the normal distribution in d - 1 dimensions, V the volume of the box; the share e of outliers
    and s are fitted (expectation maximization).
    """
    n, d = points.shape
    distance, _ = cKDTree(np.concatenate([c.points for c in curves])).query(points)
    length, free = sum(c.length for c in curves), sum(c.free for c in curves)
    volume = float(np.prod(np.ptp(points, axis=0).clip(BOX)))
    sigma, outliers = max(float(np.median(distance)), 1e-5), 0.02
    for _ in range(30):
        normal = np.exp(-0.5 * (distance / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma) ** (d - 1)
        on, off = (1 - outliers) / length * normal, outliers / volume
        share = on / (on + off)
        own = max(float(share.sum()) - free, 1e-3 * n)
        sigma = max(float(np.sqrt((share * distance**2).sum() / ((d - 1) * own))), 2e-5)
        outliers = float(np.clip(1 - share.mean(), 1e-3, 0.9))
    cost = 0.5 * (d * free + 2 * len(curves)) * np.log(n)
    return float(np.log(on + off).sum() - cost), sigma
