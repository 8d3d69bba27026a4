"""A smooth curve through noisy points whose order is known: a penalized spline, refitted.

P-splines (Eilers and Marx, 1996): cubic B-splines on even knots, with a penalty on differences of
their coefficients. Its weight is the one that predicts points best which are left out, by
generalized cross-validation. As in principal curves (Hastie and Stuetzle, 1989) the points take
the parameter of their foot on the curve, and the curve is fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.linalg import eigh
from scipy.spatial import cKDTree

from levelset_core.geometry.meshes import Polyline, even_points

#: Fits, each after the feet of the points were found anew.
FITS = 6
#: Basis functions at most and at least.
MOST, LEAST = 160, 8
DEGREE = 3
#: Differences of this order are penalized: a gap goes on with the curvature of what is around it.
ORDER = 3
#: Weights that are tried, in parts of the largest eigenvalue's.
WEIGHTS = np.logspace(-9, 5, 71)
#: A degree of freedom counts so much in the cross-validation, which else smooths too little.
CAUTION = 1.3
#: Samples of a fitted curve.
SAMPLES = 2000


@dataclass(frozen=True, eq=False)
class SmoothCurve(Polyline):
    """A fitted curve: ``SAMPLES`` points at even distances.

    Attributes:
        noise: standard deviation of the data in every direction across it.
        feet: number of the sample that is next to each point of the data, ascending.
        free: degrees of freedom that the fit takes for every coordinate.
    """

    noise: float
    feet: np.ndarray
    free: float


def fit_curve(points: np.ndarray, chain: Polyline, fits: int = FITS) -> SmoothCurve:
    """The smooth curve near a chain through its points.

    Args:
        points: the data of this curve, (n, d).
        chain: what orders it.
        fits: how often, each time after the feet of the points were found anew.
    """
    line, noise, free = chain.whole, 0.0, 0.0
    for _ in range(fits):
        line, lengths = even_points(line, SAMPLES)
        t = lengths[cKDTree(line).query(points)[1]] / lengths[-1]
        line, noise, free = _fit(t, points, chain.closed)
    line, _ = even_points(line, SAMPLES + chain.closed)
    samples = line[:-1] if chain.closed else line
    feet = np.sort(cKDTree(samples).query(points)[1])
    if not chain.closed:  # it ends where the data does
        samples, _ = even_points(samples[feet[0] : feet[-1] + 1], SAMPLES)
        feet = np.sort(cKDTree(samples).query(points)[1])
    return SmoothCurve(samples, chain.closed, noise, feet, free)


def _fit(t: np.ndarray, points: np.ndarray, closed: bool) -> tuple[np.ndarray, float, float]:
    """A dense polyline on the spline for points at parameters t in [0, 1]; noise and freedom."""
    size = int(np.clip(len(points), LEAST, MOST))
    basis, penalty = _basis(t, size, closed), _penalty(size, closed)
    # Both quadratic forms become diagonal, so that every weight costs a few sums.
    gram = basis.T @ basis
    ridge = 1e-12 * np.trace(gram) / size * np.eye(size)
    eigenvalues, vectors = eigh(penalty, gram + penalty * np.trace(gram) * 1e-7 + ridge)
    stiff = np.maximum(eigenvalues, 0)
    # gram = I - c * penalty in this basis, c as above.
    loose = np.maximum(1 - 1e-7 * np.trace(gram) * stiff, 0)
    targets = vectors.T @ (basis.T @ points)  # (size, d)
    total = float((points**2).sum())
    best = (np.inf, targets, 0.0, 0.0)
    for weight in WEIGHTS * np.trace(gram):
        shrunk = 1 / np.maximum(loose + weight * stiff, 1e-300)
        own = targets * shrunk[:, None]
        free = float((loose * shrunk).sum())
        if CAUTION * free >= len(points):
            continue
        rest = total - 2 * float((own * targets).sum()) + float((own**2 * loose[:, None]).sum())
        rest = max(rest, 1e-24 * total)
        score = rest / (len(points) - CAUTION * free) ** 2
        if score < best[0]:
            across = len(points[0]) - 1
            # The foot takes up what lies along the curve.
            noise = float(np.sqrt(rest / (across * max(len(points) - free, 1))))
            best = (score, own, noise, free)
    _, own, noise, free = best
    dense = np.linspace(0, 1, 2 * SAMPLES + 1)
    return _basis(dense, size, closed) @ (vectors @ own), noise, free


def _basis(t: np.ndarray, size: int, closed: bool) -> np.ndarray:
    """Cubic B-splines on even knots over [0, 1], (n, size); periodic if closed."""
    pieces = size if closed else size - DEGREE
    knots = np.arange(-DEGREE, pieces + DEGREE + 1) / pieces
    full = BSpline.design_matrix(np.clip(t, 0, 1), knots, DEGREE).toarray()
    if closed:
        full[:, :DEGREE] += full[:, size:]
        full = full[:, :size]
    return np.asarray(full)


def _penalty(size: int, closed: bool) -> np.ndarray:
    """Sum of squared differences of the coefficients, (size, size), in units of the curve."""
    differences = np.eye(size)
    for _ in range(ORDER):
        if closed:
            differences = np.roll(differences, -1, axis=0) - differences
        else:
            differences = np.diff(differences, axis=0)
    return np.asarray(differences.T @ differences)
