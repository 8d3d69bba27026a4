from __future__ import annotations

from itertools import islice

import pytest
import torch

from levelset_core.data import PointSet, make_points
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer


@pytest.fixture
def small():
    """A small trainer: ``small("blobs", n=40, objective="hinge", width=16, depth=2)``."""

    def build(data="two_moons", /, *, n=40, noise=0.05, held_out=None, measure_every=0, **settings):
        if not isinstance(data, PointSet):
            data = make_points(data, n, noise)
        config = PlaygroundConfig(**{"width": 16, "depth": 2, "activation": "softplus", **settings})
        return PlaygroundTrainer(config, data, held_out=held_out, measure_every=measure_every)

    return build


@pytest.fixture
def losses_of():
    """The losses of the next ``k`` steps."""
    return lambda trainer, k: [snapshot.loss for snapshot in islice(trainer, k)]


@pytest.fixture
def weights_of():
    """All parameters in one vector."""
    return lambda trainer: torch.cat([p.detach().flatten() for p in trainer.network.parameters()])
