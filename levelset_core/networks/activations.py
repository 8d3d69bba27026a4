"""Activations with their derivatives, so that a network can be evaluated in one fused pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.settings import choose

ACTIVATIONS = ("relu", "softplus", "tanh", "sine")


@dataclass(frozen=True)
class Activation:
    """An elementwise activation.

    Attributes:
        name: "relu", "softplus" (1/beta log(1 + exp(beta z))), "tanh" or "sine" (sin(w z)).
        beta: sharpness of softplus; it tends to ReLU as beta grows.
        frequency: w of the sine (Sitzmann et al., 2020).

    Raises:
        LevelsetError: unknown name, or beta or frequency is not positive.
    """

    name: str
    beta: float = 10.0
    frequency: float = 6.0

    def __post_init__(self) -> None:
        choose("activation", self.name, ACTIVATIONS)
        if not (self.beta > 0 and self.frequency > 0):
            raise LevelsetError(
                f"beta and frequency must be positive, got {self.beta} and {self.frequency}."
            )

    def __call__(self, z: Tensor) -> Tensor:
        match self.name:
            case "relu":
                return torch.relu(z)
            case "softplus":
                return torch.nn.functional.softplus(z, beta=self.beta)
            case "tanh":
                return torch.tanh(z)
            case _:
                return torch.sin(self.frequency * z)

    def value_and_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The activation and its derivative at z; ReLU's slope at 0 is 0, as in autograd."""
        match self.name:
            case "relu":
                a = torch.relu(z)
                return a, a.sign()  # 0 or 1, as a >= 0
            case "softplus":
                return self(z), torch.sigmoid(self.beta * z)
            case "tanh":
                a = torch.tanh(z)
                return a, 1.0 - a.square()
            case _:
                w = self.frequency * z
                return torch.sin(w), self.frequency * torch.cos(w)
