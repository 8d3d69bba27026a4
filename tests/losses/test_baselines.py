"""Cross-entropy and hinge against torch's own; Elsayed et al. against one Newton step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from levelset_core import LevelsetError, project
from levelset_core.losses import cross_entropy, elsayed, hinge


@pytest.fixture
def signs(device):
    return 1 - 2 * (torch.arange(40, device=device) % 2)


def test_cross_entropy_of_signs_is_torchs(mlp, randn, signs):
    f, x = mlp(), randn(40, 2)
    expected = nn.functional.binary_cross_entropy_with_logits(f(x), (signs > 0).double())
    torch.testing.assert_close(cross_entropy(f, x, signs), expected)
    torch.testing.assert_close(
        cross_entropy(f, x, signs), nn.functional.soft_margin_loss(f(x), signs.double())
    )


def test_cross_entropy_of_classes_is_torchs(mlp, randn, device):
    f, x, y = mlp(outputs=3), randn(40, 2), torch.arange(40, device=device) % 3
    torch.testing.assert_close(cross_entropy(f, x, y), nn.functional.cross_entropy(f(x), y))


def test_hinge_is_torchs(mlp, randn, signs):
    f, x = mlp(), 3 * randn(40, 2)
    value = f(x)
    expected = nn.functional.multi_margin_loss(
        torch.stack([torch.zeros_like(value), value], 1), (signs + 1) // 2, reduction="none"
    )  # max(0, 1 - y F) / 2 classes
    torch.testing.assert_close(hinge(f, x, signs), 2 * expected.mean())


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus", "sine"])
def test_elsayed_in_l2_is_one_newton_step(activation, mlp, randn, signs):
    f, x = mlp(3, activation=activation), randn(40, 3)
    s = project(f, x, max_steps=1, tol=0.0, max_jump=1e6)
    step = (s.points - x).norm(dim=1)
    expected = torch.relu(0.3 - torch.sign(signs * f(x)) * step).mean()
    torch.testing.assert_close(elsayed(f, x, signs, epsilon=0.3), expected)


@pytest.mark.parametrize(("distance", "dual"), [("l2", 2), ("linf", 1)])
def test_elsayed_is_exact_on_affine_networks(distance, dual, mlp, randn, signs):
    f, x = mlp(4, ()), randn(40, 4)
    w = f.layers[0].weight.flatten()
    expected = torch.relu(0.3 - signs * f(x) / w.norm(dual)).mean()
    held = torch.relu(0.3 - signs * f(x) / w.detach().norm(dual)).mean()
    for through, wanted in ((True, expected), (False, held)):
        loss = elsayed(f, x, signs, epsilon=0.3, distance=distance, differentiate_gradient=through)
        torch.testing.assert_close(loss, wanted)
        parameters = list(f.parameters())
        for a, b in zip(
            torch.autograd.grad(loss, parameters),
            torch.autograd.grad(wanted, parameters),
            strict=True,
        ):
            torch.testing.assert_close(a, b)


def test_elsayed_through_the_gradient_matches_finite_differences(mlp, randn, signs):
    f, x = mlp(), randn(40, 2)
    loss = elsayed(f, x, signs, differentiate_gradient=True)
    slopes = torch.autograd.grad(loss, list(f.parameters()))
    direction = [randn(*weight.shape) for weight in f.parameters()]
    predicted = sum((a * b).sum() for a, b in zip(slopes, direction, strict=True)).item()
    h, values = 1e-6, []
    with torch.no_grad():
        for step in (h, -2 * h):
            for weight, change in zip(f.parameters(), direction, strict=True):
                weight.add_(change, alpha=step)
            values.append(elsayed(f, x, signs).item())
    assert predicted == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-5)


def test_elsayed_in_a_dead_zone_gives_no_loss(mlp, randn, signs):
    f = mlp(activation="relu")
    with torch.no_grad():
        f.layers[0].bias.fill_(-100.0)
    for through in (True, False):
        loss = elsayed(f, randn(40, 2), signs, differentiate_gradient=through)
        assert loss == 0
        loss.backward()
        assert all(torch.isfinite(weight.grad).all() for weight in f.parameters())


def test_elsayed_refuses_another_distance(mlp, randn, signs):
    with pytest.raises(LevelsetError, match="'rho'"):
        elsayed(mlp(), randn(40, 2), signs, distance="rho")
