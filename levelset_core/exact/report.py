"""What an exact construction returns."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from torch import nn

from levelset_core.exact.compiler import compile_formula
from levelset_core.exact.formula import Formula, literals


@dataclass(frozen=True)
class ExactNetwork:
    """A ReLU network whose zero level set is a given shape (Theorem 1); F < 0 inside.

    F is 1-Lipschitz and |F(x)| is at most the distance to the shape; it is no signed distance.

    Attributes:
        network: Linear and ReLU layers in float64, (n, d) -> (n, 1).
        formula: the same function as max and min of affine functions.
        planes: distinct lines or planes that the shape lies on.
        depth: hidden layers.
        widths: units of every layer, from d to 1.
        weights: entries of all weight matrices, without biases.
        seconds: how long the construction took.
    """

    network: nn.Sequential
    formula: Formula
    planes: int
    depth: int
    widths: tuple[int, ...]
    weights: int
    seconds: float


def build(formula: Formula, dimension: int, began: float) -> ExactNetwork:
    """Compile a formula; ``began`` is when its construction did (``time.perf_counter``)."""
    network = compile_formula(formula, dimension)
    layers = [module for module in network if isinstance(module, nn.Linear)]
    return ExactNetwork(
        network=network,
        formula=formula,
        planes=count_planes(formula),
        depth=len(layers) - 1,
        widths=(dimension, *(layer.out_features for layer in layers)),
        weights=sum(layer.weight.numel() for layer in layers),
        seconds=time.perf_counter() - began,
    )


def count_planes(formula: Formula) -> int:
    """Distinct planes of a formula, whichever side is inside, up to rounding."""
    planes = np.array([[*h.normal, h.offset] for h in literals(formula)])
    scale = max(1.0, np.abs(planes[:, -1]).max())
    planes = np.round(planes / [*[1.0] * (planes.shape[1] - 1), scale], 9) + 0.0
    # The first coordinate that is not 0 is made positive.
    first = planes[np.arange(len(planes)), (planes != 0).argmax(1)]
    return len(np.unique(planes * np.sign(first)[:, None], axis=0))
