"""F(x) with its graph and D_xF(x) in one pass: both run the same signals back to x."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor

#: Of every layer, the last first: its input, (n, h), and the signal to its output, (n[, l], h').
Kept = list[tuple[Tensor, Tensor]]


class Fused(Protocol):
    """A network with a hand-written pass."""

    def fused(self, x: Tensor, *, keep: bool) -> tuple[Tensor, Tensor, Any]:
        """F(x), D_xF(x) and, with ``keep``, what :meth:`fused_gradients` needs."""

    def fused_gradients(self, kept: Any, upstream: Tensor) -> list[Tensor]:
        """Gradient to every parameter, in their order, from dloss/dF, (n[, l])."""


class FusedPass(torch.autograd.Function):
    """F(x) with its graph to the parameters, and D_xF(x) without one.

    ``FusedPass.apply(network, x, *network.parameters())``. The signals that run back from the
    outputs to x are the ones that the gradient to the weights needs, up to a factor a row: row
    i's gradient is linear in dloss/dF(x_i). So they are computed once, and each weight's gradient
    afterwards is one matrix product a layer. Forward, Jacobian and gradient together cost three
    forward passes instead of five.
    """

    @staticmethod
    def forward(ctx: Any, network: Fused, x: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        ctx.network = network
        value, jacobian, ctx.kept = network.fused(x, keep=True)
        ctx.mark_non_differentiable(jacobian)
        return value, jacobian

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        network: Fused = ctx.network
        with torch.no_grad():
            gradients = network.fused_gradients(ctx.kept, upstream)
        ctx.kept = None
        return None, None, *gradients


def weight_gradients(kept: Kept, upstream: Tensor) -> list[Tensor]:
    """Gradient to weight and bias of every linear layer, the first first.

    Args:
        kept: the first entry holds the last layer's input; its own signal is not read.
        upstream: dloss/dF, (n[, l]).
    """
    scalar = upstream.ndim == 1
    (h, _), *hidden = kept
    outer = upstream[:, None] if scalar else upstream  # (n, l)
    gradients = [outer.sum(0), outer.mT @ h]
    for inputs, signal in hidden:
        own = signal * outer if scalar else (signal * outer[..., None]).sum(1)
        gradients += [own.sum(0), own.mT @ inputs]
    return gradients[::-1]
