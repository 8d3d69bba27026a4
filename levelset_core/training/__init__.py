"""Trainers: iterators of immutable snapshots."""

from levelset_core.training.atlasnet import (
    ATLASES,
    AtlasNetConfig,
    AtlasNetSnapshot,
    AtlasNetTrainer,
)
from levelset_core.training.config import RANGES, REBUILDS, PlaygroundConfig
from levelset_core.training.iteration import Iteration, explain_iteration
from levelset_core.training.objectives import FIGURE_1, OBJECTIVES, Objective
from levelset_core.training.playground import Measurement, Motion, PlaygroundTrainer, Snapshot

__all__ = [
    "ATLASES",
    "FIGURE_1",
    "OBJECTIVES",
    "RANGES",
    "REBUILDS",
    "AtlasNetConfig",
    "AtlasNetSnapshot",
    "AtlasNetTrainer",
    "Iteration",
    "Measurement",
    "Motion",
    "Objective",
    "PlaygroundConfig",
    "PlaygroundTrainer",
    "Snapshot",
    "explain_iteration",
]
