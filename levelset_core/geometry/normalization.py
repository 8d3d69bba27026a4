"""From the units of a cloud to the box [-1, 1]^d that networks work in, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from levelset_core.errors import LevelsetError

#: Half the longest side of a cloud in the box: the rest is room for what closes holes.
EXTENT = 0.9


@dataclass(frozen=True, eq=False)
class Normalization:
    """x -> (x - center) / scale.

    Attributes:
        center: (d,).
        scale: length of a unit of the box, in the cloud's units.
    """

    center: np.ndarray
    scale: float

    @classmethod
    def of(cls, points: np.ndarray) -> Normalization:
        """The one that puts the points' bounding box into the middle of [-0.9, 0.9]^d.

        Raises:
            LevelsetError: no points, one that is not finite, or all at the same place.
        """
        if not len(points) or not np.isfinite(points).all():
            raise LevelsetError("A cloud needs at least one point, and finite coordinates.")
        low, high = points.min(0), points.max(0)
        side = float((high - low).max())
        if side <= 0:
            raise LevelsetError(f"All {len(points)} points are at the same place.")
        return cls((low + high) / 2, side / 2 / EXTENT)

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Points (n, d) in the box."""
        moved: np.ndarray = (points - self.center) / self.scale
        return moved

    def undo(self, points: np.ndarray) -> np.ndarray:
        """Points (n, d) of the box in the cloud's units."""
        moved: np.ndarray = points * self.scale + self.center
        return moved
