"""A loss of your own: the shortest curve around a given area, by any solver and Eq. 8.

Marching squares finds the curve; nothing in it is differentiable. `implicit_root` makes the
points that it returns differentiable in the network's weights.

Run: python examples/03_area_and_length.py
"""

import math

import numpy as np
import torch

import levelset_core as lc

f = lc.networks.ImplicitMLP(2, (32, 32), activation="softplus", radius=0.9)
with torch.no_grad():  # an ellipse to start from
    f.layers[0].weight[:, 1] *= 2.0


def outline(f) -> np.ndarray:
    """The longest contour of {F = 0}, points in their order, (n, 2)."""
    curve = lc.geometry.extract_curve(f, ((-2, -2), (2, 2)), resolution=48, snap=False)
    return curve.polylines[0].points


def area_and_length(p: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the closed polygon with corners p, (n, 2): the shoelace formula."""
    q = p.roll(-1, 0)
    area = 0.5 * (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum().abs()
    return area, (q - p).norm(dim=1).sum()


optimizer = torch.optim.Adam(f.parameters(), lr=1e-2)
for step in range(151):
    p = lc.implicit_root(f, solver=outline)  # (n, 2), differentiable in f's weights
    area, length = area_and_length(p)
    loss = (area - 2.0).square() + 0.2 * length
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        roundness = 4 * math.pi * area.item() / length.item() ** 2
        print(
            f"step {step:3d}: area {area.item():.3f}, length {length.item():.3f},",
            f"4 pi area / length^2 = {roundness:.4f} (a circle has 1)",
        )
