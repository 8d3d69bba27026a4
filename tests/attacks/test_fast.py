"""The frozen copy is the same function with the same gradient in the image."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from levelset_core.attacks.fast import _FirstConv, for_attacks
from levelset_core.classifiers.architectures import make_classifier


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ("convnet4a", (1, 28, 28)),
        ("convnet4a", (3, 17, 20)),
        ("convnet4b", (3, 32, 32)),
        ("resnet18", (3, 16, 16)),
    ],
)
def test_values_and_gradients(model, shape):
    network = make_classifier(model, shape, 10).eval().double()
    fast = for_attacks(network)
    assert isinstance(next(m for m in fast.modules() if "Conv" in type(m).__name__ and m is not fast
                           and not list(m.children())), _FirstConv)  # fmt: skip
    x = torch.rand(3, *shape, dtype=torch.float64, requires_grad=True)
    values, others = network(x), fast(x)
    torch.testing.assert_close(values, others)
    (wanted,) = torch.autograd.grad(values.square().sum(), x)
    (found,) = torch.autograd.grad(others.square().sum(), x)
    torch.testing.assert_close(found, wanted)


def test_the_network_itself_is_not_touched():
    network = make_classifier("convnet4a", (1, 28, 28), 10)
    for_attacks(network)
    assert type(network.features.conv1) is nn.Conv2d
    assert all(p.requires_grad and p.is_contiguous() for p in network.parameters())


@pytest.mark.parametrize(
    "first",
    [
        nn.Conv2d(1, 2, 3, stride=2),
        nn.Conv2d(1, 2, 3, dilation=2),
        nn.Conv2d(8, 2, 3),
        nn.Conv2d(2, 2, 3, groups=2),
        nn.Conv2d(1, 2, 3, padding="same"),
        nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"),
    ],
)
def test_other_first_convolutions_stay(first):
    fast = for_attacks(nn.Sequential(first, nn.ReLU(), nn.Conv2d(2, 2, 3)))
    assert all(type(m) is not _FirstConv for m in fast.modules())


def test_networks_without_convolutions():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    x = torch.rand(2, 1, 2, 2)
    assert torch.equal(for_attacks(network)(x), network(x))
