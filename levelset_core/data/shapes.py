"""Shapes with a closed form: surfaces as functions whose zero set they are, and curves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline, extract_mesh
from levelset_core.random import numpy_generator
from levelset_core.settings import choose

#: Grid nodes along the longest side of an extracted surface.
RESOLUTION = 96


def genus_two(x: Tensor) -> Tensor:
    """Two rings that melt into one another, negative inside: (n, 3) -> (n,)."""
    left, right = (_ring(x - x.new_tensor([side, 0, 0]), 0.42, 0.15) for side in (-0.42, 0.42))
    return _smooth_min(left, right, 0.08)


def flange(x: Tensor) -> Tensor:
    """A mechanical part: a round plate with six bolt holes, a hub, and a bore through both.

    Edges are rounded. Negative inside: (n, 3) -> (n,).
    """
    radius, z = torch.linalg.vector_norm(x[:, :2], dim=1), x[:, 2]
    plate = _smooth_max(radius - 0.85, (z + 0.3).abs() - 0.13, 0.04)
    hub = _smooth_max(radius - 0.42, (z - 0.05).abs() - 0.45, 0.04)
    solid = _smooth_min(plate, hub, 0.08)
    solid = _smooth_max(solid, 0.24 - radius, 0.04)
    for k in range(6):
        angle = k * math.pi / 3
        bolt = x[:, :2] - 0.64 * x.new_tensor([math.cos(angle), math.sin(angle)])
        solid = _smooth_max(solid, 0.1 - torch.linalg.vector_norm(bolt, dim=1), 0.04)
    return solid


#: By name; all fit into [-1, 1]^3.
SURFACES: dict[str, Callable[[Tensor], Tensor]] = {"genus_two": genus_two, "flange": flange}


def make_surface(name: str, resolution: int = RESOLUTION) -> Mesh:
    """A shape of ``SURFACES`` as a mesh, its vertices on the surface.

    Raises:
        LevelsetError: there is none of that name.
    """
    return extract_mesh(SURFACES[choose("surface", name, SURFACES)], (-1.05, 1.05), resolution)


def trefoil(samples: int = 1000) -> Polyline:
    """The trefoil knot (sin t + 2 sin 2t, cos t - 2 cos 2t, -sin 3t) / 3, closed."""
    t = 2 * np.pi * np.arange(samples) / samples
    knot = [np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)]
    return Polyline(np.stack(knot, axis=1) / 3, closed=True)


def helix(samples: int = 1000, turns: float = 2.0) -> Polyline:
    """An open helix of radius 0.6 and height 1.6."""
    s = np.linspace(0, 1, samples)
    angle = 2 * np.pi * turns * s
    points = [0.6 * np.cos(angle), 0.6 * np.sin(angle), 1.6 * s - 0.8]
    return Polyline(np.stack(points, axis=1), closed=False)


def closed_spline(samples: int = 500, *, knots: int = 8, seed: int = 0) -> Polyline:
    """A closed curve in space: the periodic cubic spline through random knots around a circle.

    In the manner of the paper's curves, whose knots are not published.

    Raises:
        LevelsetError: fewer than 3 knots, or fewer samples than knots.
    """
    if not 3 <= knots <= samples:
        raise LevelsetError(
            f"A closed spline needs 3 knots and as many samples, got {knots} and {samples}."
        )
    rng = numpy_generator(seed)
    t = np.arange(knots + 1) / knots
    angle = 2 * np.pi * t[:-1]
    radius = rng.uniform(0.5, 0.9, knots)
    through = [radius * np.cos(angle), radius * np.sin(angle), rng.uniform(-0.4, 0.4, knots)]
    points = np.stack(through, axis=1)
    spline = CubicSpline(t, np.concatenate([points, points[:1]]), bc_type="periodic")
    return Polyline(spline(np.arange(samples) / samples), closed=True)


def _ring(x: Tensor, radius: float, thickness: float) -> Tensor:
    """The distance to a torus around the z axis."""
    across = torch.linalg.vector_norm(x[:, :2], dim=1) - radius
    return torch.hypot(across, x[:, 2]) - thickness


def _smooth_min(a: Tensor, b: Tensor, width: float) -> Tensor:
    """min(a, b), lowered by up to width / 4 where |a - b| < width."""
    near = (1 - (a - b).abs() / width).clamp_min(0)
    return torch.minimum(a, b) - 0.25 * width * near.square()


def _smooth_max(a: Tensor, b: Tensor, width: float) -> Tensor:
    return -_smooth_min(-a, -b, width)
