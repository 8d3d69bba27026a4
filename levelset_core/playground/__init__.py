"""The playground: a network in the plane, its objectives, and the trainer that a page watches."""

from levelset_core.playground.config import (
    FIGURE_1,
    OBJECTIVES,
    RANGES,
    REBUILDS,
    Objective,
    PlaygroundConfig,
)
from levelset_core.playground.iteration import Iteration, explain_iteration
from levelset_core.playground.measurement import Measurement, Motion
from levelset_core.playground.trainer import PlaygroundTrainer, Snapshot
from levelset_core.playground.trouble import trouble
from levelset_core.playground.units import Layer, layers

__all__ = [
    "FIGURE_1",
    "OBJECTIVES",
    "RANGES",
    "REBUILDS",
    "Iteration",
    "Layer",
    "Measurement",
    "Motion",
    "Objective",
    "PlaygroundConfig",
    "PlaygroundTrainer",
    "Snapshot",
    "explain_iteration",
    "layers",
    "trouble",
]
