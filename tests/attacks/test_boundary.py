"""Points of the decision boundary, against closed forms on a linear classifier."""

from __future__ import annotations

import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.attacks import attack_points, margin_along, newton_points
from levelset_core.random import torch_generator

W = torch.tensor([2.0, -1.0, 0.5])


def f(x):
    """Logits (w.x - 0.4, 0)."""
    value = (x.flatten(1) * W).sum(1) - 0.4
    return torch.stack([value, torch.zeros_like(value)], 1)


@pytest.fixture
def images():
    x = 0.4 + 0.2 * torch.rand(30, 1, 1, 3, generator=torch_generator(0))
    return x, f(x).argmax(1)


def gap(x):
    return f(x)[:, 0].abs()


def test_newton_finds_the_nearest_point_in_both_norms(images):
    x, y = images
    l2 = newton_points(f, x, y, norm="l2")
    linf = newton_points(f, x, y, norm="linf")
    assert l2.found.all() and linf.found.all()
    torch.testing.assert_close(l2.l2, gap(x) / W.norm(), rtol=0.01, atol=1e-4)
    torch.testing.assert_close(linf.linf, gap(x) / W.abs().sum(), rtol=0.01, atol=1e-4)
    assert (linf.linf <= l2.linf + 1e-6).all() and (l2.l2 <= linf.l2 + 1e-6).all()
    assert (linf.values.abs() < 1e-3).all()


def test_false_position_on_the_way_to_an_attack(images):
    x, y = images
    found = attack_points(f, x, y, steps=10)
    assert found.found.all()
    assert f(found.points)[:, 0].abs().max() < 1e-3
    # An upper bound: no nearer than the nearest point, and within the box that broke the image.
    assert (found.linf >= gap(x) / W.abs().sum() - 1e-4).all()
    assert found.linf.max() <= 0.5
    assert (found.points >= 0).all() and (found.points <= 1).all()


def test_what_cannot_be_reached_has_no_distance(images):
    x, y = images
    found = attack_points(f, x, y, epsilons=(1e-4,), steps=2)
    assert found.linf[~found.found].isinf().all() and not found.found.all()
    assert torch.equal(found.points[~found.found], x[~found.found])


def test_a_wrong_image_is_on_the_other_side_already(images):
    x, y = images
    assert not attack_points(f, x, 1 - y).found.any()


def test_the_margin_falls_through_zero(images):
    x, y = images
    end = attack_points(f, x, y, steps=10).points
    values = margin_along(f, x, end, y, count=11)
    assert values.shape == (30, 11)
    torch.testing.assert_close(values[:, 0], gap(x))
    assert values[:, -1].abs().max() < 1e-3
    assert (values.diff(dim=1) <= 1e-6).all()  # linear


def test_unknown_norms_are_one_sentence(images):
    with pytest.raises(LevelsetError, match="Unknown norm 'l1': choose one of linf, l2"):
        newton_points(f, *images, norm="l1")


def test_newton_stays_within_the_bounds_by_the_shortest_way():
    # The nearest point of {F = 0} in L2 lies beyond the first pixel's limit.
    w = torch.tensor([2.0, 1.0, 0.5])

    def level(p):
        value = p.flatten(1) @ w - 0.5
        return torch.stack([value, torch.zeros_like(value)], 1)

    x = torch.tensor([0.02, 0.5, 0.5]).reshape(1, 1, 1, 3)
    found = newton_points(level, x, torch.tensor([0]), norm="l2")
    assert found.found.all() and level(found.points)[0, 0].abs() < 1e-3
    p = found.points.flatten()
    assert p[0] == 0
    # On the face x_0 = 0: the projection in the other two pixels.
    left = (0.75 - 0.5) / (1 + 0.25)
    nearest = torch.tensor([0.5 - left, 0.5 - 0.5 * left])
    torch.testing.assert_close(p[1:], nearest, rtol=0, atol=0.02)
