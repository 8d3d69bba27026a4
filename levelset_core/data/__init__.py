"""Data: toy sets in the plane, what people draw, point clouds."""

from levelset_core.data.outliers import inliers, remove_outliers
from levelset_core.data.pointclouds import (
    PointCloud,
    check_spread,
    downsample,
    sample_surface,
    thinned,
)
from levelset_core.data.points import (
    BOUNDS,
    MAX_POINTS,
    PointSet,
    read_points_csv,
    write_points_csv,
)
from levelset_core.data.readers import read_geometry, read_point_cloud
from levelset_core.data.samples import SAMPLES, Sample, load_sample
from levelset_core.data.scan_sets import read_scans
from levelset_core.data.shapes import SURFACES, closed_spline, helix, make_surface, trefoil
from levelset_core.data.toy2d import HELD_OUT, PRESETS, TRAIN, make_points

__all__ = [
    "BOUNDS",
    "HELD_OUT",
    "MAX_POINTS",
    "PRESETS",
    "SAMPLES",
    "SURFACES",
    "TRAIN",
    "PointCloud",
    "PointSet",
    "Sample",
    "check_spread",
    "closed_spline",
    "downsample",
    "helix",
    "inliers",
    "load_sample",
    "make_points",
    "make_surface",
    "read_geometry",
    "read_point_cloud",
    "read_points_csv",
    "read_scans",
    "remove_outliers",
    "sample_surface",
    "thinned",
    "trefoil",
    "write_points_csv",
]
