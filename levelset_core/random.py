"""Randomness only ever comes from explicit generators: the same seed gives the same run."""

from __future__ import annotations

import numpy as np
import torch


def torch_generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A torch generator on ``device`` that starts from ``seed``."""
    return torch.Generator(device=device).manual_seed(seed)


def numpy_generator(seed: int, *stream: int) -> np.random.Generator:
    """A numpy generator for ``seed``; further integers name independent streams of it."""
    return np.random.default_rng([seed, *stream])
