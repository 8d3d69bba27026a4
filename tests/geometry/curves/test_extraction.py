"""Curves out of networks, against curves known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.geometry import extract_curve


def circle_in_space(x: torch.Tensor) -> torch.Tensor:
    """A sphere and a tilted plane."""
    normal = torch.tensor([1.0, 2.0, 2.0], dtype=x.dtype) / 3
    return torch.stack([x.norm(dim=1) - 0.8, x @ normal - 0.1], dim=1)


def helix(x: torch.Tensor) -> torch.Tensor:
    """(cos, sin) of the turn at every height."""
    angle = 5.0 * x[:, 2]
    return torch.stack([x[:, 0] - 0.5 * angle.cos(), x[:, 1] - 0.5 * angle.sin()], dim=1)


def test_a_circle_in_space_is_one_ring_on_both_surfaces():
    curve = extract_curve(circle_in_space, (-np.ones(3), np.ones(3)), 40)
    (line,) = curve.polylines
    assert line.closed
    values = circle_in_space(torch.tensor(line.points))
    assert values.abs().max() < 1e-6
    radius = np.sqrt(0.8**2 - 0.1**2)
    assert line.length == pytest.approx(2 * np.pi * radius, rel=5e-3)
    gaps = np.linalg.norm(np.diff(line.segments[:, 0], axis=0), axis=1)
    assert gaps.max() < 0.1 and gaps.min() > 0.002  # in order: no jumps, no doubles
    first, second = curve.surfaces
    np.testing.assert_allclose(np.linalg.norm(first.vertices, axis=1), 0.8, atol=1e-6)
    np.testing.assert_allclose(second.vertices @ np.array([1, 2, 2]) / 3, 0.1, atol=1e-6)


def test_a_helix_is_one_open_line_to_the_walls_of_the_box():
    curve = extract_curve(helix, ((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)), 40)
    (line,) = curve.polylines
    assert not line.closed
    t = line.points[:, 2]
    assert np.all(np.diff(t) > 0) or np.all(np.diff(t) < 0)
    exact = np.stack([0.5 * np.cos(5 * t), 0.5 * np.sin(5 * t)], axis=1)
    np.testing.assert_allclose(line.points[:, :2], exact, atol=1e-6)
    assert np.ptp(t) > 1.9
    assert line.length == pytest.approx(np.ptp(t) * np.hypot(1, 2.5), rel=1e-2)


def test_the_middle_of_an_open_line_may_come_first_in_the_mesh():
    # Two crossed circles on a sphere: {xy = 0} has four arcs that meet in two points.
    def crossed(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x.norm(dim=1) - 0.7, x[:, 0] * (x[:, 1] - 0.03) + 0.002], dim=1)

    curve = extract_curve(crossed, (-np.ones(3), np.ones(3)), 48)
    values = np.concatenate([crossed(torch.tensor(p.points)) for p in curve.polylines])
    assert np.abs(values).max() < 1e-5
    assert all(line.closed for line in curve.polylines)


def test_a_circle_in_the_plane():
    curve = extract_curve(lambda x: x.norm(dim=1) - 0.5, ((-1.0, -1.0), (1.0, 1.0)), 32)
    (line,) = curve.polylines
    assert line.closed and not curve.surfaces
    np.testing.assert_allclose(np.linalg.norm(line.points, axis=1), 0.5, atol=1e-6)
    assert line.length == pytest.approx(np.pi, rel=1e-2)


def test_lines_in_the_plane_longest_first():
    curve = extract_curve(
        lambda x: (x[:, 0] - 0.9 + x[:, 1]) * (x[:, 0] + x[:, 1] + 1.5),
        ((-1.0, -1.0), (1.0, 1.0)), 64,
    )  # fmt: skip
    first, second = curve.polylines
    assert not first.closed and not second.closed
    np.testing.assert_allclose(first.points.sum(1), 0.9, atol=1e-6)
    np.testing.assert_allclose(second.points.sum(1), -1.5, atol=1e-6)


def test_surfaces_that_do_not_meet_give_no_line():
    def apart(x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x.norm(dim=1) - 0.3, x[:, 0] - 0.8], dim=1)

    curve = extract_curve(apart, (-np.ones(3), np.ones(3)), 32)
    assert curve.polylines == () and all(len(s.faces) for s in curve.surfaces)


def test_no_surface_no_line():
    curve = extract_curve(lambda x: x[:, :2].abs() + 1, (-np.ones(3), np.ones(3)), 16)
    assert curve.polylines == ()


@pytest.mark.parametrize(
    ("f", "bounds", "what"),
    [
        (lambda x: x[:, 0], (-np.ones(3), np.ones(3)), "this F maps"),
        (lambda x: x[:, :2], ((-1.0, -1.0), (1.0, 1.0)), "this F maps"),
        (lambda x: x[:, 0], (-1.0, 1.0), "in the plane or in space"),
    ],
)
def test_outputs_must_fit(f, bounds, what):
    with pytest.raises(LevelsetError, match=what):
        extract_curve(f, bounds, 16)
