"""The ReLU network whose zero level set is exactly a polygon (Theorem 1).

Run: python examples/07_exact_polygon.py
"""

import math

import torch

import levelset_core as lc
from levelset_core.exact import exact_polygon

# A star with a hole. Plain lists of (x, y) serve as well as arrays.
star = [
    (r * math.cos(0.1 + k * math.pi / 5), r * math.sin(0.1 + k * math.pi / 5))
    for k, r in enumerate([1.0, 0.45] * 5)
]
hole = [(0.1, 0.15), (-0.2, 0.05), (0.05, -0.2)]
exact = exact_polygon([star, hole])
f = exact.network  # a plain nn.Sequential of Linear and ReLU, in float64
print(f"{len(star) + len(hole)} edges: {exact.depth} hidden layers, {exact.weights} weights")

# F < 0 inside, and on the edges it is 0 up to rounding.
inside, outside = f(torch.tensor([[0.0, 0.3], [2.0, 0.0]], dtype=torch.float64)).flatten().tolist()
print(f"F inside {inside:.4f}, outside {outside:.4f}")
corners = torch.tensor(star, dtype=torch.float64)
t = torch.rand(10_000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
edge = torch.arange(10_000) % len(star)
points = torch.lerp(corners[edge], corners.roll(-1, 0)[edge], t)
print("largest |F| on 10,000 points of the edges:", f"{f(points).abs().max():.1e}")

# It is a network like any other: project onto it, extract it. F is piecewise linear, so some
# points step to and fro across a crease and run out of steps; nothing of that is silent.
s = lc.project(f, torch.randn(500, 2, dtype=torch.float64))
print(s)
curve = lc.geometry.extract_curve(f, ((-1.2, -1.2), (1.2, 1.2)), resolution=200)
length = (corners - corners.roll(-1, 0)).norm(dim=1).sum().item()
print(f"extracted: {[round(line.length, 3) for line in curve.polylines]}; the star: {length:.3f}")
