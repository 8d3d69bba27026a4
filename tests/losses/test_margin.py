"""Sec. 3.2: Eq. 12 in closed form on affine networks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from levelset_core import LevelsetError, project
from levelset_core.levelsets import class_margin, false_position
from levelset_core.losses import margin, margin_terms


@pytest.fixture
def labels(device):
    def make(n: int) -> Tensor:
        return 1 - 2 * (torch.arange(n, device=device) % 2)

    return make


def gradients(loss: Tensor, f: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(f.parameters())))


def affine_distance(f, x: Tensor, name: str) -> Tensor:
    """d(x, p) of the orthogonal projection p of x on {w.x + b = 0}, differentiable in w and b."""
    w = f.layers[0].weight.flatten()
    length = f(x).abs() / w.norm()
    return length if name == "l2" else length * w.abs().max() / w.norm()


@pytest.mark.parametrize("name", ["l2", "linf", "rho"])
def test_affine_networks_in_closed_form(name, mlp, randn, labels):
    f, x, y = mlp(5, ()), randn(60, 5), labels(60)
    terms = margin_terms(
        f, x, y, distance=name, epsilon=0.4, epsilon_wrong=0.6, weight_correct=3.0,
        weight_wrong=0.5,
    )  # fmt: skip
    d = affine_distance(f, x, name)
    right = y * f(x) > 0
    expected = torch.where(right, 3.0 * torch.relu(0.4 - d), 0.5 * torch.relu(0.6 + d))
    assert terms.used.all()
    assert torch.equal(terms.correct, right)
    assert 0 < (terms.per_sample == 0).sum() < 60  # some are far enough
    torch.testing.assert_close(terms.distance, d.detach())
    torch.testing.assert_close(terms.per_sample, expected.detach())
    torch.testing.assert_close(terms.loss, expected.mean())


def test_the_gradient_in_l2_is_that_of_the_true_distance(mlp, randn, labels):
    f, x, y = mlp(5, ()), randn(60, 5), labels(60)
    loss = margin(f, x, y, distance="l2", epsilon=0.4)
    side = torch.where(y * f(x) > 0, 1.0, -1.0)
    expected = torch.relu(0.4 - side * affine_distance(f, x, "l2")).mean()
    for actual, wanted in zip(gradients(loss, f), gradients(expected, f), strict=True):
        torch.testing.assert_close(actual, wanted)


@pytest.mark.parametrize("name", ["linf", "rho"])
def test_the_gradient_is_that_of_the_sample_moving_along_its_normal(name, mlp, randn, labels):
    """On one axis i: x^i - p^i(theta), p(theta) = p - w_0 / |w_0|^2 F(p; theta)."""
    f, x, y = mlp(5, ()), randn(60, 5), labels(60)
    s = project(f, x)
    w = f.layers[0].weight.detach().flatten()
    i = w.abs().argmax()
    reached = (x[:, i] - (s.points[:, i] - w[i] / w.square().sum() * f(s.points))).abs()
    side = torch.where(y * f(x) > 0, 1.0, -1.0)
    expected = torch.relu(0.4 - side * reached).mean()
    loss = margin(f, x, y, distance=name, epsilon=0.4)
    for actual, wanted in zip(gradients(loss, f), gradients(expected, f), strict=True):
        torch.testing.assert_close(actual, wanted)


def test_epsilon_and_weights_for_every_sample(mlp, randn, labels):
    f, x, y = mlp(5, ()), randn(60, 5), labels(60)
    epsilon, wrong, a, b = (randn(4, 60).abs()).unbind()
    terms = margin_terms(
        f, x, y, distance="l2", epsilon=epsilon, epsilon_wrong=wrong, weight_correct=a,
        weight_wrong=b,
    )  # fmt: skip
    d = affine_distance(f, x, "l2")
    expected = torch.where(y * f(x) > 0, a * torch.relu(epsilon - d), b * (wrong + d))
    torch.testing.assert_close(terms.per_sample, expected.detach())


def test_wrong_samples_share_epsilon_unless_told(mlp, randn, labels):
    f, x, y = mlp(5, ()), randn(60, 5), labels(60)
    one = margin(f, x, y, epsilon=0.3)
    two = margin(f, x, y, epsilon=0.3, epsilon_wrong=0.3)
    assert torch.equal(one, two)


def test_three_linear_classes_in_closed_form(mlp, randn, device):
    """The planes {f_j = f_i} are |f_j - f_i| / |w_j - w_i| away."""
    f, x = mlp(4, (), 3), randn(60, 4)
    y, rows = torch.arange(60, device=device) % 3, torch.arange(60, device=device)
    terms = margin_terms(f, x, y, distance="l2", epsilon=1.0, max_steps=30)
    logits, w = f(x).detach(), f.layers[0].weight.detach()
    leads = logits[rows, y][:, None] - logits  # (n, classes)
    leads[rows, y] = torch.inf
    planes = leads / (w[y][:, None] - w).norm(dim=2)
    assert torch.equal(terms.correct, logits.argmax(1) == y)
    # Newton goes to the plane of the best other class; in one step, if that is where S^j is.
    one = terms.boundary.steps == 1
    assert one.sum() > 30
    d = planes[rows, leads.argmin(1)]
    torch.testing.assert_close(terms.distance[one], d.abs()[one])
    torch.testing.assert_close(terms.per_sample[one], torch.relu(1.0 - d)[one])
    # S^j is never nearer than the nearest plane (inside) or the furthest one crossed (outside).
    there = terms.boundary.converged
    assert (terms.distance >= planes.amin(1).abs() - 1e-9)[there].all()


def test_classes_and_signs_say_the_same_of_two_classes(mlp, randn, labels):
    f, x, y = mlp(activation="softplus"), randn(40, 2), labels(40)

    class Logits(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([-0.5 * f(x), 0.5 * f(x)], dim=1)

    for name in ("l2", "linf", "rho"):
        binary = margin_terms(f, x, y, distance=name)
        classes = margin_terms(Logits(), x, (y + 1) // 2, distance=name)
        torch.testing.assert_close(binary.loss, classes.loss)
        assert torch.equal(binary.used, classes.used)
        for a, b in zip(gradients(binary.loss, f), gradients(classes.loss, f), strict=True):
            torch.testing.assert_close(a, b)


def test_samples_may_come_from_a_segment_search(mlp, randn, labels):
    f, x, y = mlp(5, ()), randn(40, 5), labels(40)
    other = randn(40, 5)
    found = false_position(f, x, other, tol=1e-12)
    terms = margin_terms(f, x, y, distance="l2", epsilon=2.0, samples=found)
    assert terms.boundary is found
    assert torch.equal(terms.used, f(x) * f(other) < 0)
    t = (f(x) / (f(x) - f(other))).detach()  # where w.x + b vanishes between the two
    d = t * (x - other).norm(dim=1)
    side = torch.where(y * f(x) > 0, 1.0, -1.0)
    expected = torch.where(terms.used, torch.relu(2.0 - side * d), 0.0)
    torch.testing.assert_close(terms.per_sample, expected)
    torch.testing.assert_close(terms.loss, expected.mean())
    terms.loss.backward()
    assert f.layers[0].weight.grad.abs().sum() > 0


def test_class_samples_may_come_from_a_segment_search(mlp, randn, device):
    f, x, y = mlp(4, (), 3), randn(40, 4), torch.arange(40, device=device) % 3
    found = false_position(class_margin(f), x, randn(40, 4), args=(y,), tol=1e-10)
    terms = margin_terms(f, x, y, samples=found)
    assert torch.equal(terms.used, found.converged)
    assert terms.used.any()


def test_a_sample_that_stopped_too_far_gives_no_loss(mlp, randn, labels):
    f, x, y = mlp(activation="softplus"), randn(40, 2), labels(40)
    terms = margin_terms(f, x, y, max_steps=1, max_residual=0.01)
    residual = terms.boundary.values.abs()
    assert torch.equal(terms.used, (residual <= 0.01) & ~terms.boundary.failed)
    assert 0 < terms.used.sum() < 40
    assert (terms.per_sample[~terms.used] == 0).all()
    assert (terms.distance[~terms.used] == 0).all()


@pytest.mark.parametrize("name", ["l2", "linf", "rho"])
def test_duplicate_points_of_both_classes_are_harmless(name, mlp, randn):
    f, x = mlp(activation="softplus"), randn(20, 2)
    y = torch.ones(20, device=x.device)
    loss = margin(f, torch.cat([x, x]), torch.cat([y, -y]), distance=name)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(g).all() for g in gradients(loss, f))


def test_a_point_where_f_overflows_changes_nothing_but_the_mean(mlp, randn, labels):
    f, x, y = mlp(activation="softplus"), randn(30, 2), labels(30)
    far = torch.tensor([[1e308, -1e308]], device=x.device, dtype=x.dtype)
    with torch.no_grad():
        f.layers[0].weight.mul_(3)
        assert not torch.isfinite(f(far)).any()
    terms = margin_terms(f, x, y)
    more = margin_terms(f, torch.cat([x, far]), torch.cat([y, y[:1]]))
    assert not more.used[-1]
    torch.testing.assert_close(more.loss * 31, terms.loss * 30)
    for actual, wanted in zip(gradients(more.loss, f), gradients(terms.loss, f), strict=True):
        torch.testing.assert_close(actual * 31, wanted * 30)


def test_images(randn, device, dtype):
    f = nn.Sequential(nn.Flatten(), nn.Linear(48, 3)).to(device, dtype)
    with torch.no_grad():
        f[1].weight.copy_(randn(3, 48))
        f[1].bias.zero_()
    y = torch.arange(9, device=device) % 3
    terms = margin_terms(f, randn(9, 3, 4, 4), y, epsilon=10.0)
    assert terms.used.all()
    terms.loss.backward()
    assert f[1].weight.grad.abs().sum() > 0


def test_a_wrong_number_of_samples_is_refused(mlp, randn, labels):
    f = mlp()
    with pytest.raises(LevelsetError, match="5 inputs need 5 level set samples: 4"):
        margin(f, randn(5, 2), labels(5), samples=project(f, randn(4, 2)))


def test_an_unknown_distance_is_refused(mlp, randn, labels):
    with pytest.raises(LevelsetError, match="'l3'"):
        margin(mlp(), randn(4, 2), labels(4), distance="l3")
