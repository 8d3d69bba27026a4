"""What each unit of a network computes over the plane, and how strongly units are joined."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.data import BOUNDS
from levelset_core.networks import MLP

#: Nodes along a side of a unit's picture, and units shown a layer.
GRID, SHOWN = 40, 12


@dataclass(frozen=True)
class Layer:
    """The units of a layer that are shown.

    Attributes:
        width: units that it has.
        index: which are shown, (k,).
        fields: what they compute on the grid over the plane, (k, n, n), row 0 at ymin.
        weights: from the shown units of the layer before, (k, k before); empty for the inputs.
    """

    width: int
    index: Tensor
    fields: Tensor
    weights: Tensor


@torch.no_grad()
def layers(network: MLP, grid: int = GRID, shown: int = SHOWN) -> list[Layer]:
    """The inputs, the hidden layers and the output.

    Of a wide layer those units are shown that the shown ones behind them hear most of: by the
    weight between them times how much the unit varies over the plane.
    """
    linear = [layer for layer in network.layers if isinstance(layer, torch.nn.Linear)]
    axis = torch.linspace(BOUNDS[0], BOUNDS[1], grid, device=linear[0].weight.device)
    x = torch.cartesian_prod(axis, axis).flip(1)  # (n * n, 2) as (x, y), row 0 at ymin
    values = [x]
    for layer in linear[:-1]:
        values.append(network.activation(layer(values[-1])))
    values.append(linear[-1](values[-1]))
    chosen = [torch.arange(values[-1].shape[1])]
    for value, after in zip(reversed(values[:-1]), reversed(linear), strict=True):
        heard = after.weight[chosen[0]].abs().sum(0) * value.std(0)
        count = min(shown, len(heard))
        strongest = heard.nan_to_num().topk(count).indices if len(heard) > count else None
        chosen.insert(0, torch.arange(len(heard)) if strongest is None else strongest.sort()[0])
    found = []
    for k, (value, index) in enumerate(zip(values, chosen, strict=True)):
        weights = linear[k - 1].weight[index][:, chosen[k - 1]] if k else torch.empty(0, 0)
        fields = value[:, index].T.reshape(len(index), grid, grid)
        found.append(Layer(value.shape[1], index, fields, weights))
    return found
