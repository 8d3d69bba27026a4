"""Sec. 3.3: Eq. 13 against closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from levelset_core import LevelsetError
from levelset_core.geometry.clouds import NearestPoints
from levelset_core.levelsets import project, value_and_jacobian
from levelset_core.losses import (
    along_normals,
    reconstruction,
    reconstruction_terms,
    signed_distance,
)
from levelset_core.losses.signed_distance import off_by


class Ball(nn.Module):
    """F(x) = s (|x| - r)."""

    def __init__(self, radius: float, slope: float = 1.0) -> None:
        super().__init__()
        self.radius = nn.Parameter(torch.tensor(radius, dtype=torch.float64))
        self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

    def forward(self, x):
        return self.slope * (x.norm(dim=1) - self.radius)


class Line(nn.Module):
    """F(x) = (x_1 - a, x_2 - b): the line at (a, b) along the third axis."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor([a, b], dtype=torch.float64))

    def forward(self, x):
        return x[:, :2] - self.place


@pytest.fixture
def sphere(randn):
    """A dense cloud on the unit sphere."""
    return torch.nn.functional.normalize(randn(20_000, 3), dim=1)


def test_a_distance_to_the_cloud_has_no_loss(sphere, randn, device):
    f = Ball(1.0).to(device)
    starts = 1.5 * randn(300, 3)
    loss = reconstruction(
        f, sphere[:100], NearestPoints(sphere), starts, levels=(-0.3, 0.0, 0.4), near=starts
    )
    assert loss < 0.05  # the cloud's spacing, four times


def test_gradients_are_those_of_the_moving_level_set(sphere, device):
    # S_t is the sphere of radius r + t / s; its distance to the cloud is |r + t / s - 1|.
    f = Ball(0.8, 2.0).to(device)
    axis = torch.eye(3, dtype=torch.float64, device=device)
    cloud = NearestPoints(torch.cat([axis, -axis]))
    loss = reconstruction(f, axis, cloud, 0.7 * axis, levels=(0.1,), lam=0.0)
    loss.backward()
    torch.testing.assert_close(loss.item(), abs(0.15 - 0.1))
    torch.testing.assert_close(f.radius.grad.item(), -1.0)
    torch.testing.assert_close(f.slope.grad.item(), 0.1 / 4)


def test_an_unprojected_sample_asks_for_the_distance_of_its_own_level(device):
    # At distance a of the surface F = s a: only s = 1 is a distance, and s = 2 must fall.
    f = Ball(1.0, 2.0).to(device)
    axis = torch.eye(3, dtype=torch.float64, device=device)
    loss = reconstruction(f, axis, NearestPoints(axis), axis[:0], levels=(), near=1.2 * axis)
    torch.testing.assert_close(loss.item(), abs(0.2 - 0.4))
    loss.backward()
    torch.testing.assert_close(f.slope.grad.item(), 0.2 / 2)


def test_the_second_term_pulls_the_surface_to_the_points(device):
    f = Ball(0.9).to(device)
    x = torch.eye(3, dtype=torch.float64, device=device)
    loss = reconstruction(f, x, NearestPoints(x), x[:0], levels=(), lam=3.0)
    torch.testing.assert_close(loss.item(), 3 * 0.1)
    loss.backward()
    torch.testing.assert_close(f.radius.grad.item(), -3.0)


def test_powers_take_their_root(device):
    f = Ball(1.0, 2.0).to(device)  # at distance a it asks for 2 a
    axis = torch.eye(3, dtype=torch.float64, device=device)
    factors = torch.tensor([[1.3], [1.1], [1.2]], dtype=torch.float64, device=device)
    terms = reconstruction_terms(
        f, axis, [(factors * axis, 0.0)], NearestPoints(axis), p=2.0, max_residual=1.0
    )
    expected = (factors - 1).square().mean().sqrt()
    torch.testing.assert_close(terms.distance, expected[None])


def test_a_curve_is_where_both_outputs_vanish(device):
    f = Line(0.1, 0.0).to(device)
    cloud = torch.zeros(201, 3, dtype=torch.float64, device=device)
    cloud[:, 2] = torch.linspace(-1, 1, 201, dtype=torch.float64)
    starts = cloud + torch.tensor([0.2, -0.3, 0.0], dtype=torch.float64, device=device)
    loss = reconstruction(f, cloud, NearestPoints(cloud), starts, lam=1.0)
    torch.testing.assert_close(loss.item(), 0.1 + 0.1)
    loss.backward()
    torch.testing.assert_close(f.place.grad.tolist(), [2.0, 0.0])
    with pytest.raises(LevelsetError, match="2 outputs"):
        reconstruction(f, cloud, NearestPoints(cloud), starts, levels=(0.1,))


def test_samples_far_from_their_level_or_without_slope_give_no_loss(device):
    f = Ball(1.0).to(device)
    axis = torch.eye(3, dtype=torch.float64, device=device)
    places = torch.stack([1.2 * axis[0], 3.0 * axis[1]])
    terms = reconstruction_terms(f, axis, [(places, 0.0)], NearestPoints(axis), max_residual=0.5)
    torch.testing.assert_close(terms.offsets[0].tolist(), [0.0, 0.0])
    flat = Ball(1.0, 1e-3).to(device)
    terms = reconstruction_terms(
        flat, axis, [(1.2 * axis, 0.0)], NearestPoints(axis), min_gradient=0.1
    )
    assert terms.samples[0].failed.all()
    terms.loss.backward()
    assert torch.isfinite(flat.radius.grad)


def test_the_terms_are_those_of_samples_and_a_sample_network(mlp, randn):
    f, x = mlp(3, (16, 16)), randn(30, 3)
    cloud = NearestPoints(randn(50, 3))
    s = project(f, randn(40, 3), max_steps=30, tol=1e-10)
    kept = s.points[s.converged]
    terms = reconstruction_terms(f, x, [(kept, 0.0)], cloud, lam=2.0)
    gradients = torch.autograd.grad(terms.loss, list(f.parameters()))
    _, jacobian = value_and_jacobian(f, kept)
    fixed = jacobian / jacobian.square().sum(1, keepdim=True)
    moved = kept - fixed * f(kept)[:, None]
    loss = (moved - cloud(kept)).norm(dim=1).mean() + 2 * f(x).abs().mean()
    expected = torch.autograd.grad(loss, list(f.parameters()))
    torch.testing.assert_close(terms.loss, loss)
    for actual, wanted in zip(gradients, expected, strict=True):
        torch.testing.assert_close(actual, wanted)


def test_the_terms_beside_eq_13(device):
    f = Ball(0.9, 2.0).to(device)
    axis = torch.eye(3, dtype=torch.float64, device=device)
    distance = torch.full((3,), 0.5, dtype=torch.float64, device=device)
    loss = signed_distance(f, axis, 1.5 * axis, distance, lam=3.0)
    torch.testing.assert_close(loss.item(), 3 * 0.2 + abs(1.2 - 0.5))
    places = torch.stack([0.2 * axis[0], 1.8 * axis[0], 0.8 * axis[0], 0.5 * axis[0]])
    sides = distance.new_tensor([-0.7, 0.9, 0.1, 0.4])  # right, right, wrong, wrong
    wrong = (0.05 + 0.2 + 0.2 + 0.8) / 4
    torch.testing.assert_close(off_by(f, places, sides, weight=0, side=3).item(), 3 * wrong)
    off = (0.7 + 0.9 + 0.3 + 1.2) / 4
    torch.testing.assert_close(off_by(f, places, sides, side=2).item(), off + 2 * wrong)
    torch.testing.assert_close(along_normals(Ball(1.0).to(device), axis, axis).item(), 0.0)
    torch.testing.assert_close(along_normals(Ball(1.0, 2.0).to(device), axis, axis).item(), 0.01)
    assert along_normals(f, axis, torch.zeros_like(axis)) == 0
