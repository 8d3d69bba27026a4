"""An MLP as a safetensors file, and the few lines of Python that load it elsewhere."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save

_SNIPPET = '''\
"""Loads a network trained in Levelset Lab: F(x) > 0 is blue, F(x) < 0 orange."""
import json

import torch
from safetensors import safe_open

with safe_open("{file}", framework="pt") as f:
    info = json.loads(f.metadata()["levelset_lab"])
    weights = {{name: f.get_tensor(name) for name in f.keys()}}

ACTIVATIONS = {{
    "relu": torch.relu,
    "softplus": lambda z: torch.nn.functional.softplus(z, beta=info["beta"]),
    "tanh": torch.tanh,
    "sine": lambda z: torch.sin(info["frequency"] * z),
}}


def F(x):
    """x: (n, 2) -> (n,)"""
    last = len(info["widths"]) - 2
    for k in range(last + 1):
        x = x @ weights[f"layers.{{k}}.weight"].T + weights[f"layers.{{k}}.bias"]
        if k < last:
            x = ACTIVATIONS[info["activation"]](x)
    return x.squeeze(-1)


print(F(torch.tensor([[0.0, 0.0], [0.5, 0.5]])))
'''


def save_mlp(
    weights: dict[str, np.ndarray], *, activation: str, beta: float, frequency: float
) -> bytes:
    """The bytes of a safetensors file whose metadata "levelset_lab" names the architecture.

    Args:
        weights: ``layers.k.weight``, (out, in), and ``layers.k.bias``, (out,), of an MLP.
        activation, beta, frequency: as in :class:`levelset_core.networks.Activation`.
    """
    count = len(weights) // 2
    widths = [weights["layers.0.weight"].shape[1]]
    widths += [weights[f"layers.{k}.weight"].shape[0] for k in range(count)]
    info = {"widths": widths, "activation": activation, "beta": beta, "frequency": frequency}
    return save(weights, metadata={"levelset_lab": json.dumps(info)})


def loading_snippet(file: str) -> str:
    """Python that loads such a file with torch and safetensors alone."""
    return _SNIPPET.format(file=file)
