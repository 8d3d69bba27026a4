"""Two outputs: the level set of F: R^3 -> R^2 is a curve.

Run: python examples/02_curve_in_space.py
"""

import math

import torch

import levelset_core as lc


def f(x: torch.Tensor) -> torch.Tensor:
    """(n, 3) -> (n, 2): a torus and a tilted plane, which meet in two circles (Villarceau)."""
    ring = x[:, :2].norm(dim=1) - 1.0
    torus = ring.square() + x[:, 2].square() - 0.25
    slope = math.tan(math.asin(0.5))
    return torch.stack([torus, x[:, 2] - slope * x[:, 0]], dim=1)


# Newton's method with the pseudo-inverse of the 2 x 3 Jacobian.
x = torch.randn(500, 3, dtype=torch.float64)
s = lc.project(f, x)
print(s)
print("D_xF^+ of a point:", tuple(s.pinv[0].shape), "(dimensions, outputs)")

# Each of the two circles has the torus' big radius, 1. They cross in two points, where D_xF
# loses rank: points that come too near are reported as failed, never as NaN.
p = s.points[s.converged]
centers = torch.tensor([[0.0, 0.5, 0.0], [0.0, -0.5, 0.0]], dtype=torch.float64)
off = (torch.cdist(p, centers) - 1.0).abs().amin(1)
print("largest distance to the nearer circle:", f"{off.max():.1e}")

# The same as ordered polylines: a sphere and a plane.
curve = lc.geometry.extract_curve(
    lambda x: torch.stack([x.square().sum(1) - 1.0, x[:, 2] - 0.6], dim=1),
    ((-1.2, -1.2, -1.2), (1.2, 1.2, 1.2)),
    resolution=48,
)
for line in curve.polylines:
    print(
        f"a {'closed' if line.closed else 'open'} line of {len(line.points)} points,",
        f"length {line.length:.4f}; the circle at height 0.6 has {2 * math.pi * 0.8:.4f}",
    )
