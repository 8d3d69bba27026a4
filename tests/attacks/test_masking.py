"""Masked gradients are found and named; honest networks are left in peace."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from levelset_core.attacks import (
    AttackConfig,
    beyond_chance,
    chance_of,
    diagnose,
    transfer_matrix,
)
from levelset_core.attacks.masking import Scaled, gradient_zeros
from levelset_core.attacks.verdict import signs_of_masking

CPU = torch.device("cpu")
ATTACK = AttackConfig(epsilon=0.02, step=0.005, steps=6)


@pytest.fixture(scope="module")
def right(tiny):
    """The network and images that it gets right, with logits of the usual size."""
    network, data = tiny
    keep = torch.arange(len(data)) % 12 != 0
    data = replace(data, images=data.images[keep][:48], labels=data.labels[keep][:48])
    return Scaled(network, 0.1).eval(), data


def test_an_honest_network(right):
    network, data = right
    found = diagnose(network, data, ATTACK, device=CPU)
    assert found.zero_xent == found.zero_margin == 0
    assert found.by_epsilon[1.0] == 0
    assert not found.signs and found.verdict.startswith("No sign of masked gradients")
    assert found.as_dict()["verdict"] == found.verdict
    epsilons = list(found.by_epsilon)
    assert epsilons == sorted(epsilons)


def test_huge_logits_are_found_and_named(right):
    network, data = right
    huge = Scaled(network, 1e-5).eval()
    found = diagnose(huge, data, ATTACK, device=CPU)
    assert found.zero_xent > 0.9 and found.zero_margin == 0
    assert found.robust["xent"] > found.robust["margin"] + 0.1
    assert found.robust["xent, scaled logits"] < found.robust["xent"]
    assert "exactly zero" in found.verdict and "only the margin figure" in found.verdict


class Staircase(nn.Module):
    """Sees pixels rounded to thirds: no gradient anywhere, but broken by large changes."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network((x * 3).round() / 3)


def test_a_staircase_is_found(right):
    network, data = right
    stairs = Staircase(network).eval()
    with torch.no_grad():
        labels = stairs(data.batch(slice(None))[0]).argmax(1)
    data = replace(data, labels=labels)
    # A rounded pixel has a derivative of zero, which autograd reports as such.
    assert gradient_zeros(stairs, data, device=CPU)[:2] == (1.0, 1.0)
    attack = replace(ATTACK, epsilon=0.1, step=0.02)
    found = diagnose(stairs, data, attack, others={"the smooth one": network}, device=CPU)
    assert any("F itself has a gradient of exactly zero" in sign for sign in found.signs)
    assert any("attacked on the smooth one break more" in sign for sign in found.signs)


@pytest.mark.parametrize("images", [50, 100, 199, 200, 250, 1000])
def test_chance_is_a_number_of_images(images):
    slack = chance_of(images)
    for k in range(images - slack):
        assert not beyond_chance((k + slack) / images - k / images, images)
        assert beyond_chance((k + slack + 1) / images - k / images, images)


def test_a_verdict_says_its_figures(right):
    network, data = right
    found = replace(
        diagnose(network, data, ATTACK, device=CPU), images=100, black_box={"b": 0.7},
        robust={"xent": 0.52, "xent, scaled logits": 0.52, "margin": 0.5},
        by_steps={1: 0.5, 6: 0.5}, by_epsilon={0.02: 0.5, 0.5: 0.02, 1.0: 0.0},
    )  # fmt: skip
    assert found.verdict == (
        "No sign of masked gradients: of 100 images 52% stand under cross-entropy, 50% under the "
        "margin; fewer steps and other networks' images do not break more; at epsilon 0.5 2% stand."
    )
    gap = replace(found, robust={"xent": 0.57, "xent, scaled logits": 0.57, "margin": 0.5})
    assert not signs_of_masking(gap) and "50% under the margin, the stronger loss;" in gap.verdict
    for xent, images, signs in ((0.6, 100, 0), (0.61, 100, 1), (0.7, 10, 0), (0.8, 10, 1)):
        wide = replace(gap, images=images, robust={**gap.robust, "xent": xent})
        wide.robust["xent, scaled logits"] = xent
        assert len(signs_of_masking(wide)) == signs, (xent, images)
    alone = replace(found, black_box={}, by_steps={6: 0.5}, by_epsilon={0.02: 0.5, 1.0: 0.0})
    assert "break more" not in alone.verdict and alone.verdict.endswith("1 nothing stands.")


def test_signs_have_a_threshold(right):
    network, data = right
    found = diagnose(network, data, ATTACK, device=CPU)
    fine = replace(found, by_steps={1: 0.5, 6: 0.5}, by_epsilon={0.02: 0.5, 1.0: 0.0})
    assert not signs_of_masking(fine)
    assert (
        "stand even where every image"
        in signs_of_masking(replace(fine, by_epsilon={0.02: 0.5, 1.0: 0.3}))[0]
    )
    assert (
        "1 steps break more than 6" in signs_of_masking(replace(fine, by_steps={1: 0.3, 6: 0.5}))[0]
    )
    assert (
        "leaves 90.0% standing"
        in signs_of_masking(
            replace(fine, robust={"xent": 0.9, "xent, scaled logits": 0.5, "margin": 0.5})
        )[0]
    )
    assert "judge by the margin" in signs_of_masking(
        replace(fine, robust={"xent": 0.9, "xent, scaled logits": 0.9, "margin": 0.5})
    )[0]  # fmt: skip


def test_the_transfer_matrix_has_white_boxes_on_its_diagonal(right, tiny):
    network, data = right
    stairs = Staircase(network).eval()
    matrix = transfer_matrix({"a": network, "b": stairs}, data, ATTACK, device=CPU)
    assert matrix["a"]["a"] < matrix["a"]["b"] and set(matrix) == {"a", "b"}
    assert matrix == transfer_matrix({"a": network, "b": stairs}, data, ATTACK, device=CPU)
