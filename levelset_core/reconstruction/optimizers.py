"""The optimizers of a reconstruction."""

from __future__ import annotations

import torch

from levelset_core.networks import ImplicitMLP
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.reconstruction.muon import Muon


def adam_and_muon(
    network: ImplicitMLP, config: ReconstructionConfig
) -> list[torch.optim.Optimizer]:
    """Adam for all; or Muon for the matrices between hidden layers, and Adam for the others."""
    matrices: list[torch.nn.Parameter] = []
    if config.optimizer == "muon":
        matrices = [layer.weight for layer in list(network.layers)[1:-1]]  # type: ignore[misc]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in network.parameters() if id(weight) not in chosen]
    fused = others[0].device.type != "mps"
    adam = torch.optim.Adam(others, lr=config.learning_rate, betas=(0.9, 0.99), fused=fused)
    return [adam, Muon(matrices, lr=config.matrix_rate)] if matrices else [adam]
