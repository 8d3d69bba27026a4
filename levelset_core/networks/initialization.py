"""Initializations of an MLP, drawn from an explicit generator."""

from __future__ import annotations

import math

import torch
from torch import nn

from levelset_core.settings import choose

INITIALIZATIONS = ("auto", "kaiming", "xavier", "siren", "geometric")

#: What "auto" stands for with each activation.
_AUTO = {"relu": "kaiming", "softplus": "kaiming", "tanh": "xavier", "sine": "siren"}


@torch.no_grad()
def initialize(
    layers: list[nn.Linear],
    name: str,
    activation: str,
    frequency: float,
    generator: torch.Generator,
) -> None:
    """Fill the layers of an MLP in place.

    * kaiming: W ~ N(0, 2 / in) (He et al., 2015), b ~ U(-1, 1) / sqrt(in): kinks spread out.
    * xavier: W ~ U(+-g sqrt(6 / (in + out))) (Glorot and Bengio, 2010), g = 5/3 but for the last
      layer, the same b.
    * siren: W ~ U(+-1 / in) first, then U(+-sqrt(6 / in) / w) (Sitzmann et al., 2020).
    * geometric: F of a wide ReLU network starts near the signed distance to the unit sphere:
      hidden W ~ N(0, 2 / out), b = 0; last W ~ N(sqrt(pi / in), 1e-4), b = -1. The authors'
      last W has twice that mean, which on a plain MLP gives 2 |x| - 1.
    * auto: the one that suits the activation.

    Raises:
        LevelsetError: unknown name.
    """
    choose("initialization", name, INITIALIZATIONS)
    name = _AUTO[activation] if name == "auto" else name
    for k, layer in enumerate(layers):
        first, last = k == 0, k == len(layers) - 1
        fan_in, fan_out = layer.in_features, layer.out_features
        weight, bias = layer.weight, layer.bias
        if name == "geometric":
            if last:
                weight.normal_(math.sqrt(math.pi / fan_in), 1e-4, generator=generator)
                bias.fill_(-1.0)
            else:
                weight.normal_(0.0, math.sqrt(2 / fan_out), generator=generator)
                bias.zero_()
            continue
        match name:
            case "kaiming":
                gain = 1.0 if last else 2.0
                weight.normal_(0.0, math.sqrt(gain / fan_in), generator=generator)
            case "xavier":
                gain = 1.0 if last else 5 / 3  # keeps tanh units spread over their range
                bound = gain * math.sqrt(6 / (fan_in + fan_out))
                weight.uniform_(-bound, bound, generator=generator)
            case _:
                bound = 1 / fan_in if first else math.sqrt(6 / fan_in) / frequency
                weight.uniform_(-bound, bound, generator=generator)
        bias.uniform_(-1.0, 1.0, generator=generator).div_(math.sqrt(fan_in))
