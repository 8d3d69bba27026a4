"""Data: toy sets in the plane and what people draw."""

from levelset_core.data.points import (
    BOUNDS,
    MAX_POINTS,
    PointSet,
    read_points_csv,
    write_points_csv,
)
from levelset_core.data.toy2d import HELD_OUT, PRESETS, TRAIN, make_points

__all__ = [
    "BOUNDS",
    "HELD_OUT",
    "MAX_POINTS",
    "PRESETS",
    "TRAIN",
    "PointSet",
    "make_points",
    "read_points_csv",
    "write_points_csv",
]
