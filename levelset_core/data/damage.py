"""What can be wrong with a raw scan, done on purpose: gaps, few points, noise, outliers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from levelset_core.data.pointclouds import MIN_POINTS, PointCloud
from levelset_core.errors import LevelsetError
from levelset_core.random import numpy_generator

#: Radius of a hole, in parts of the diagonal of the cloud's box.
HOLE_RADIUS = 0.07
#: Outliers are drawn from the cloud's box, this many times as large.
OUTLIER_BOX = 1.2


@dataclass(frozen=True)
class Damage:
    """How a cloud is damaged. Lengths are in parts of the diagonal of its box.

    Attributes:
        keep: the part of the points that stays, above 0 to 1.
        noise: standard deviation of a Gaussian in every coordinate, 0 to 0.1.
        holes: balls of radius ``HOLE_RADIUS`` around random points, emptied; 0 to 50.
        outliers: points uniform in the box, as a part of the points there are, 0 to 1.
        seed: of all of it.

    Raises:
        LevelsetError: a number out of its range.
    """

    keep: float = 1.0
    noise: float = 0.0
    holes: int = 0
    outliers: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        ranges = {"keep": (0, 1), "noise": (0, 0.1), "holes": (0, 50), "outliers": (0, 1)}
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high or (name == "keep" and value == 0):
                raise LevelsetError(f"{name} must be {low:g} to {high:g}, got {value}.")

    @property
    def none(self) -> bool:
        """Whether nothing is damaged."""
        return replace(self, seed=0) == Damage()

    def to_dict(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [
            f"{100 * self.keep:g}% of the points" * (self.keep < 1),
            f"noise {100 * self.noise:g}%" * (self.noise > 0),
            f"{self.holes} hole{'s' * (self.holes != 1)}" * (self.holes > 0),
            f"{100 * self.outliers:g}% outliers" * (self.outliers > 0),
        ]
        return ", ".join(part for part in parts if part)


#: Of an outlier where the others have colours.
GREY = 128


def damage(cloud: PointCloud, how: Damage) -> PointCloud:
    """The cloud after ``how``: holes first, then fewer points, noise, and outliers at the end.

    Raises:
        LevelsetError: fewer than ``MIN_POINTS`` points would be left.
    """
    if how.none:
        return cloud
    low, high = cloud.points.min(0), cloud.points.max(0)
    diagonal = float(np.linalg.norm(high - low))
    # One stream each: a slider moved alone leaves the others' points where they are.
    kept = np.ones(len(cloud), dtype=bool)
    for row in numpy_generator(how.seed, 0).choice(len(cloud), how.holes):
        away = np.linalg.norm(cloud.points - cloud.points[row], axis=1)
        kept &= away > HOLE_RADIUS * diagonal
    chosen = cloud.select(kept)
    if how.keep < 1:
        count = round(how.keep * len(chosen))
        rows = numpy_generator(how.seed, 1).permutation(len(chosen))[:count]
        chosen = chosen.select(np.sort(rows))
    if len(chosen) < MIN_POINTS:
        raise LevelsetError(
            f"{cloud.source}: this damage leaves {len(chosen)} points, at least {MIN_POINTS} are "
            "needed."
        )
    points = chosen.points
    if how.noise:
        shift = numpy_generator(how.seed, 2).normal(size=cloud.points.shape)[: len(points)]
        points = points + how.noise * diagonal * shift
    if count := round(how.outliers * len(points)):
        middle, half = (low + high) / 2, OUTLIER_BOX * (high - low) / 2
        drawn = numpy_generator(how.seed, 3).uniform(-1, 1, (count, points.shape[1]))
        points = np.concatenate([points, middle + half * drawn])
        unknown = {"normals": 0.0, "colours": GREY, "intensity": np.nan, "station": -1}
        parts: dict[str, Any] = {
            name: np.concatenate([array, np.full((count, *array.shape[1:]), value, array.dtype)])
            for name, value in unknown.items()
            if (array := getattr(chosen, name)) is not None
        }
        return replace(chosen, points=points, **parts)
    return replace(chosen, points=points)
