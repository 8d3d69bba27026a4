"""What is measured of a playground's network: its margins, and the motion of its boundary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from levelset_core.data import BOUNDS
from levelset_core.geometry import contours, nearest_on_contours
from levelset_core.levelsets import LevelSetSamples


@dataclass(frozen=True)
class Measurement:
    """How the network stands on the points, measured after ``step`` steps.

    Attributes:
        step: steps taken.
        accuracy: share of points with y F(x) > 0; held_out: the same on fresh points, if any.
        margins: signed input-space margin of every point, (n,): sign(y F(x)) d(x, S_0), infinite
            where no level set point was found. d is the smaller of the distances to the Newton
            projection and to the contour on the grid: an upper bound, close in the plane.
        outputs: output-space margin y F(x), (n,).
        feet: the level set point that ``margins`` refers to, (n, 2); NaN where there is none.
        samples: the Newton projections of the points.
        field: F on the grid over the plane, (m, m), row 0 at ymin.
    """

    step: int
    accuracy: float
    held_out: float | None
    margins: np.ndarray
    outputs: np.ndarray
    feet: np.ndarray
    samples: LevelSetSamples
    field: np.ndarray

    @property
    def margin_min(self) -> float:
        """The smallest signed margin."""
        return float(self.margins.min())

    @property
    def margin_median(self) -> float:
        """The median signed margin (of an even number, the lower of the two in the middle)."""
        return float(np.sort(self.margins)[(len(self.margins) - 1) // 2])

    @property
    def converged(self) -> float:
        """Share of the projections that arrived."""
        return float(self.samples.converged.float().mean())

    @property
    def residual(self) -> float:
        """Median |F(p)| after the projection."""
        return float(self.samples.values.abs().median())


@dataclass(frozen=True)
class Motion:
    """How samples of S_0 move in the next optimizer step (Sec. 2.2).

    Attributes:
        points: p on S_0 at theta_0, (m, 2).
        predicted: p(theta_1) by the sample network, Eq. 9, (m, 2).
        actual: p projected on S_0 at theta_1, (m, 2).
        error: ||predicted - actual|| / ||actual - p||, medians; None if nothing moved.
    """

    points: np.ndarray
    predicted: np.ndarray
    actual: np.ndarray
    error: float | None


def distance_to_boundary(
    xy: np.ndarray, samples: LevelSetSamples, field: np.ndarray, norm: str
) -> tuple[np.ndarray, np.ndarray]:
    """The smaller of two upper bounds on d(x, S_0), (n,), and the place it is taken at, (n, 2).

    Args:
        xy: the points, (n, 2).
        samples: their Newton projections: one bound.
        field: F on a grid over the plane, (m, m), whose contour gives the other.
        norm: "l2" or "linf".
    """
    order = 2.0 if norm == "l2" else np.inf
    newton = samples.points.cpu().numpy()
    to_newton = np.linalg.norm(xy - newton, ord=order, axis=1)
    to_newton[~samples.converged.cpu().numpy()] = np.inf
    to_contour, vertices = nearest_on_contours(xy, contours(field, BOUNDS), norm=order)
    feet = np.where((to_contour < to_newton)[:, None], vertices, newton)
    distance = np.minimum(to_contour, to_newton)
    feet[~np.isfinite(distance)] = np.nan
    return distance, feet
