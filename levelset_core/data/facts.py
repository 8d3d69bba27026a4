"""What can be said of a cloud at once: its size, its spacing, its noise, a guess at its unit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.data.pointclouds import PointCloud
from levelset_core.geometry.clouds import noise_level
from levelset_core.random import numpy_generator

#: Points whose nearest neighbour is looked for, and points they are looked for among.
_ASKED, _AMONG = 2000, 400_000
#: Formats whose standard has metres.
_METRES = (".e57", ".ptx")
#: Coordinates of national grids lie between these, in metres.
_GRID = (5e4, 2e7)


@dataclass(frozen=True)
class CloudFacts:
    """Lengths in the cloud's own unit.

    Attributes:
        points: how many.
        extent: of the box, (d,).
        spacing: median distance to the nearest neighbour.
        noise: standard deviation around the surface, 0 where it cannot be told.
        unit: a guess with its reason.
    """

    points: int
    extent: tuple[float, ...]
    spacing: float
    noise: float
    unit: str

    def __str__(self) -> str:
        size = " × ".join(f"{length:.4g}" for length in self.extent)
        noise = f", noise about {self.noise:.2g}" if self.noise else ""
        return (
            f"{self.points:,} points, {size}, {self.spacing:.2g} apart{noise}. Unit: {self.unit}."
        )


def facts_of(cloud: PointCloud) -> CloudFacts:
    """Of a cloud as it is, outliers included."""
    points = cloud.points - cloud.points.mean(0)
    rng = numpy_generator(0)
    some = points
    if len(points) > _AMONG:  # in d = 2 dimensions fewer points lie further apart
        some = points[rng.permutation(len(points))[:_AMONG]]
    asked = some[rng.permutation(len(some))[:_ASKED]]
    spacing = float(np.median(cKDTree(some).query(asked, k=2)[0][:, 1]))
    spacing *= float(np.sqrt(len(some) / len(points)))
    noise = noise_level(some) if points.shape[1] == 3 else 0.0
    return CloudFacts(
        len(points), tuple(np.ptp(points, axis=0).tolist()), spacing, noise, guess_unit(cloud)
    )


def guess_unit(cloud: PointCloud) -> str:
    """The unit that a cloud's format, place or size suggests, with the reason."""
    ending = Path(cloud.source.lower().removesuffix(".gz")).suffix
    if ending in _METRES:
        return f"metres, as {ending[1:].upper()} has it"
    largest = float(np.ptp(cloud.points, axis=0).max())
    x, y = np.abs(cloud.points[:, :2].mean(0))
    if _GRID[0] < x < _GRID[1] and _GRID[0] < y < _GRID[1] and largest < 0.1 * max(x, y):
        return "metres, by coordinates like those of a national grid"
    if 0.02 <= largest <= 20:
        return "perhaps metres, by the size"
    if 20 < largest <= 5000:
        return "perhaps millimetres, by the size"
    return "unknown"
