"""Networks as safetensors files, and the few lines of Python that load them elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
from safetensors.numpy import save
from safetensors.torch import save as torch_save

from levelset_core.networks.implicit import ImplicitMLP

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


_IMPLICIT = '''\
"""Loads a surface or a curve made in Levelset Lab: it is {{x : F(x) = 0}}."""
import json
import math

import torch
from safetensors import safe_open

with safe_open("{file}", framework="pt") as f:
    info = json.loads(f.metadata()["levelset_lab"])
    weights = {{name: f.get_tensor(name) for name in f.keys()}}

ACTIVATIONS = {{
    "relu": torch.relu,
    "softplus": lambda z: torch.nn.functional.softplus(z, beta=info["activation"]["beta"]),
    "tanh": torch.tanh,
    "sine": lambda z: torch.sin(info["activation"]["frequency"] * z),
}}


def F(x):
    """x: (n, d) in the units of the cloud -> (n, l), about the distance in the same units."""
    x = (x - torch.tensor(info["center"])) @ torch.tensor(info["axes"]).T / info["scale"]
    frequencies = math.pi * 2.0 ** torch.arange(info["octaves"])
    phase = (x[:, :, None] * frequencies).flatten(1)
    phi = h = torch.cat([x, phase.sin(), phase.cos()], dim=1)
    last = sum(name.endswith(".bias") for name in weights) - 1
    for k in range(last + 1):
        if 0 < k < last and info["skip"]:
            h = torch.cat([h, phi], dim=1)
        h = h @ weights[f"layers.{{k}}.weight"].T + weights[f"layers.{{k}}.bias"]
        if k < last:
            h = ACTIVATIONS[info["activation"]["name"]](h)
    if "local.nodes" in weights:
        h = h - local(x)[:, None]
    return info["scale"] * h


def local(x):
    """Quadratic B-splines on the nodes of a grid: x in the box, (n, d) -> (n,)"""
    nodes, c = weights["local.nodes"], weights["local.coefficients"]
    table = torch.zeros(tuple(nodes.amax(0) + 3))
    table[tuple(nodes.T)] = c
    u = (x - weights["local.low"]) / weights["local.cell"]
    at, total = u.round(), 0
    for step in torch.cartesian_prod(*[torch.arange(-1, 2)] * x.shape[1]):
        t = (u - at - step).abs()
        spline = torch.where(t < 0.5, 0.75 - t**2, 0.5 * (1.5 - t) ** 2).prod(1)
        node = (at + step).long()
        known = ((node >= 0) & (node < torch.tensor(table.shape))).all(1)
        total = total + known * spline * table[tuple((node * known[:, None]).T)]
    return total


print(F(torch.tensor([info["center"]])))
'''


def save_implicit(
    network: ImplicitMLP, *, center: np.ndarray, scale: float, axes: np.ndarray
) -> bytes:
    """The bytes of a safetensors file whose metadata "levelset_lab" says how to evaluate F.

    Args:
        network: F, in units of the box.
        center, scale, axes: the place x of the cloud is at axes (x - center) / scale in the box.
    """
    info = {
        "octaves": network.encoding.octaves,
        "skip": network.skip,
        "activation": asdict(network.activation),
        "center": np.asarray(center, dtype=np.float64).tolist(),
        "scale": float(scale),
        "axes": np.asarray(axes, dtype=np.float64).tolist(),
    }
    weights = {k: w.detach().cpu().contiguous() for k, w in network.state_dict().items()}
    data: bytes = torch_save(weights, metadata={"levelset_lab": json.dumps(info)})
    return data


def implicit_snippet(file: str) -> str:
    """Python that loads such a file with torch and safetensors alone."""
    return _IMPLICIT.format(file=file)
