"""Strong PGD: blind to the scale of the logits, within its ball, stronger than the paper's."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

from levelset_core import LevelsetError
from levelset_core.attacks import (
    STRONG_LOSSES,
    AttackConfig,
    evaluate_attack,
    over_epsilon,
    over_steps,
    paper_attack,
    pgd,
    strong_pgd,
)
from levelset_core.random import torch_generator

CPU = torch.device("cpu")


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("loss", STRONG_LOSSES)
def test_every_loss_has_a_gradient_whatever_the_number_of_classes(loss, classes):
    logits = torch.randn(6, classes, generator=torch_generator(0)).requires_grad_()
    y = logits.detach().argmax(1)
    (gradient,) = torch.autograd.grad(STRONG_LOSSES[loss](logits, y).sum(), logits)
    assert (gradient[torch.arange(6), y] < 0).all()


class Scaled(nn.Module):
    """Logits times a factor, and a number added to all of them."""

    def __init__(self, network, factor, shift):
        super().__init__()
        self.network, self.factor, self.shift = network, factor, shift

    def forward(self, x):
        return self.network(x) * self.factor + self.shift


@pytest.mark.parametrize(("factor", "shift"), [(1024.0, 0.0), (2.0**-10, 0.0), (1.0, 16.0)])
@pytest.mark.parametrize("loss", STRONG_LOSSES)
def test_the_scale_of_the_logits_does_not_matter(loss, factor, shift):
    logits = torch.randn(6, 5, generator=torch_generator(0))
    y = logits.argmax(1)  # as in an attack: a row that is wrong has left

    def direction(factor, shift):
        z = logits.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(STRONG_LOSSES[loss](z * factor + shift, y).sum(), z)
        assert (gradient != 0).any(1).all()
        return gradient / gradient.abs().amax(1, keepdim=True)

    torch.testing.assert_close(direction(factor, shift), direction(1.0, 0.0), rtol=1e-4, atol=1e-5)


def test_a_saturated_network_falls_as_its_honest_self_does(tiny):
    network, data = tiny
    attack = AttackConfig("pgd-strong", epsilon=0.01, step=0.02, steps=8, restarts=1)
    honest, masked = (
        evaluate_attack(Scaled(network, factor, 0.0), data, attack, device=CPU)
        for factor in (1.0, 4096.0)
    )
    assert torch.equal(honest.broken, masked.broken)
    assert 0 < honest.standing < int(honest.right.sum())


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_it_stays_in_the_ball_and_breaks_what_it_says(tiny, norm):
    network, data = tiny
    x, y = data.batch(slice(0, 40))
    with torch.no_grad():
        y = network(x).argmax(1)
    epsilon = {"linf": 0.01, "l2": 0.1}[norm]
    found = strong_pgd(
        network, x, y, epsilon=epsilon, step=2 * epsilon, steps=8, restarts=1, norm=norm,
        generator=torch_generator(1),
    )  # fmt: skip
    away = torch.linalg.vector_norm(
        (found.images - x).flatten(1), {"linf": torch.inf, "l2": 2}[norm], dim=1
    )
    assert (away <= epsilon + 1e-6).all()
    assert found.images.min() >= 0 and found.images.max() <= 1
    with torch.no_grad():
        assert torch.equal(network(found.images).argmax(1) != y, found.broken)
    assert 0 < int(found.broken.sum()) < 40


def test_at_least_as_strong_as_the_papers(tiny):
    network, data = tiny
    x, y = data.batch(slice(None))
    with torch.no_grad():
        y = network(x).argmax(1)
    weak = pgd(network, x, y, epsilon=0.01, step=0.001, steps=20)
    strong = strong_pgd(network, x, y, epsilon=0.01, step=0.02, steps=20, restarts=1)
    assert int(strong.broken.sum()) > int(weak.broken.sum())


def test_more_rounds_never_break_fewer(tiny):
    network, data = tiny
    attack = AttackConfig("pgd-strong", epsilon=0.008, step=0.016, steps=3, restarts=1)
    few, more = (
        evaluate_attack(network, data, replace(attack, restarts=k), device=CPU, threads=1)
        for k in (1, 3)
    )
    assert not (few.broken & ~more.broken).any()


def test_l2_on_a_linear_classifier_breaks_exactly_what_can_be_broken():
    generator = torch_generator(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 4, bias=False))
    with torch.no_grad():
        network[1].weight.normal_(generator=generator)
    x = 0.3 + 0.4 * torch.rand(64, 1, 4, 4, generator=generator)
    with torch.no_grad():
        logits = network(x)
    y = logits.argmax(1)
    w = network[1].weight.detach()
    gap = logits.gather(1, y[:, None]) - logits
    distance = gap / (w[y][:, None] - w).norm(dim=2)
    distance = distance.nan_to_num(torch.inf).masked_fill(gap == 0, torch.inf).amin(1)
    for epsilon in (0.02, 0.05, 0.1):
        for found in (
            strong_pgd(network, x, y, epsilon=epsilon, step=2 * epsilon, norm="l2"),
            pgd(network, x, y, epsilon=epsilon, step=epsilon / 4, norm="l2", restarts=2),
        ):
            near = (distance - epsilon).abs() < 0.02 * epsilon
            assert torch.equal(found.broken[~near], (distance < epsilon)[~near])


def test_foolbox_breaks_as_many_in_l2(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        import foolbox

    network, data = tiny
    x, y = data.batch(slice(None))
    with torch.no_grad():
        y = network(x).argmax(1)
    ours = pgd(network, x, y, epsilon=0.1, step=0.02, steps=15, norm="l2")
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    torch.manual_seed(0)
    theirs = foolbox.attacks.L2PGD(abs_stepsize=0.02, steps=15)
    _, _, broken = theirs(model, x, y, epsilons=0.1)
    # Ours spends no length on pixels that are at a bound, so it breaks at least as many.
    assert int(ours.broken.sum()) >= int(broken.sum()) - 2 > 5


def test_its_settings_and_curves():
    grey, colour = (paper_attack("pgd-strong", channels) for channels in (1, 3))
    assert (grey.epsilon, grey.step, grey.steps, grey.restarts) == (0.3, 0.6, 50, 1)
    assert colour.step == pytest.approx(2 * 0.031)
    assert paper_attack("pgd-strong", 1, norm="l2").norm == "l2"
    assert max(over_epsilon("pgd-strong", 3)) == pytest.approx(4 * 0.031)
    assert {a.step for a in over_steps("pgd-strong", 1).values()} == {0.6}
    with pytest.raises(LevelsetError, match="Unknown norm 'l1'"):
        AttackConfig("pgd-strong", norm="l1")
