"""The weights of a plain network one by one: to draw them, and to change one."""

from __future__ import annotations

import copy

import torch
from torch import nn

from levelset_core.errors import LevelsetError

#: Layer, row (unit of the next layer), column (unit of this one).
Place = tuple[int, int, int]


def linear_layers(network: nn.Sequential) -> list[nn.Linear]:
    """Its linear layers in order."""
    return [module for module in network if isinstance(module, nn.Linear)]


def edges(network: nn.Sequential, most: int) -> tuple[list[tuple[int, int, int, float]], int]:
    """Weights that are not zero as (layer, row, column, weight): the largest, and how many in all.

    Args:
        network: Linear and ReLU layers.
        most: that are returned; of more, those nearest to zero are left out.
    """
    found = []
    for k, layer in enumerate(linear_layers(network)):
        weight = layer.weight.detach()
        for row, column in weight.nonzero().tolist():
            found.append((k, row, column, float(weight[row, column])))
    largest = sorted(range(len(found)), key=lambda i: -abs(found[i][3]))[:most]
    return [found[i] for i in sorted(largest)], len(found)


@torch.no_grad()
def perturbed(network: nn.Sequential, place: Place, change: float) -> nn.Sequential:
    """A copy with one weight changed.

    Raises:
        LevelsetError: the network has no such weight.
    """
    layer, row, column = place
    other = copy.deepcopy(network)
    layers = linear_layers(other)
    if not 0 <= layer < len(layers):
        raise LevelsetError(f"The network has layers 0 to {len(layers) - 1}, not {layer}.")
    weight = layers[layer].weight
    if not (0 <= row < weight.shape[0] and 0 <= column < weight.shape[1]):
        raise LevelsetError(
            f"Layer {layer} has weights {tuple(weight.shape)}; there is none at ({row}, {column})."
        )
    weight[row, column] += change
    return other
