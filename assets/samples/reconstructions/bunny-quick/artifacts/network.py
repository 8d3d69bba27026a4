"""Loads a surface or a curve made in Levelset Lab: it is {x : F(x) = 0}."""

import json
import math

import torch
from safetensors import safe_open

with safe_open("network.safetensors", framework="pt") as f:
    info = json.loads(f.metadata()["levelset_lab"])
    weights = {name: f.get_tensor(name) for name in f.keys()}

ACTIVATIONS = {
    "relu": torch.relu,
    "softplus": lambda z: torch.nn.functional.softplus(z, beta=info["activation"]["beta"]),
    "tanh": torch.tanh,
    "sine": lambda z: torch.sin(info["activation"]["frequency"] * z),
}


def F(x):
    """x: (n, d) in the units of the cloud -> (n, l), about the distance in the same units."""
    x = (x - torch.tensor(info["center"])) / info["scale"]
    frequencies = math.pi * 2.0 ** torch.arange(info["octaves"])
    phase = (x[:, :, None] * frequencies).flatten(1)
    phi = h = torch.cat([x, phase.sin(), phase.cos()], dim=1)
    last = len(weights) // 2 - 1
    for k in range(last + 1):
        if 0 < k < last and info["skip"]:
            h = torch.cat([h, phi], dim=1)
        h = h @ weights[f"layers.{k}.weight"].T + weights[f"layers.{k}.bias"]
        if k < last:
            h = ACTIVATIONS[info["activation"]["name"]](h)
    return info["scale"] * h


print(F(torch.tensor([info["center"]])))
