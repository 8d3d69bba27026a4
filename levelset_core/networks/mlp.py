"""Multilayer perceptrons; a linear model is the one without hidden layers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError
from levelset_core.networks.activations import Activation
from levelset_core.networks.fused import FusedPass, Kept, weight_gradients
from levelset_core.networks.initialization import initialize


class MLP(nn.Module):
    """F(x) = W_k a(... a(W_1 x + b_1) ...) + b_k.

    Args:
        in_features: d.
        hidden: widths of the hidden layers; empty gives the affine model w^T x + b.
        out_features: l. With l = 1 the output is (n,), else (n, l).
        activation: an :class:`Activation` or its name.
        init: see :func:`levelset_core.networks.initialize`.
        generator: source of the initial weights, on the CPU; ``None`` seeds one with 0.

    Raises:
        LevelsetError: a width below 1, an unknown activation or initialization.
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (64, 64, 64),
        out_features: int = 1,
        *,
        activation: str | Activation = "relu",
        init: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        widths = [in_features, *hidden, out_features]
        if min(widths) < 1:
            raise LevelsetError(f"Every layer needs at least one unit, got widths {widths}.")
        self.activation = Activation(activation) if isinstance(activation, str) else activation
        # Our own initialization fills the layers: skip torch's, which would use global state.
        self.layers = nn.ModuleList(
            nn.utils.skip_init(nn.Linear, a, b) for a, b in itertools.pairwise(widths)
        )
        initialize(
            [layer for layer in self.layers if isinstance(layer, nn.Linear)],
            init,
            self.activation.name,
            self.activation.frequency,
            generator or torch.Generator().manual_seed(0),
        )
        self.scalar = out_features == 1

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, d) -> (n,) for l = 1, else (n, l)."""
        *hidden, last = self.layers  # slicing a ModuleList would build a new one
        for layer in hidden:
            x = self.activation(layer(x))
        x = last(x)
        return x.squeeze(-1) if self.scalar else x

    def value_and_jacobian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """F(x) and D_xF(x) in one hand-written pass, without autograd's bookkeeping.

        It is what makes Newton iterations on small batches cheap (benchmarks/projection.py).

        Returns:
            (n,) and (n, d) for l = 1, else (n, l) and (n, d, l).
        """
        value, jacobian, _ = self.fused(x, keep=False)
        return value, jacobian

    def value_with_jacobian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """F(x), differentiable in the parameters, and D_xF(x), which is not, in one pass."""
        value, jacobian = FusedPass.apply(self, x, *self.parameters())  # type: ignore[no-untyped-call]
        return value, jacobian

    @torch.no_grad()
    def fused(self, x: Tensor, *, keep: bool) -> tuple[Tensor, Tensor, Kept]:
        """See :class:`levelset_core.networks.fused.Fused`."""
        # Small batches spend their time in calls: fetch what is needed once, call no module.
        layers = [(layer.weight, layer.bias) for layer in cast("Sequence[nn.Linear]", self.layers)]
        activation, linear = self.activation, nn.functional.linear
        steps = []
        for weight, bias in layers[:-1]:
            inputs = x
            x, slope = activation.value_and_slope(linear(x, weight, bias))
            steps.append((weight, slope, inputs))
        weight, bias = layers[-1]
        value = linear(x, weight, bias)
        # From here on (n, h) for l = 1 and (n, l, h) else.
        signal = weight.expand((len(x), -1) if self.scalar else (len(x), -1, -1))
        signal = signal if steps else signal.clone()  # hand out no view of W
        kept = [(x, signal)] if keep else []
        for weight, slope, inputs in reversed(steps):
            signal = signal * (slope if self.scalar else slope[:, None])
            if keep:
                kept.append((inputs, signal))
            signal = signal @ weight
        return (value.squeeze(-1), signal, kept) if self.scalar else (value, signal.mT, kept)

    def fused_gradients(self, kept: Kept, upstream: Tensor) -> list[Tensor]:
        """See :class:`levelset_core.networks.fused.Fused`."""
        return weight_gradients(kept, upstream)
