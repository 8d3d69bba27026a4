"""The box that a cloud is moved to, and the frame that a cloud brings along.

A training amplifies the last digits of its input, so the same cloud elsewhere, turned or in other
units would give another surface. In its own frame, rounded, the same cloud is the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.random import numpy_generator

#: Half the longest side of a cloud in the box: the rest is room for what closes holes.
EXTENT = 0.9
#: Points that a frame is found from, at most, and steps to their middle.
LOOKED_AT, STEPS = 50_000, 30
#: Axes whose spreads differ by less than this part of the largest are alike.
ALIKE = 0.02
#: Coordinates in a cloud's own frame are rounded to this, where 1 is the median distance from the
#: middle: less than any noise, more than turning and moving a cloud adds.
FINEST = 2.0**-14


@dataclass(frozen=True, eq=False)
class Normalization:
    """x -> axes (x - center) / scale.

    Attributes:
        center: (d,).
        scale: length of a unit of the box, in the cloud's units.
        axes: (d, d), those of the box as rows, in the cloud's frame; None where it is not turned.
    """

    center: np.ndarray
    scale: float
    axes: np.ndarray | None = None

    @classmethod
    def of(cls, points: np.ndarray) -> Normalization:
        """The one that puts the points' bounding box into the middle of [-0.9, 0.9]^d.

        Raises:
            LevelsetError: no points, one that is not finite, or all at the same place.
        """
        side = _longest_side(points)
        low, high = points.min(0), points.max(0)
        return cls((low + high) / 2, side / 2 / EXTENT)

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Points (n, d) in the box."""
        own = (points - self.center) / self.scale
        return np.asarray(own if self.axes is None else own @ self.axes.T)

    def undo(self, points: np.ndarray) -> np.ndarray:
        """Points (n, d) of the box in the cloud's units."""
        own = points if self.axes is None else points @ self.axes
        return np.asarray(own * self.scale + self.center)

    def then(self, other: Normalization) -> Normalization:
        """First this one, then another that does not turn."""
        return replace(self, center=self.undo(other.center), scale=self.scale * other.scale)

    @property
    def back(self) -> tuple[float, np.ndarray, np.ndarray | None]:
        """What moves a mesh or a curve of the box to the cloud: ``mesh.moved(*back)``."""
        return self.scale, self.center, self.axes


def own_frame(points: np.ndarray) -> Normalization:
    """The frame that a cloud (n, d) brings along when it is moved, turned or scaled as a whole.

    Its middle is the geometric median, its unit the median distance from there, its axes those of
    the spread, where far points count less. Which way an axis points, and axes of spreads that are
    alike, are told by sums of the points with random signs: these turn with the cloud, and no
    symmetry makes them vanish.

    Raises:
        LevelsetError: no points, one that is not finite, or all at the same place.
    """
    _longest_side(points)
    own = points[:: 1 + len(points) // LOOKED_AT] - points[0]  # small numbers: no digit is lost
    middle = _geometric_median(own)
    own = own - middle
    distance = np.linalg.norm(own, axis=1)
    size = float(np.median(distance)) or float(distance.max()) or 1.0
    own = own / (size + distance**2 / size)[:, None] ** 0.5
    spread, axes = np.linalg.eigh(own.T @ own)
    signs = numpy_generator(0).choice([-1.0, 1.0], size=(points.shape[1], len(own)))
    return Normalization(points[0] + middle, size, _told_apart(spread, axes, signs @ own))


def _longest_side(points: np.ndarray) -> float:
    """Of the bounding box; above 0, or an error."""
    if not len(points) or not np.isfinite(points).all():
        raise LevelsetError("A cloud needs at least one point, and finite coordinates.")
    side = float(np.ptp(points, axis=0).max())
    if side <= 0:
        raise LevelsetError(f"All {len(points)} points are at the same place.")
    return side


def rounded(values: np.ndarray) -> np.ndarray:
    """Coordinates in a cloud's own frame without the digits that say nothing, see ``FINEST``."""
    return np.asarray(np.round(values / FINEST) * FINEST)


def own_box(points: np.ndarray) -> tuple[Normalization, np.ndarray]:
    """From a cloud to the box along its own axes, and its points (n, d) there, rounded.

    Raises:
        LevelsetError: as :func:`own_frame`.
    """
    frame = own_frame(points)
    own = rounded(frame.apply(points))
    box = Normalization.of(own)
    return frame.then(box), box.apply(own)


def _geometric_median(points: np.ndarray) -> np.ndarray:
    """Nearly the place of least summed distance (Weiszfeld): outliers hardly move it."""
    middle = points.mean(0)
    for _ in range(STEPS):
        distance = np.linalg.norm(points - middle, axis=1)
        weights = 1 / np.maximum(distance, 1e-3 * distance.mean() + np.finfo(np.float64).tiny)
        middle = weights @ points / weights.sum()
    return np.asarray(middle)


def _told_apart(spread: np.ndarray, axes: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Right-handed axes as rows, (d, d), the longest first.

    Args:
        spread: (d,), ascending.
        axes: (d, d), their axes as columns.
        marks: (d, d) vectors that tell which way an axis points.
    """
    spread, axes = spread[::-1], axes[:, ::-1]
    groups = np.split(axes, 1 + np.flatnonzero(-np.diff(spread) > ALIKE * spread[0]), axis=1)
    found = []
    for group in groups:
        turn, upper = np.linalg.qr((marks @ group)[: group.shape[1]].T)
        found.append(group @ np.where(np.diag(upper) < 0, -turn, turn))
    rows = np.concatenate(found, axis=1).T
    rows[-1] *= np.sign(np.linalg.det(rows))  # 1 or -1: a flat cloud has axes too
    return np.asarray(rows)
