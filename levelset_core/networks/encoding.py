"""Positional encoding of coordinates, with its derivative."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError


class PositionalEncoding(nn.Module):
    """phi(x) = (x, sin(w_k x), cos(w_k x)), w_k = pi 2^k, k = 0, ..., octaves - 1.

    As NeRF has it (Mildenhall et al., 2020). No octaves: phi(x) = x. It repeats with period 2,
    so data belong into [-1, 1]^d.

    Args:
        in_features: d.
        octaves: number of frequencies.

    Raises:
        LevelsetError: octaves is not 0 to 12.
    """

    frequencies: Tensor

    def __init__(self, in_features: int, octaves: int) -> None:
        super().__init__()
        if not 0 <= octaves <= 12:
            raise LevelsetError(f"octaves must be 0 to 12, got {octaves}.")
        self.in_features, self.octaves = in_features, octaves
        self.out_features = in_features * (1 + 2 * octaves)
        frequencies = math.pi * 2.0 ** torch.arange(octaves)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, d) -> (n, d (1 + 2 octaves))."""
        if not self.octaves:
            return x
        phase = (x[:, :, None] * self.frequencies).flatten(1)  # (n, d octaves)
        return torch.cat([x, phase.sin(), phase.cos()], dim=1)

    def pull_back(self, phi: Tensor, slope: Tensor) -> Tensor:
        """D_phi G -> D_x G by the chain rule.

        Args:
            phi: the encoding of x, (n, m).
            slope: derivatives to phi, (n, ..., m).

        Returns:
            (n, ..., d).
        """
        if not self.octaves:
            return slope
        d = self.in_features
        half = d * self.octaves
        sine, cosine = phi[:, d : d + half], phi[:, d + half :]
        if slope.ndim == 3:
            sine, cosine = sine[:, None], cosine[:, None]
        turned = cosine * slope[..., d : d + half] - sine * slope[..., d + half :]
        turned = turned.unflatten(-1, (d, self.octaves)) @ self.frequencies
        return slope[..., :d] + turned
