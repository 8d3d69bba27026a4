from __future__ import annotations

import pytest

from levelset_core.live.state import PlaygroundState, Preset
from levelset_core.playground import PlaygroundConfig


@pytest.fixture
def small_state():
    """A small playground: ``small_state(count=20, compare=True, objective="hinge")``."""

    def build(*, count=20, points=None, compare=False, preset="blobs", **settings):
        config = PlaygroundConfig(**{"width": 8, "depth": 2, "activation": "softplus", **settings})
        if points is not None:
            return PlaygroundState(config, points, compare=compare)
        return PlaygroundState.from_preset(
            Preset(preset, count, 0.05), config=config, compare=compare
        )

    return build
