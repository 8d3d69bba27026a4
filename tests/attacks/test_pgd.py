"""PGD stays where it may, never gets weaker by more of it, and is reproducible."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from levelset_core import LevelsetError
from levelset_core.attacks import LOSSES, ascend, box, margin_of, pgd
from levelset_core.levelsets import class_margin
from levelset_core.random import torch_generator

#: float32 rounds x + epsilon.
ROUNDING = 1e-6


def linear(weights) -> nn.Module:
    """Logits of two classes, (w.x, 0)."""
    w = torch.tensor(weights)

    class Linear(nn.Module):
        def forward(self, x):
            value = (x.flatten(1) * w).sum(1)
            return torch.stack([value, torch.zeros_like(value)], 1)

    return Linear()


def counting(network):
    """The network, and a list of how many images it has seen at every call."""
    sizes = []

    def counted(images):
        sizes.append(len(images))
        return network(images)

    return counted, sizes


def test_steps_shrink():
    x = torch.zeros(2, 1, 1, 2)
    p, _ = ascend(
        linear([1.0, -1.0]), x, x - 1, x + 1, (torch.zeros(2, dtype=torch.long),),
        objective=LOSSES["margin"], step=torch.tensor([0.4, 0.2]), steps=3, shrink=0.5,
    )  # fmt: skip
    reached = torch.tensor([0.7, 0.35])  # step (1 + 1/2 + 1/4)
    torch.testing.assert_close(p.flatten(1), torch.stack([-reached, reached], 1))


def test_the_margin_is_that_of_eq_1(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))
    with torch.no_grad():
        torch.testing.assert_close(margin_of(network(x), y), class_margin(network)(x, y))


@given(
    epsilon=st.floats(0.0, 1.5),
    step=st.floats(1e-3, 2.0),
    steps=st.integers(0, 4),
    restarts=st.integers(1, 3),
    loss=st.sampled_from(sorted(LOSSES)),
    random_start=st.booleans(),
    leap=st.booleans(),
    corner=st.sampled_from([None, 0.0, 1.0]),
    seed=st.integers(0, 1000),
)
def test_it_stays_in_the_box_and_in_the_bounds(
    epsilon, step, steps, restarts, loss, random_start, leap, corner, seed
):
    generator = torch_generator(seed)
    network = nn.Sequential(nn.Flatten(), nn.Linear(6, 3))
    x = torch.rand(5, 1, 2, 3, generator=generator)
    if corner is not None:
        x = torch.full_like(x, corner)
    y = torch.randint(3, (5,), generator=generator)
    found = pgd(
        network, x, y, epsilon=epsilon, step=step, steps=steps, restarts=restarts, loss=loss,
        random_start=random_start, leap=leap, generator=generator,
    )  # fmt: skip
    assert found.images.shape == x.shape and torch.isfinite(found.images).all()
    assert (found.images >= 0).all() and (found.images <= 1).all()
    assert (found.images - x).abs().max() <= epsilon + ROUNDING
    assert torch.equal(found.broken, network(found.images).argmax(1) != y)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_a_linear_classifier_breaks_exactly_where_it_can(loss):
    w = [2.0, -1.0, 0.5]
    f = linear(w)
    x = torch.full((40, 1, 1, 3), 0.5) + 0.4 * torch.linspace(-1, 1, 40)[:, None, None, None]
    y = torch.where((x.flatten(1) * torch.tensor(w)).sum(1) >= 0, 0, 1)
    value = (x.flatten(1) * torch.tensor(w)).sum(1).abs()
    # The nearest point of {w.x = 0} in L_inf is |w.x| / |w|_1 away, unless a bound is in between.
    epsilon = 0.1
    reachable = value < epsilon * 3.5
    found = pgd(f, x, y, epsilon=epsilon, step=0.05, steps=10, loss=loss)
    assert torch.equal(found.broken, reachable)
    assert 0 < int(reachable.sum()) < 40


def test_more_restarts_never_break_fewer(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))
    before = torch.zeros(len(x), dtype=torch.bool)
    for restarts in (1, 2, 3, 5):
        found = pgd(
            network, x, y, epsilon=0.02, step=0.01, steps=2, restarts=restarts,
            generator=torch_generator(1),
        )  # fmt: skip
        assert found.broken[before].all()
        before = found.broken
    assert 0 < int(before.sum()) < len(x)


def test_a_seed_gives_the_same_attack_and_another_one_another(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))

    def attack(seed):
        return pgd(network, x, y, epsilon=0.02, steps=3, generator=torch_generator(seed))

    assert torch.equal(attack(1).images, attack(1).images)
    assert not torch.equal(attack(1).images, attack(2).images)


def test_rows_do_not_depend_on_one_another(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))
    settings = {"epsilon": 0.03, "step": 0.01, "steps": 4, "random_start": False}
    whole = pgd(network, x, y, **settings)
    parts = [pgd(network, x[k : k + 7], y[k : k + 7], **settings) for k in range(0, len(x), 7)]
    assert torch.equal(whole.broken, torch.cat([p.broken for p in parts]))
    assert whole.broken.any() and not whole.broken.all()


def test_broken_rows_leave_the_batch(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))
    counted, sizes = counting(network)
    lower, upper = box(x, 0.03, (0.0, 1.0))
    ascend(
        counted, x, lower, upper, (y,), objective=LOSSES["margin"], step=0.01, steps=4,
        done=lambda logits, y: logits.argmax(1) != y,
    )  # fmt: skip
    assert sizes[0] == len(x) and sizes[-1] < sizes[1] == len(x) - 8  # 8 were wrong from the start
    assert sizes == sorted(sizes, reverse=True)


def test_what_one_long_step_breaks_needs_no_short_ones(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))
    counted, seen = counting(network)
    settings = {"epsilon": 0.02, "step": 0.002, "steps": 20}
    plain = pgd(counted, x, y, **settings)
    without = sum(seen)
    seen.clear()
    found = pgd(counted, x, y, leap=True, **settings)
    assert sum(seen) < 0.7 * without
    assert (found.broken >= plain.broken).all() and not found.broken.all()
    assert torch.equal(found.broken, network(found.images).argmax(1) != y)
    stands = ~found.broken  # the short steps of the others are what they were
    assert torch.equal(found.images[stands], plain.images[stands])


def test_training_mode_comes_back(tiny):
    network, data = tiny
    x, y = data.batch(slice(4))
    network.train()
    network.features.relu1.eval()
    pgd(network, x, y, steps=1)
    assert network.training and not network.features.relu1.training
    network.eval()


def test_epsilon_a_row(tiny):
    network, data = tiny
    x, y = data.batch(slice(4))
    y = network(x).argmax(1)
    epsilon = torch.tensor([0.0, 0.001, 0.002, 0.003])
    found = pgd(network, x, y, epsilon=epsilon, step=epsilon + 1e-4, steps=3)
    reached = (found.images - x).flatten(1).abs().amax(1)
    assert (reached <= epsilon + ROUNDING).all() and (reached[1:] > 0).all()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"epsilon": -0.1}, "epsilon of an attack must be at least 0, got -0.1"),
        ({"epsilon": float("nan")}, "epsilon of an attack"),
        ({"step": 0.0}, "step of an attack must be more than 0, got 0"),
        ({"restarts": 0}, "restarts >= 1, got 40 and 0"),
        ({"loss": "hinge"}, "Unknown loss 'hinge': choose one of xent, margin"),
    ],
)
def test_bad_settings_are_one_sentence(tiny, settings, sentence):
    network, data = tiny
    x, y = data.batch(slice(2))
    with pytest.raises(LevelsetError, match=sentence):
        pgd(network, x, y, **settings)
