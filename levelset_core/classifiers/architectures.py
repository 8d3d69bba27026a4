"""The classifiers of Sec. 5.2 by name, with an initialization from an explicit generator."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from levelset_core.classifiers.convnets import convnet4a, convnet4b
from levelset_core.classifiers.resnet18 import resnet18
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator

#: Name -> network, from the images' shape and the number of classes.
CLASSIFIERS: dict[str, Callable[[tuple[int, int, int], int], nn.Module]] = {
    "convnet4a": convnet4a,
    "convnet4a_linear": partial(convnet4a, linear_head=True),
    "convnet4a_narrow": partial(convnet4a, width=8),
    "convnet4b": convnet4b,
    "resnet18": resnet18,
}


def make_classifier(
    name: str, shape: tuple[int, int, int], classes: int, *, seed: int = 0
) -> nn.Module:
    """A classifier with new weights.

    Convolutions and layers before a ReLU have W ~ N(0, 2 / in) (He et al., 2015), or the
    margin loss finds no level set point to begin with; the last layer W ~ N(0, 1 / in); b = 0.

    Args:
        name: one of ``CLASSIFIERS``.
        shape: channels, height, width of the images.
        classes: outputs.
        seed: of the weights.

    Raises:
        LevelsetError: unknown name, or images that are too small.
    """
    if name not in CLASSIFIERS:
        raise LevelsetError(f"Unknown model {name!r}: choose one of {', '.join(CLASSIFIERS)}.")
    network = CLASSIFIERS[name](shape, classes)
    initialize_classifier(network, seed)
    return network


@torch.no_grad()
def initialize_classifier(network: nn.Module, seed: int) -> None:
    """Draw the weights of a classifier in place; see :func:`make_classifier`."""
    generator = torch_generator(seed)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for layer in layers:
        fan_in = layer.weight[0].numel()
        variance = (2 if layer is not layers[-1] else 1) / fan_in
        layer.weight.normal_(0.0, math.sqrt(variance), generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()
