"""Distances of the nearest adversarial image: exact where they are known, one curve for all."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from levelset_core import LevelsetError
from levelset_core.attacks.minimum import SEARCHES, accuracy_at, least_distances
from levelset_core.cli import main
from levelset_core.random import torch_generator
from tests.digits import save_small, small_network


@pytest.fixture(scope="module")
def linear():
    """A linear classifier, images in the middle of the cube, and their true distances."""
    generator = torch_generator(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 5, bias=False))
    with torch.no_grad():
        network[1].weight.normal_(generator=generator)
        x = 0.35 + 0.3 * torch.rand(24, 1, 4, 4, generator=generator)
        logits = network(x)
        y = logits.argmax(1)
        away = network[1].weight[y][:, None] - network[1].weight
        gap = logits.gather(1, y[:, None]) - logits
        true = {}
        for norm, dual in (("linf", 1), ("l2", 2)):
            distance = gap / torch.linalg.vector_norm(away, dual, dim=2)
            true[norm] = distance.masked_fill(gap == 0, torch.inf).amin(1)
    y[0] = (y[0] + 1) % 5  # one is wrong as it is
    true["linf"][0] = true["l2"][0] = 0.0
    return network.eval(), x, y, true


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_least_distance_of_a_linear_classifier(linear, norm):
    network, x, y, true = linear
    epsilons = [0.02, 0.05, 0.1, 0.2, 0.4] if norm == "linf" else [0.1, 0.3, 0.6, 1.2]
    found = least_distances(network, x, y, norm=norm, epsilons=epsilons)
    assert set(found) == {*SEARCHES, "least"}
    for distance in found.values():
        assert (distance >= true[norm] - 1e-4).all()  # upper bounds
        assert distance[0] == 0
    torch.testing.assert_close(found["least"], true[norm], rtol=0.02, atol=1e-5)
    curve = accuracy_at(found["least"], [0.0, *epsilons])
    assert curve[0.0] == pytest.approx(23 / 24) and list(curve.values()) == sorted(
        curve.values(), reverse=True
    )


def test_an_unknown_norm(linear):
    with pytest.raises(LevelsetError, match="Unknown norm 'l7'"):
        least_distances(*linear[:3], norm="l7")


def test_the_command(tmp_path, capsys):
    model = save_small(tmp_path / "m.safetensors", small_network())
    words = ["attack", str(model), "--data", "mnist_excerpt", "--min-norm", "--limit", "6",
             "--device", "cpu", "--json"]  # fmt: skip
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    shares = list(found["curve"].values())
    assert shares == sorted(shares, reverse=True) and found["clean_accuracy"] == shares[0]
    assert len(found["distances"]) == 6 and found["norm"] == "linf"
    known = [d for d in found["distances"] if d is not None]
    assert found["curve"]["0.05"] == sum(d > 0.05 for d in known) / 6 + found["none_found"] / 6
    assert main([*words, "--curves"]) == 2
    assert "--curves and --min-norm do not go together" in capsys.readouterr().err
