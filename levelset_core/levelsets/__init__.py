"""Sec. 2 of the paper: sampling level sets, sample networks, distances."""

from levelset_core._moved import moved
from levelset_core.levelsets.distances import DISTANCES, get_distance, norm_for, rho_axis
from levelset_core.levelsets.follow import follow_points
from levelset_core.levelsets.functions import (
    Network,
    class_margin,
    evaluating,
    home_of,
    outputs_of,
    row_by_row,
)
from levelset_core.levelsets.jacobian import (
    NORMS,
    pseudo_inverse,
    value_and_jacobian,
    value_with_jacobian,
)
from levelset_core.levelsets.nearest import NearestSamples, nearest_points
from levelset_core.levelsets.projection import project
from levelset_core.levelsets.sample_network import implicit_root, sample_network
from levelset_core.levelsets.samples import LevelSetSamples, join_samples, residual_norm
from levelset_core.levelsets.segment import bisection, false_position

__all__ = [
    "DISTANCES",
    "NORMS",
    "LevelSetSamples",
    "NearestSamples",
    "Network",
    "bisection",
    "class_margin",
    "evaluating",
    "false_position",
    "follow_points",
    "get_distance",
    "home_of",
    "implicit_root",
    "join_samples",
    "nearest_points",
    "norm_for",
    "outputs_of",
    "project",
    "pseudo_inverse",
    "residual_norm",
    "rho_axis",
    "row_by_row",
    "sample_network",
    "value_and_jacobian",
    "value_with_jacobian",
]

__getattr__ = moved(__name__, {"RowSpaceProjector": "levelset_core.few_samples.mlp_stack"})
