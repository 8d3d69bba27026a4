"""What is measured of a playground's network: its margins, and the motion of its boundary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import Tensor

from levelset_core.levelsets import LevelSetSamples, Network, nearest_points
from levelset_core.losses.finder import nearer_places
from levelset_core.playground.config import NEWTON_MAX_JUMP, NEWTON_TOL
from levelset_core.playground.contour_starts import ContourStarts


@dataclass(frozen=True)
class Measurement:
    """How the network stands on the points, measured after ``step`` steps.

    Attributes:
        step: steps taken.
        accuracy: share of points with y F(x) > 0; held_out: the same on fresh points, if any.
        norm: that margins are measured in, "l2" or "linf".
        margins: signed input-space margin of every point, (n,): sign(y F(x)) d(x, S_0), infinite
            where no level set point was found. d is the distance to the nearest point of S_0
            that a search from the contour on the grid or from Newton's foot finds. NaN: a new
            point, not measured yet.
        newton: the same with the distance to Newton's foot, (n,); infinite where there is none.
        outputs: output-space margin y F(x), (n,).
        feet: the level set point that ``margins`` refers to, (n, 2); NaN where there is none.
        samples: the Newton projections of the points.
        field: F on the grid over the plane, (m, m), row 0 at ymin.
    """

    step: int
    accuracy: float
    held_out: float | None
    norm: str
    margins: np.ndarray
    newton: np.ndarray
    outputs: np.ndarray
    feet: np.ndarray
    samples: LevelSetSamples
    field: np.ndarray

    def carried(self, rows: np.ndarray) -> Measurement:
        """What of it is known of other points: ``rows`` they were, (m,), -1 for new ones."""
        place, new = np.maximum(rows, 0), rows < 0
        margins, newton, outputs = (
            np.where(new, np.nan, values[place])
            for values in (self.margins, self.newton, self.outputs)
        )
        feet = np.where(new[:, None], np.nan, self.feet[place])
        samples = self.samples.carried(rows)
        return replace(
            self, margins=margins, newton=newton, outputs=outputs, feet=feet, samples=samples
        )

    def signed_by(self, outputs: np.ndarray) -> Measurement:
        """The same distances with the outputs y F(x) of now, (n,), which cost next to nothing."""
        right = outputs > 0
        margins, newton = (
            np.where(right, np.abs(d), -np.abs(d)) for d in (self.margins, self.newton)
        )
        accuracy = float(right.mean())
        return replace(self, accuracy=accuracy, margins=margins, newton=newton, outputs=outputs)

    @property
    def margin_min(self) -> float:
        """The smallest signed margin."""
        return float(np.nanmin(self.margins))

    @property
    def newton_there(self) -> float:
        """What Newton's foot says of the point with the smallest margin."""
        return float(self.newton[np.nanargmin(self.margins)])

    @property
    def margin_median(self) -> float:
        """The median signed margin (of an even number, the lower of the two in the middle)."""
        known = np.sort(self.margins[~np.isnan(self.margins)])
        return float(known[(len(known) - 1) // 2])

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


@dataclass(frozen=True)
class ToBoundary:
    """d(x, S_0), (n,), its place, (n, 2), and the distance to Newton's foot, (n,)."""

    distance: np.ndarray
    feet: np.ndarray
    newton: np.ndarray


#: Steps of the search for the nearest point, which starts close to it.
SEARCH_STEPS = 5


def distance_to_boundary(
    f: Network, x: Tensor, samples: LevelSetSamples, field: np.ndarray, norm: str
) -> ToBoundary:
    """How far points are from S_0: infinite, and NaN for the place, where none is found.

    Args:
        f: the network.
        x: the points, (n, 2).
        samples: their Newton projections.
        field: F on a grid over the plane, (m, m). The search starts from its contour, or from
            Newton's foot where that is nearer.
        norm: "l2" or "linf".
    """
    order = 2.0 if norm == "l2" else np.inf
    xy, foot = x.cpu().numpy(), samples.points.cpu().numpy()
    newton = np.linalg.norm(xy - foot, ord=order, axis=1)
    newton[~samples.converged.cpu().numpy()] = np.inf
    how: dict[str, Any] = {"norm": norm, "starts": 0, "max_steps": SEARCH_STEPS}
    how |= {"tol": NEWTON_TOL, "max_jump": NEWTON_MAX_JUMP}
    contour = ContourStarts(field, norm)(x, 0.0)
    arrived = replace(samples, failed=~samples.converged)
    found = nearest_points(f, x, warm=nearer_places(x, contour, arrived, norm), **how)
    distance, feet = found.distance.cpu().numpy(), found.points.cpu().numpy()
    lost = np.isinf(distance) & np.isinf(newton)
    if lost.any() and not lost.all():  # from wherever Newton ended
        again = nearest_points(f, x[lost], warm=samples.points[lost], **how)
        distance[lost], feet[lost] = again.distance.cpu().numpy(), again.points.cpu().numpy()
    feet = np.where((newton < distance)[:, None], foot, feet)
    distance = np.minimum(newton, distance)
    feet[~np.isfinite(distance)] = np.nan
    return ToBoundary(distance, feet, newton)
