"""Accuracies under attack: counted rightly, on any number of threads, as others find them."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from levelset_core import LevelsetError
from levelset_core.attacks import (
    AttackConfig,
    evaluate_attack,
    over_epsilon,
    over_steps,
    paper_attack,
)
from levelset_core.data.images import ImageSet
from levelset_core.random import torch_generator

CPU = torch.device("cpu")


def test_counts(tiny):
    network, data = tiny
    heard = []
    report = evaluate_attack(
        network, data, AttackConfig(epsilon=0.02, step=0.005, steps=5), device=CPU,
        tell=lambda *news: heard.append(news),
    )  # fmt: skip
    assert report.clean_accuracy == pytest.approx(88 / 96)  # every twelfth label is wrong
    assert report.robust_accuracy == int((report.right & ~report.broken).sum()) / 96
    assert 0 < report.robust_accuracy < report.clean_accuracy
    assert not (report.broken & ~report.right).any()
    with torch.no_grad():
        wrong = network(report.found).argmax(1) != data.labels
    assert torch.equal(wrong, report.broken | ~report.right)
    assert heard[-1] == ("pgd-margin", 88, 88 - int(report.broken.sum()), 88)
    assert set(report.as_dict()) >= {"clean_accuracy", "robust_accuracy", "images", "seconds"}


def test_threads_change_nothing(tiny):
    network, data = tiny
    attack = AttackConfig("pgd-xent", epsilon=0.02, step=0.005, steps=3)
    one, two = (evaluate_attack(network, data, attack, device=CPU, threads=k) for k in (1, 2))
    assert torch.equal(one.found, two.found)


def test_foolbox_agrees(tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        import foolbox

    network, data = tiny
    x, y = data.batch(slice(None))
    attack = AttackConfig("pgd-xent", epsilon=0.01, step=0.002, steps=10)
    ours = evaluate_attack(network, data, attack, device=CPU)
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    torch.manual_seed(0)
    theirs = foolbox.attacks.LinfPGD(abs_stepsize=attack.step, steps=attack.steps)
    _, _, broken = theirs(model, x, y, epsilons=attack.epsilon)
    assert ours.robust_accuracy == pytest.approx(float((~broken).float().mean()), abs=2 / 96)


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_autoattack_on_a_linear_classifier_breaks_exactly_what_can_be_broken(classes):
    generator = torch_generator(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, classes, bias=False))
    with torch.no_grad():
        network[1].weight.normal_(generator=generator)
    pixels = torch.randint(60, 200, (24, 1, 4, 4), generator=generator, dtype=torch.uint8)
    with torch.no_grad():
        logits = network(pixels.float() / 255)
    labels = logits.argmax(1)
    data = ImageSet("linear", pixels, labels, tuple("abcd"[:classes]))
    # L_inf distance to the nearest boundary: min over i of (f_y - f_i) / |w_y - w_i|_1.
    w = network[1].weight.detach()
    gap = logits.gather(1, labels[:, None]) - logits
    distance = (gap / (w[labels][:, None] - w).abs().sum(2)).nan_to_num(torch.inf)
    distance = distance.masked_fill(gap == 0, torch.inf).amin(1)
    epsilon = float(distance.sort().values[11:13].mean())  # half of them
    said = evaluate_attack(network, data, AttackConfig("autoattack", epsilon=epsilon), device=CPU)
    assert torch.equal(said.broken, distance < epsilon)
    assert said.stages["square"] == said.robust_accuracy == 0.5


@pytest.mark.slow
def test_autoattack_is_at_least_as_strong_and_reproducible(tiny):
    network, data = tiny
    data = data.first(16)
    weak = evaluate_attack(network, data, AttackConfig(epsilon=0.004, step=0.002, steps=3))
    attack = AttackConfig("autoattack", epsilon=0.004)
    state = torch.random.get_rng_state()
    report = evaluate_attack(network, data, attack, device=CPU)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert report.robust_accuracy <= weak.robust_accuracy
    stages = list(report.stages.values())
    assert list(report.stages) == ["apgd-ce", "apgd-t", "fab-t", "square"]
    assert stages == sorted(stages, reverse=True)
    x, _ = data.batch(slice(None))
    assert (report.found - x).abs().max() <= 0.004 + 1e-6
    again = evaluate_attack(network, data, attack, device=CPU)
    assert torch.equal(again.found, report.found)


def test_the_papers_attacks():
    grey, colour = paper_attack("pgd-xent", 1), paper_attack("pgd-xent", 3)
    assert (grey.epsilon, grey.step, grey.steps) == (0.3, 0.01, 40)
    assert (colour.epsilon, colour.step, colour.steps) == (0.031, 0.003, 20)
    assert paper_attack("pgd-xent", 1, 0.15).step == pytest.approx(0.005)
    assert paper_attack("pgd-xent", 1, 0.0).epsilon == 0
    for usual in grey, colour:
        epsilons = over_epsilon("pgd-xent", 1 if usual is grey else 3)
        assert epsilons[usual.epsilon] == usual and min(epsilons) == 0
        assert all(a.steps == usual.steps and a.epsilon == e for e, a in epsilons.items())
        steps = over_steps("pgd-xent", 1 if usual is grey else 3)
        assert steps[usual.steps] == usual and all(a.steps == k for k, a in steps.items())
        assert {a.epsilon for a in steps.values()} == {usual.epsilon}
        # All reach as far as the paper's, or to the side of the box.
        assert all(a.step * a.steps >= min(a.epsilon, 0.999 * usual.step * usual.steps)
                   for a in steps.values())  # fmt: skip


def test_bad_settings_are_one_sentence(tiny):
    network, data = tiny
    with pytest.raises(LevelsetError, match="Unknown attack 'fgsm': choose one of clean, pgd-xent"):
        AttackConfig("fgsm")
    with pytest.raises(LevelsetError, match="AutoAttack needs an epsilon above 0"):
        evaluate_attack(network, data, AttackConfig("autoattack", epsilon=0.0))
    with pytest.raises(LevelsetError, match="at least 1, got 0"):
        data.first(0)
