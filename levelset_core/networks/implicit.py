"""Networks whose level sets are surfaces or curves, with one fused pass for all Eq. 9 needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError
from levelset_core.networks.activations import Activation
from levelset_core.networks.encoding import PositionalEncoding
from levelset_core.networks.fused import FusedPass, Kept, weight_gradients
from levelset_core.networks.local import LocalFeatures
from levelset_core.parallel import ALONE, Workers, row_blocks


class ImplicitMLP(nn.Module):
    """F(x) = W_k a(... a(W_1 phi(x) + b_1) ...) + b_k, which starts near a distance to a sphere.

    With ``skip`` and no octaves it is the paper's network for reconstruction: x is concatenated
    to the input of every layer after the first. With octaves, phi is a positional encoding, and
    a much smaller network describes the same detail (an extension).

    **Initialization** (the authors'; of the constant in the last layer see below): hidden
    W ~ N(0, 2 / out), b = 0, and last W ~ N(slope sqrt(pi / in), 1e-4), b = -slope * radius. The
    columns of sines and cosines start at zero (extension), so the sphere stays one. Level sets of
    several outputs must cross, so l > 1 starts from random functions instead (likewise):
    W ~ N(0, 2 / in), b ~ U(-1, 1) / sqrt(in).

    Args:
        in_features: d.
        hidden: widths of the hidden layers, at least one.
        out_features: l. With l = 1 the output is (n,), else (n, l).
        octaves: of the positional encoding; 0 is none.
        skip: concatenate phi(x) to the input of every layer after the first but the last.
        activation: an :class:`Activation` or its name.
        radius: of the sphere that it starts from.
        slope: |D_xF| to start from, about. The authors' last layer gives 2 on a plain ReLU
            network; 1 makes F a distance.
        generator: source of the initial weights, on the CPU; ``None`` seeds one with 0.

    Attributes:
        local: what is taken from F(x), l = 1; at first None.

    Raises:
        LevelsetError: no hidden layer, a width below 1, an unknown activation, too many octaves.
    """

    def __init__(
        self,
        in_features: int = 3,
        hidden: Sequence[int] = (128, 128, 128, 128),
        out_features: int = 1,
        *,
        octaves: int = 0,
        skip: bool = False,
        activation: str | Activation = "relu",
        radius: float = 0.5,
        slope: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not hidden or min(in_features, out_features, *hidden) < 1:
            raise LevelsetError(
                f"An implicit network needs a hidden layer and a unit in each, got {hidden}."
            )
        self.encoding = PositionalEncoding(in_features, octaves)
        self.activation = Activation(activation) if isinstance(activation, str) else activation
        self.skip, self.scalar = skip, out_features == 1
        phi = self.encoding.out_features
        extra = phi if skip else 0
        inputs = [phi, *(width + extra for width in hidden[:-1]), hidden[-1]]
        self.layers = nn.ModuleList(
            nn.utils.skip_init(nn.Linear, a, b)
            for a, b in zip(inputs, [*hidden, out_features], strict=True)
        )
        self.local: LocalFeatures | None = None
        self.workers: Workers = ALONE
        self._initialize(radius, slope, generator or torch.Generator().manual_seed(0))

    @torch.no_grad()
    def _initialize(self, radius: float, slope: float, generator: torch.Generator) -> None:
        *hidden, last = self._layers()
        d = self.encoding.in_features
        if not self.scalar:
            for layer in self._layers():
                scale = 1 / math.sqrt(layer.in_features)
                layer.weight.normal_(0.0, math.sqrt(2) * scale, generator=generator)
                layer.bias.uniform_(-scale, scale, generator=generator)
            return
        for k, layer in enumerate(hidden):
            out, fan_in = layer.weight.shape
            layer.weight.normal_(0.0, math.sqrt(2 / out), generator=generator)
            layer.bias.zero_()
            start = fan_in - self.encoding.out_features if k else 0
            if k == 0 or self.skip:
                layer.weight[:, start + d :] = 0.0  # the columns of sines and cosines
        mean = slope * math.sqrt(math.pi / last.in_features)
        last.weight.normal_(mean, 1e-4, generator=generator)
        last.bias.fill_(-radius * slope)

    def _layers(self) -> list[nn.Linear]:
        return list(cast("Sequence[nn.Linear]", self.layers))

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, d) -> (n,) for l = 1, else (n, l)."""
        *hidden, last = self._layers()
        phi = h = self.encoding(x)
        for k, layer in enumerate(hidden):
            h = self.activation(layer(torch.cat([h, phi], dim=1) if k and self.skip else h))
        value: Tensor = last(h)
        if not self.scalar:
            return value
        value = value.squeeze(-1)
        return value if self.local is None else value - self.local(x)

    def value_and_jacobian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """F(x) and D_xF(x) in one hand-written pass, without a graph.

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
    def fused(self, x: Tensor, *, keep: bool) -> tuple[Tensor, Tensor, list[Kept]]:
        """See :class:`levelset_core.networks.fused.Fused`; one entry a block of rows is kept."""
        blocks = [x[rows] for rows in row_blocks(len(x), x.device)]
        found = self.workers.map(lambda block: self._block(block, keep), blocks)
        values, jacobians, kept = zip(*found, strict=True)
        return torch.cat(values), torch.cat(jacobians), list(kept)

    def fused_gradients(self, kept: list[Kept], upstream: Tensor) -> list[Tensor]:
        """See :class:`levelset_core.networks.fused.Fused`."""
        rows = row_blocks(len(upstream), upstream.device)

        def gradients(k: int) -> list[Tensor]:
            with torch.no_grad():  # of this thread
                return weight_gradients(kept[k], upstream[rows[k]])

        blocks = self.workers.map(gradients, range(len(rows)))
        return [torch.stack(parts).sum(0) for parts in zip(*blocks, strict=True)]

    @torch.no_grad()
    def _block(self, x: Tensor, keep: bool) -> tuple[Tensor, Tensor, Kept]:
        """F and D_xF of some rows; with ``keep`` the input of every layer and the signal to it."""
        linear = nn.functional.linear
        *hidden, last = [(layer.weight, layer.bias) for layer in self._layers()]
        phi = h = self.encoding(x)
        inputs, slopes = [], []
        for k, (weight, bias) in enumerate(hidden):
            h = torch.cat([h, phi], dim=1) if k and self.skip else h
            inputs.append(h)
            h, slope = self.activation.value_and_slope(linear(h, weight, bias))
            slopes.append(slope)
        value = linear(h, *last)
        # From here on (n, h) for l = 1 and (n, l, h) else.
        shape = (len(x), -1) if self.scalar else (len(x), *last[0].shape)
        signal = last[0].expand(shape)
        to_phi: Tensor | None = None
        kept = [(h, signal)]
        for k in range(len(hidden) - 1, -1, -1):
            signal = signal * (slopes[k] if self.scalar else slopes[k][:, None])
            kept.append((inputs[k], signal))
            signal = signal @ hidden[k][0]
            if k and self.skip:
                width = signal.shape[-1] - phi.shape[1]
                own = signal[..., width:]
                to_phi = own if to_phi is None else to_phi + own
                signal = signal[..., :width]
        jacobian = self.encoding.pull_back(phi, signal if to_phi is None else signal + to_phi)
        if self.scalar:
            value = value.squeeze(-1)
            if self.local is not None:
                part, gradient = self.local.value_and_gradient(x)
                value, jacobian = value - part, jacobian - gradient
            return value, jacobian, kept if keep else []
        return value, jacobian.mT, kept if keep else []
