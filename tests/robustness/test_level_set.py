"""What was added to the level set method: closed forms, gradients, cold starts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, kl_div

from levelset_core import LevelsetError
from levelset_core.attacks import margin_of
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.data.images import load_images
from levelset_core.levelsets import class_margin, sample_network
from levelset_core.random import torch_generator
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.level_set import (
    below,
    eq_12_in_a_norm,
    level_set,
    level_set_points,
    margin_and_slope,
    soft_margin,
)
from levelset_core.robustness.trainer import RobustTrainer
from tests.robustness.test_objectives import Linear, W, batch_of

CPU = torch.device("cpu")
CONFIG = RobustConfig(
    method="level-set", epsilon=0.3, epsilon_wrong=0.3, attack_step=0.05, attack_step_wrong=0.05,
    attack_steps=20, weight_correct=3.0, distance="linf",
)  # fmt: skip
X = torch.tensor([0.6, 0.4, 0.5, 0.2], dtype=torch.float64).reshape(1, 1, 2, 2)


@pytest.mark.parametrize("distance", ["l2", "linf"])
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("decay", [0.0, 6.0])
def test_the_gradient_of_eq_12_in_a_norm_in_closed_form(distance, label, decay):
    """On w.x + b the level set moves by dF(p) / ||w||_*: ds/d(w, b) = +-(p, 1) / ||w||_*."""
    f, y = Linear(), torch.tensor([label])
    config = replace(CONFIG, distance=distance, distance_decay=decay)
    batch, right = batch_of(f, X, y, 0.3), torch.tensor([label == 0])
    samples, _, crossed = level_set_points(batch, config, right)
    assert crossed.all()
    loss = eq_12_in_a_norm(batch, config, samples.points, samples.usable(0.1), right)()
    p = samples.points.flatten()
    way = float(torch.linalg.vector_norm(p - X.flatten(), math.inf if distance == "linf" else 2))
    side, weight = (1.0, 3.0) if label == 0 else (-1.0, 1.0)
    s = side * way
    size = math.exp(-decay * max(s, 0.0))
    value = (size - math.exp(-decay * 0.3)) / decay if decay else 0.3 - s
    assert loss.item() == pytest.approx(weight * value)
    dw, db = torch.autograd.grad(loss, [f.w, f.b])
    dual = float(W.abs().sum()) if distance == "linf" else float(W.norm())
    sign = 1.0 if label == 0 else -1.0  # F^1 = -F^0
    torch.testing.assert_close(db, torch.tensor(-weight * size * sign / dual).double())
    torch.testing.assert_close(dw, -weight * size * sign / dual * p)


def test_on_a_smooth_network_the_gradient_is_that_of_the_distance_along_the_normal():
    """Finite differences: how far the level set moves, in L_inf, where F changes a little."""
    generator = torch_generator(2)
    f = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Softplus(), nn.Linear(8, 3)).double()
    x = 0.3 + 0.4 * torch.rand(6, 1, 2, 2, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        y = f(x).argmax(1)
        # A level set near every image: the runner-up is lifted almost to the class.
        p = x + 0.01
        logits = f(p)
    config = replace(CONFIG, margin_temperature=5.0)
    batch, used = batch_of(f, x, y, 0.3), torch.ones(6, dtype=torch.bool)
    loss = eq_12_in_a_norm(batch, config, p, used, used)()
    parameters = list(f.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    step = [torch.randn(q.shape, generator=generator, dtype=q.dtype) for q in parameters]
    before, slope = margin_and_slope(f, p, y, config)
    torch.testing.assert_close(before, soft_margin(logits, y, 5.0))
    h = 1e-6
    with torch.no_grad():
        for q, d in zip(parameters, step, strict=True):
            q += h * d
        moved = (soft_margin(f(p), y, 5.0) - before) / slope / h
    expected = sum((g * d).sum() for g, d in zip(gradients, step, strict=True))
    assert float(expected) == pytest.approx(-3.0 * float(moved.sum()) / 6, rel=1e-4)


def test_h_falls_by_exp_of_the_distance_and_becomes_the_hinge():
    s = torch.linspace(-0.5, 0.6, 40, dtype=torch.float64, requires_grad=True)
    aim = torch.full_like(s, 0.4)
    (slope,) = torch.autograd.grad(below(s, aim, 6.0).sum(), s)
    inside = s.detach() < 0.4
    torch.testing.assert_close(slope[inside], -torch.exp(-6 * s.detach().clamp_min(0))[inside])
    assert not slope[~inside].any() and not below(s, aim, 6.0)[~inside].any()
    torch.testing.assert_close(
        below(s.clamp_min(0), aim, 1e-6), below(s.clamp_min(0), aim, 0.0), atol=1e-6, rtol=0
    )


def test_the_soft_margin_is_below_the_margin_and_comes_near_it():
    logits = torch.randn(20, 10, generator=torch_generator(0), dtype=torch.float64)
    y = torch.arange(20) % 10
    hard = margin_of(logits, y)
    assert torch.equal(soft_margin(logits, y, 0.0), hard)
    assert (soft_margin(logits, y, 5.0) < hard).all()
    torch.testing.assert_close(soft_margin(logits, y, 1000.0), hard, atol=0.01, rtol=0)


def test_pixels_at_a_wall_do_not_carry_the_boundary_further():
    f, y = Linear(), torch.tensor([0])
    inside = margin_and_slope(f, X, y, CONFIG)[1]
    assert inside.item() == pytest.approx(float(W.abs().sum()))
    wall = X.clone()
    wall[..., 0, 0] = 0.0  # w_0 > 0: F falls downwards, where there is no room
    assert margin_and_slope(f, wall, y, CONFIG)[1].item() == pytest.approx(float(W[1:].abs().sum()))


def test_terms_beside_eq_12_add_up():
    f, x, y = Linear(), X.expand(2, 1, 2, 2), torch.tensor([0, 1])
    batch = batch_of(f, x, y, 0.3)
    plain = replace(CONFIG, search="xent")
    alone = level_set(batch, plain)
    samples, end, _ = level_set_points(batch, plain, torch.tensor([True, False]))
    assert samples.usable(0.1).tolist() == [True, False]  # a wrong image has none under Madry's
    torch.testing.assert_close(alone.attacked, end)
    more = replace(plain, weight_clean=0.5, weight_boundary=0.25, weight_attacked=0.75)
    points = cross_entropy(f(samples.points[:1]), y[:1]) / 2
    clean, at_end = cross_entropy(f(x), y), cross_entropy(f(end), y)
    expected = alone.loss + 0.5 * clean + 0.25 * points + 0.75 * at_end
    torch.testing.assert_close(level_set(batch, more).loss, expected)
    half_way = replace(batch, epoch=1.0)
    torch.testing.assert_close(
        level_set(half_way, replace(more, clean_epochs=2)).loss, expected - 0.25 * clean
    )
    natural, ends = f(x).log_softmax(1), f(end).log_softmax(1)
    divergence = kl_div(ends, natural, reduction="batchmean", log_target=True)
    torch.testing.assert_close(
        level_set(batch, replace(more, partner="trades")).loss,
        expected + 0.75 * (divergence - at_end),
    )


def test_newtons_points_are_nearer_than_where_pgd_crosses_in_l2():
    f, y, right = Linear(), torch.tensor([0]), torch.tensor([True])
    batch = batch_of(f, X, y, 0.3)
    ways = {}
    for points in ("newton", "pgd"):
        samples, _, crossed = level_set_points(batch, replace(CONFIG, points=points), right)
        assert crossed.all() and samples.values.abs().item() < 0.02
        ways[points] = float((samples.points - X).norm())
    assert ways["newton"] < ways["pgd"]
    assert ways["newton"] == pytest.approx(0.2 / float(W.norm()), rel=1e-3)


def test_nearest_points_are_the_nearest_in_the_norm():
    f, y, right = Linear(), torch.tensor([0]), torch.tensor([True])
    batch = batch_of(f, X, y, 0.3)
    for distance, order, dual in (("linf", math.inf, 1), ("l2", 2, 2)):
        config = replace(CONFIG, points="nearest", distance=distance)
        samples, _, crossed = level_set_points(batch, config, right)
        assert crossed.all() and samples.usable(0.1).all()
        way = torch.linalg.vector_norm((samples.points - X).flatten(), order)
        expected = 0.2 / torch.linalg.vector_norm(W, dual)
        assert float(way) == pytest.approx(float(expected), rel=0.05)


def test_a_weight_without_a_norm_is_refused():
    for name in ("distance_decay", "margin_temperature"):
        with pytest.raises(LevelsetError, match=name):
            RobustConfig(method="level-set", **{name: 6.0})
    RobustConfig(method="level-set", distance="l2", distance_decay=6.0)


def test_batch_norm_sees_clean_images_only_once_a_step():
    f = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 10))
    x, y = torch.rand(6, 1, 8, 8, generator=torch_generator(0)), torch.arange(6)
    f.train()
    config = replace(
        CONFIG, search="xent", weight_clean=1.0, weight_boundary=1.0, weight_attacked=1.0
    )
    level_set(batch_of(f, x, y, 0.3), config)
    assert f.training and int(f[1].num_batches_tracked) == 1
    torch.testing.assert_close(f[1].running_mean, 0.1 * f[0](x).mean((0, 2, 3)))


#: All of the additions at once.
ALL = {
    "method": "level-set", "search": "xent", "distance": "linf", "distance_decay": 6.0,
    "margin_temperature": 5.0, "weight_correct": 10.0, "weight_clean": 0.3, "clean_epochs": 2,
    "weight_boundary": 0.3, "weight_attacked": 1.0,
}  # fmt: skip


def test_it_learns_from_new_weights():
    data = load_images("mnist_excerpt", "train").first(256)
    config = RobustConfig(
        **ALL, model="convnet4a_narrow", epochs=6, batch=32, learning_rate=3e-3, epsilon=0.06,
        warmup_epochs=3, attack_step=0.12, attack_steps=2, attack_shrink=0.3,
    )  # fmt: skip
    snapshots = list(RobustTrainer(config, data, device=CPU))
    last = snapshots[-8:]  # an epoch
    assert sum(s.right for s in last) / 8 > 0.4
    assert any(s.found > 0 for s in last)


def test_pytorchs_own_weights_are_no_dead_end():
    """They have no level set near an image: Eq. 12 alone is 0, the terms beside it lead out."""
    torch.manual_seed(0)
    f = make_classifier("convnet4a_narrow", (1, 28, 28), 10)
    for module in f.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    x, y = load_images("mnist_excerpt", "train").batch(slice(0, 32))
    y = f(x).argmax(1)  # right, all of them
    config = RobustConfig(**ALL, epsilon=0.001, attack_step=0.002, attack_steps=2)
    alone = replace(config, weight_clean=0.0, weight_attacked=0.0)
    for c, expected in ((alone, False), (config, True)):
        f.zero_grad()
        terms = level_set(batch_of(f, x, y, 0.001), c)
        terms.loss.backward()
        assert terms.found == 0
        assert any(p.grad is not None and p.grad.any() for p in f.parameters()) == expected


def test_a_checkpoint_goes_on_bit_for_bit():
    data = load_images("mnist_excerpt", "train").first(48)
    config = RobustConfig(
        **ALL, model="convnet4a_narrow", epochs=2, batch=16, epsilon=0.2, attack_step=0.4,
        attack_steps=2, attack_shrink=0.5,
    )  # fmt: skip
    whole = RobustTrainer(config, data, device=CPU)
    for _ in range(4):
        next(whole)
    saved = whole.checkpoint()
    rest = [repr(s) for s in whole]
    again = RobustTrainer(config, data, device=CPU)
    again.restore(saved)
    assert [repr(s) for s in again] == rest and len(rest) == 2
    one, other = whole.network.state_dict(), again.network.state_dict()
    assert all(torch.equal(one[k], other[k]) for k in one)


def test_a_replay_is_a_further_step_on_the_same_points():
    data = load_images("mnist_excerpt", "train").first(32)
    config = RobustConfig(
        **ALL, model="convnet4a_narrow", epochs=2, batch=16, epsilon=0.2, attack_step=0.4,
        attack_steps=2, attack_shrink=0.5,
    )  # fmt: skip
    by_hand = RobustTrainer(config, data, device=CPU)
    twice = RobustTrainer(replace(config, replays=1), data, device=CPU)
    batches: list = []
    original = by_hand._batch
    by_hand._batch = lambda *a: batches.append(original(*a)) or batches[-1]  # type: ignore[method-assign]
    next(by_hand)
    # The attack again, from the same noise, on the network as it was: f is a frozen copy.
    f = batches[0].f
    terms = level_set(replace(batches[0], learner=f), config)
    assert terms.found == next(twice).found
    trained = replace(batches[0], learner=by_hand.network)
    by_hand.optimizer.zero_grad()
    level_set(trained, config).loss.backward()
    by_hand.optimizer.step()
    one, other = by_hand.network.state_dict(), twice.network.state_dict()
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=2e-4, rtol=1e-2)


def test_level_set_points_move_along_when_the_network_changes():
    """Eq. 9 with other parameters: F(p(theta)) stays nearer to its level than F(p) does."""
    generator = torch_generator(3)
    f = nn.Sequential(nn.Flatten(), nn.Linear(4, 16), nn.Softplus(), nn.Linear(16, 3)).double()
    with torch.no_grad():
        for q in f.parameters():
            q.copy_(torch.randn(q.shape, generator=generator) / q.shape[-1] ** 0.5)
    x = 0.3 + 0.4 * torch.rand(8, 1, 2, 2, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        for _ in range(3):
            f[3].bias -= (f(x) - f(x).mean(1, keepdim=True)).mean(0)
        y = f(x).argmax(1)
    config = replace(CONFIG, epsilon=0.3, attack_step=0.2)
    samples, _, _ = level_set_points(batch_of(f, x, y, 0.3), config, torch.ones(8).bool())
    used = samples.usable(0.1)
    assert used.any()
    with torch.no_grad():
        for q in f.parameters():
            q += 1e-3 * torch.randn(q.shape, generator=generator, dtype=q.dtype)
        p, margin = samples.points, class_margin(f)
        moved = sample_network(margin, samples)
        off = (margin(moved, y) - samples.values)[used].abs()
        stale = (margin(p, y) - samples.values)[used].abs()
    # Two classes may change places as the runner-up: F^y has a kink there.
    assert (off < 0.1 * stale).double().mean() >= 0.75
