"""Masked gradients are found and named; honest networks are left in peace."""

from __future__ import annotations

import json
import re
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
from levelset_core.attacks.signs.findings import findings_of
from levelset_core.attacks.verdict import Finding, findings_in
from levelset_core.errors import LevelsetError

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
    assert found.findings[0].name == "saturated logits"
    assert "exactly zero" in found.verdict and "only the margin figure" in found.verdict
    assert "margins are" in found.verdict and "in the median" in found.verdict


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
    names = [finding.name for finding in found.findings]
    assert names[0] == "unavailable gradients" and "transfer failure" in names
    assert any("attacked on the smooth one break more" in sign for sign in found.signs)
    assert found.robust["judged"] < found.robust["strong"]  # by Square or the other's images


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
        robust={"xent": 0.52, "margin": 0.5, "judged": 0.48},
        by_steps={1: 0.5, 6: 0.5}, by_epsilon={0.02: 0.5, 0.5: 0.02, 1.0: 0.0},
    )  # fmt: skip
    assert found.verdict == (
        "No sign of masked gradients: of 100 images 52% stand under cross-entropy PGD, 50% under "
        "margin PGD, 48% under the strongest of all attacks here; fewer steps and other networks' "
        "images do not break more; at epsilon 0.5 2% stand."
    )
    alone = replace(found, black_box={}, by_steps={6: 0.5}, by_epsilon={0.02: 0.5, 1.0: 0.0})
    assert "break more" not in alone.verdict and alone.verdict.endswith("1 nothing stands.")


def names(images=100, **parts):
    return [finding.name for finding in findings_of(parts, images)]


def test_findings_have_a_threshold():
    assert not names(**{"by steps": {1: 0.5, 6: 0.5}, "by epsilon": {0.02: 0.5, 1.0: 0.0}})
    assert names(**{"by epsilon": {0.02: 0.5, 1.0: 0.3}}) == ["unconstrained attack failure"]
    assert names(**{"by steps": {1: 0.3, 6: 0.5}}) == ["fewer steps are better"]
    for xent, images, seen in ((0.6, 100, 0), (0.61, 100, 1), (0.7, 10, 0), (0.8, 10, 1)):
        assert len(names(images, robust={"xent": xent, "margin": 0.5})) == seen, (xent, images)
    assert names(robust={"strong": 0.5}, longer=0.4) == ["incomplete optimization"]
    assert not names(robust={"strong": 0.5}, longer=0.48)
    assert names(**{"gradient-free": {"images": 50, "broken": 3}}) == ["gradient-free attack"]
    assert not names(**{"gradient-free": {"images": 50, "broken": 2}})
    assert names(**{"white box": 0.5, "black box": {"b": 0.4}}) == ["transfer failure"]
    walked = {"not finite": 0, "flat": 0, "alike": 0, "extra": 0, "on the way": 0.9}
    assert names(attacked={**walked, "at the end": 0.8}) == ["silent success"]
    assert not names(attacked={**walked, "at the end": 0.88})


def test_old_verdicts_are_still_read():
    assert findings_in({"signs": []}) == []
    (sign,) = findings_in({"signs": ["Cross-entropy has a gradient of exactly zero."]})
    assert sign.sentence.startswith("Cross-entropy") and not sign.name
    seen = Finding("random", "It draws.", "Average.", {"draws": 1.0})
    assert findings_in({"findings": [seen.as_dict()], "signs": ["It draws."]}) == [seen]


class Awkward(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, x):
        return self.answer(x)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: x.flatten(1)[:, :1], "a row of two numbers or more an image"),
        (lambda x: (x.flatten(1)[:, :10], x), "gives one tensor (n, classes), this one a tuple"),
        (lambda x: x @ torch.ones(3, 3), "The network fails on"),
    ],
)
def test_what_is_no_classifier_is_refused_in_words(right, answer, words):
    with pytest.raises(LevelsetError, match=re.escape(words)):
        diagnose(Awkward(answer).eval(), right[1], ATTACK, device=CPU)


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: torch.full((len(x), 10), torch.nan) + 0 * x.flatten(1)[:, :10],
        lambda x: torch.zeros(len(x), 10),
        lambda x: torch.full((len(x), 10), torch.inf),
        lambda x: (x.flatten(1)[:, :10] * 100).long(),
        lambda x: (x.flatten(1)[:, :10] - 0.5).sqrt(),
    ],
)
def test_nothing_fails_whatever_a_network_gives(right, answer):
    found = diagnose(Awkward(answer).eval(), right[1].first(12), ATTACK, device=CPU)
    assert found.findings
    json.dumps(found.as_dict(), allow_nan=False)


def test_the_transfer_matrix_has_white_boxes_on_its_diagonal(right, tiny):
    network, data = right
    stairs = Staircase(network).eval()
    matrix = transfer_matrix({"a": network, "b": stairs}, data, ATTACK, device=CPU)
    assert matrix["a"]["a"] < matrix["a"]["b"] and set(matrix) == {"a", "b"}
    assert matrix == transfer_matrix({"a": network, "b": stairs}, data, ATTACK, device=CPU)
