"""Planted failures are named; honest networks are left in peace.

Here a part, with fewer images; all of both, on a hundred images, with the marker ``slow``.
"""

from __future__ import annotations

import pytest
import torch

from levelset_core.attacks import Masking, diagnose, paper_attack
from tests.robustness.zoo.failures import PLANTED
from tests.robustness.zoo.honest import HONEST, OF_FEW, conv, digits, few, trained

CPU = torch.device("cpu")
ATTACK = paper_attack("pgd-margin", 1)
#: Fast ones of each kind: what comes out, gradients, randomness, what goes in, detectors.
PLANTED_HERE = (
    "logits x 300", "logits + 1e8", "softmax", "half detached", "bit depth, straight through",
    "dropout on", "batch statistics", "NaN on dark images", "[-1, 1]", "clipped input",
    "rejects with zeros",
)  # fmt: skip
HONEST_HERE = ("small convolutions", "batch norm", "log softmax", "three classes")


@pytest.fixture(scope="module")
def base():
    return trained(conv)


def examined(network: torch.nn.Module, images: int, name: str = "") -> Masking:
    data = few(digits("test")) if name in OF_FEW else digits("test")
    return diagnose(network, data.first(images), ATTACK, more=data, device=CPU, threads=1)


def check_planted(base: torch.nn.Module, name: str, images: int) -> None:
    plant, names = PLANTED[name]
    found = examined(plant(base).eval(), images)
    seen = [finding.name for finding in found.findings]
    assert set(names) & set(seen), seen
    assert all(f.sentence and f.advice and f.evidence for f in found.findings)
    assert found.robust["judged"] <= min(found.robust.values())


def check_honest(name: str, images: int) -> None:
    found = examined(HONEST[name](), images, name)
    assert not found.findings, found.signs
    assert found.verdict.startswith("No sign of masked gradients")


@pytest.mark.parametrize("name", PLANTED_HERE)
def test_a_planted_failure_is_named(base, name):
    check_planted(base, name, 40)


@pytest.mark.parametrize("name", HONEST_HERE)
def test_an_honest_network_has_no_finding(name):
    check_honest(name, 40)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_all_planted_failures_are_named(base, name):
    check_planted(base, name, 100)


@pytest.mark.slow
@pytest.mark.parametrize("name", HONEST)
def test_no_honest_network_has_a_finding(name):
    check_honest(name, 100)


def test_square_gives_the_figure_without_gradients(base):
    found = examined(PLANTED["detached"][0](base).eval(), 12)
    assert found.zero_margin == 1 and found.robust["strong"] > 0.5
    assert found.robust["judged"] < 0.2
    assert "exactly zero everywhere (no path leads" in found.verdict
