"""The optimizers of a reconstruction: Adam, and Muon for matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from levelset_core.networks import ImplicitMLP
from levelset_core.reconstruction.config import ReconstructionConfig

#: Coefficients of the quintic Newton-Schulz iteration that the authors published.
A, B, C = 3.4445, -4.7750, 2.0315


class Muon(Optimizer):
    """W <- W - lr sqrt(max(1, out / in)) U, U about the orthogonal factor of the momentum.

    For matrices only. ``torch.optim.Muon`` works in bfloat16, which most CPUs emulate: it is
    many times slower there. This one stays in the weights' precision.

    Args:
        params: matrices, (out, in).
        lr: length of a step; the spectral norm of the change.
        momentum: of the moving average of gradients, applied as Nesterov does.
        iterations: of Newton-Schulz.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.01,
        *,
        momentum: float = 0.9,
        iterations: int = 5,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "iterations": iterations})

    @torch.no_grad()
    def step(self, _: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step along the gradients."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["mean"] = torch.zeros_like(weight)
                mean = state["mean"].lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(mean, group["momentum"])
                out, fan_in = weight.shape
                scale = group["lr"] * math.sqrt(max(1.0, out / fan_in))
                weight.add_(orthogonalize(ahead, group["iterations"]), alpha=-scale)


def orthogonalize(matrix: Tensor, iterations: int = 5) -> Tensor:
    """About U V^T of the matrix's singular value decomposition U S V^T: values of 0.7 to 1.2."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix
    x = x / (torch.linalg.matrix_norm(x) + 1e-12)
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=B, alpha=C), x, beta=A)
    return x.mT if tall else x


def adam_and_muon(network: ImplicitMLP, config: ReconstructionConfig) -> list[Optimizer]:
    """Adam for all; or Muon for the matrices between hidden layers, and Adam for the others."""
    matrices: list[torch.nn.Parameter] = []
    if config.optimizer == "muon":
        matrices = [layer.weight for layer in list(network.layers)[1:-1]]  # type: ignore[misc]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in network.parameters() if id(weight) not in chosen]
    fused = others[0].device.type != "mps"
    adam = torch.optim.Adam(others, lr=config.learning_rate, betas=(0.9, 0.99), fused=fused)
    return [adam, Muon(matrices, lr=config.matrix_rate)] if matrices else [adam]


def set_rates(optimizers: list[Optimizer], config: ReconstructionConfig, factor: float) -> None:
    """Every optimizer's learning rate: a part of its highest one."""
    for optimizer in optimizers:
        highest = config.matrix_rate if isinstance(optimizer, Muon) else config.learning_rate
        for group in optimizer.param_groups:
            group["lr"] = highest * factor
