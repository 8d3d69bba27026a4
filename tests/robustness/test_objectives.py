"""What a batch of a robust training descends, against closed forms on linear classifiers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from levelset_core.random import torch_generator
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.objectives import Batch, level_set, level_set_points, standard, trades

W = torch.tensor([2.0, -1.0, 0.5, 0.25], dtype=torch.float64)


class Linear(nn.Module):
    """Logits (w.x + b, 0): F^0 = w.x + b and F^1 = -F^0."""

    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(W.clone()), nn.Parameter(-0.9 * torch.ones(()).double())

    def forward(self, x):
        value = (x.flatten(1) * self.w).sum(1) + self.b
        return torch.stack([value, torch.zeros_like(value)], 1)


def batch_of(f, x, y, epsilon):
    noise = torch.rand(x.shape, generator=torch_generator(1), dtype=x.dtype) * 2 - 1
    return Batch(f, f, x, y, noise, epsilon)


@pytest.fixture
def images():
    """One image, F^0(x) = 0.2: as one of class 0 it is right, of class 1 wrong."""
    return torch.tensor([0.6, 0.4, 0.5, 0.2], dtype=torch.float64).reshape(1, 1, 2, 2)


CONFIG = RobustConfig(
    method="ours", epsilon=0.3, epsilon_wrong=0.3, attack_step=0.05, attack_step_wrong=0.05,
    attack_steps=20, weight_correct=3.0,
)  # fmt: skip


@pytest.mark.parametrize("first_crossing", [False, True])
@pytest.mark.parametrize("label", [0, 1])
def test_the_gradient_of_eq_12_in_closed_form(images, label, first_crossing):
    """L = lambda (epsilon -+ d), d = |x^i - p^i|, i the largest of |w|; p(theta) by Eq. 9:

    dp/d(w, b) = -w / |w|^2 (p, 1), and p lies beyond x on the side where F^0 falls to 0, so
    dL/d(w, b) = -+ lambda |w_i| / |w|^2 (p, 1) for right and wrong samples of class 0.
    """
    f, y = Linear(), torch.tensor([label])
    config = RobustConfig(**{**CONFIG.as_dict(), "first_crossing": first_crossing})
    batch = batch_of(f, images, y, 0.3)
    value = float((images.flatten() * W).sum() - 0.9)
    assert value == pytest.approx(0.2)
    samples, _, crossed = level_set_points(batch, config, torch.tensor([label == 0]))
    assert crossed.all() and samples.usable(0.1).all()
    terms = level_set(batch, config)
    assert terms.found == 1.0 and terms.right == float(label == 0)
    p = samples.points.flatten()
    d = abs(float(images.flatten()[0] - p[0]))
    weight, sign = (3.0, -1.0) if label == 0 else (1.0, 1.0)
    assert terms.loss.item() == pytest.approx(weight * (0.3 + sign * d))
    dw, db = torch.autograd.grad(terms.loss, [f.w, f.b])
    # F^1 = -F^0: for class 1 the image lies on the same side of the same boundary.
    scale = sign * weight * W.abs().max() / W.square().sum()
    torch.testing.assert_close(dw, scale * p)
    torch.testing.assert_close(db, scale)


@pytest.mark.parametrize("label", [0, 1])
def test_a_step_moves_the_boundary_the_way_it_should(images, label):
    f, y = Linear(), torch.tensor([label])

    def distance():
        with torch.no_grad():
            return float(((images.flatten() * f.w).sum() + f.b) / f.w.abs().sum())  # signed, L_inf

    before = distance()
    terms = level_set(batch_of(f, images, y, 0.3), CONFIG)
    terms.loss.backward()
    with torch.no_grad():
        for p in f.parameters():
            p -= 1e-3 * p.grad
    if label == 0:  # right: pushed away
        assert distance() > before > 0
    else:  # wrong: drawn nearer, to be passed over
        assert 0 < distance() < before


def test_a_sample_without_a_level_set_point_gives_no_loss(images):
    f = Linear()
    with torch.no_grad():
        f.b += 5.0
    terms = level_set(batch_of(f, images, torch.tensor([0]), 0.3), CONFIG)
    assert terms.loss.item() == 0 and terms.found == 0 and terms.robust == 1
    terms.loss.backward()
    assert not f.w.grad.any()


def test_cross_entropy_where_the_attack_ended_beside_eq_12(images):
    f, x, y = Linear(), images.expand(2, 1, 2, 2), torch.tensor([0, 1])
    config = RobustConfig(**{**CONFIG.as_dict(), "weight_attacked": 0.4})
    alone, both = (level_set(batch_of(f, x, y, 0.3), c) for c in (CONFIG, config))
    assert torch.equal(alone.attacked, both.attacked)
    at_end = cross_entropy(f(both.attacked), y)
    torch.testing.assert_close(both.loss, alone.loss + 0.4 * at_end)


def test_trades_is_cross_entropy_plus_divergence():
    generator = torch_generator(0)
    f = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double()
    x = torch.rand(8, 1, 2, 2, generator=generator, dtype=torch.float64)
    y = torch.randint(3, (8,), generator=generator)
    config = RobustConfig(method="trades", attack_step=0.1, attack_steps=3, beta=6.0)
    terms = trades(batch_of(f, x, y, 0.3), config)
    p, q = f(x).softmax(1), f(terms.attacked).softmax(1)
    divergence = (p * (p / q).log()).sum(1).mean()
    torch.testing.assert_close(terms.loss, cross_entropy(f(x), y) + 6 * divergence)
    assert divergence > 0 and (terms.attacked - x).abs().max() <= 0.3 + 1e-12


def test_batch_norm_sees_clean_images_only_once_a_step():
    f = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 10))
    x = torch.rand(6, 1, 8, 8, generator=torch_generator(0))
    y = torch.arange(6)
    f.train()
    config = RobustConfig(method="ours", epsilon=0.3, attack_step=0.1, attack_steps=3)
    level_set(Batch(f, f, x, y, torch.zeros_like(x), 0.3), config)
    assert f.training and int(f[1].num_batches_tracked) == 1
    mean = f[0](x).mean((0, 2, 3))
    torch.testing.assert_close(f[1].running_mean, 0.1 * mean)


def test_standard_looks_at_the_images_as_they_are():
    f = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    x, y = torch.rand(8, 1, 2, 2), torch.arange(8) % 3
    terms = standard(Batch(f, f, x, y, x, 0.3), RobustConfig(method="standard"))
    torch.testing.assert_close(terms.loss, cross_entropy(f(x), y))
