"""AtlasNet's decoder against plain layers, and its templates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.errors import LevelsetError
from levelset_core.networks import AtlasNet
from levelset_core.random import torch_generator


def test_every_patch_is_an_mlp_of_its_own():
    network = AtlasNet(3, width=8, depth=2, generator=torch_generator(1))
    u = network.draw(5, torch_generator(2))
    points = network(u)
    assert points.shape == (3, 5, 3)
    for k in range(3):
        h = u[k]
        for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            h = torch.nn.functional.linear(torch.relu(h) if layer else h, weight[k].T, bias[k, 0])
        torch.testing.assert_close(points[k], h)
    assert not torch.equal(network.weights[0][0], network.weights[0][1])


def test_the_seed_decides_the_weights():
    first, again, other = (AtlasNet(generator=torch_generator(seed)) for seed in (3, 3, 4))
    assert torch.equal(first.weights[1], again.weights[1])
    assert not torch.equal(first.weights[1], other.weights[1])


def test_templates_are_drawn_uniformly():
    square = AtlasNet(2).draw(4000, torch_generator(0))
    assert square.shape == (2, 4000, 2) and (square >= 0).all() and (square <= 1).all()
    assert (square.mean((0, 1)) - 0.5).abs().max() < 0.02
    sphere = AtlasNet(1, "sphere").draw(4000, torch_generator(0))
    torch.testing.assert_close(sphere.norm(dim=2), torch.ones(1, 4000))
    assert sphere.mean((0, 1)).abs().max() < 0.05


@pytest.mark.parametrize(("template", "euler", "area"), [("square", 1, 1.0), ("sphere", 2, 12.566)])
def test_triangulated_templates_are_whole(template, euler, area):
    places, faces = AtlasNet(1, template).grid(5000)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, 1:], faces[:, ::2]]), axis=1)
    assert len(places) - len(np.unique(edges, axis=0)) + len(faces) == euler
    assert 2500 < len(faces) < 10_000
    flat = np.pad(places.numpy(), ((0, 0), (0, 3 - places.shape[1])))
    a, b, c = flat[faces].swapaxes(0, 1)
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 == pytest.approx(area, rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [({"template": "cube"}, "'cube'"), ({"patches": 0}, "got 0"), ({"width": 0}, "and 0")],
)
def test_impossible_settings(arguments, what):
    with pytest.raises(LevelsetError, match=what):
        AtlasNet(**arguments)
