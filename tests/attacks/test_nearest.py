"""Nearer points of the boundary, against the closed form on a linear classifier."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from levelset_core.attacks import attack_points, nearer_points, newton_points
from levelset_core.attacks.nearest import tangent_points
from levelset_core.random import torch_generator

W = torch.randn(9, generator=torch_generator(4))


def f(x):
    value = x.flatten(1) @ W - 0.5 * W.sum()
    return torch.stack([value, torch.zeros_like(value)], 1)


def test_on_a_linear_classifier_it_finds_the_nearest():
    x = 0.4 + 0.2 * torch.rand(20, 1, 3, 3, generator=torch_generator(1))
    y = f(x).argmax(1)
    far = attack_points(f, x, y, epsilons=(0.6,), steps=3)
    found = nearer_points(f, x, y, far)
    assert far.found.all() and found.found.all()
    nearest = f(x)[:, 0].abs() / W.abs().sum()
    torch.testing.assert_close(found.linf, nearest, rtol=0.01, atol=1e-4)
    assert (found.linf <= far.linf + 1e-6).all()
    assert (f(found.points)[:, 0].abs() < 2e-3).all()


def test_on_a_network_it_is_never_farther_and_stays_an_image(tiny):
    network, data = tiny
    x, y = data.batch(slice(0, 24))
    first = newton_points(network, x, y, norm="linf")
    found = nearer_points(network, x, y, first)
    assert torch.equal(found.found, first.found)
    assert (found.linf <= first.linf).all()
    assert found.points.min() >= 0 and found.points.max() <= 1
    away = (found.points - x).flatten(1).abs().amax(1)
    torch.testing.assert_close(away[found.found], found.linf[found.found])
    assert found.linf[~found.found].isinf().all()


@given(st.lists(st.floats(0, 1), min_size=9, max_size=9), st.floats(-0.5, 0.5))
def test_the_tangent_point_is_on_the_plane_within_the_bounds(pixels, value):
    x = torch.tensor(pixels).reshape(1, 1, 3, 3)
    d = W.reshape(1, 1, 3, 3)
    z = tangent_points(x, torch.tensor([value]), d, (0.0, 1.0))
    assert z.min() >= 0 and z.max() <= 1
    left = value + float((d * (z - x)).sum())
    corner = tangent_points(x, torch.tensor([1e6 * value]), d, (0.0, 1.0))
    reach = abs(float((d * (corner - x)).sum()))
    if reach > abs(value) + 1e-3:
        assert abs(left) < 1e-3
        # No smaller step in the max norm comes as far: all pixels that can, move equally.
        steps = (z - x).abs().flatten()
        inside = (z.flatten() > 1e-6) & (z.flatten() < 1 - 1e-6)
        if inside.any() and abs(value) > 1e-3:
            torch.testing.assert_close(steps[inside], steps.max().expand(int(inside.sum())),
                                       rtol=0, atol=1e-5)  # fmt: skip
