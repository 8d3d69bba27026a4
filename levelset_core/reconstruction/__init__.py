"""Reconstruction: raw point clouds to surfaces and curves (Eq. 13)."""

from levelset_core.reconstruction.atlasnet import (
    ATLASES,
    AtlasNetConfig,
    AtlasNetSnapshot,
    AtlasNetTrainer,
)
from levelset_core.reconstruction.budget import ReconstructionSnapshot
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.reconstruction.trainer import ReconstructionTrainer

__all__ = [
    "ATLASES",
    "AtlasNetConfig",
    "AtlasNetSnapshot",
    "AtlasNetTrainer",
    "ReconstructionConfig",
    "ReconstructionSnapshot",
    "ReconstructionTrainer",
]
