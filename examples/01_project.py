"""Put points on a level set of your own network, and see how they move while it trains.

Run: python examples/01_project.py
"""

import torch
from torch import nn

import levelset_core as lc

torch.manual_seed(0)


class Blob(nn.Module):
    """Any module or function will do: (n, d) in, (n,) or (n, 1) out, each row on its own."""

    def __init__(self) -> None:
        super().__init__()
        self.bend = nn.Sequential(nn.Linear(3, 32), nn.Softplus(), nn.Linear(32, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.norm(dim=1, keepdim=True) - 1 + 0.3 * self.bend(x)


f = Blob()
x = torch.randn(1000, 3)

# Newton's method, every point on its own (Eq. 4). What comes back says how it went.
s = lc.project(f, x)
print(s)
print("largest |F| of the points that arrived:", f(s.points[s.converged]).abs().max().item())

# Another level, for a part of the points, in double precision.
far = lc.project(f.double(), x[:5].double(), level=0.5)
print("radius on level 0.5:", [round(r, 3) for r in far.points.norm(dim=1).tolist()])

# The sample network (Eq. 9) equals the points, and is differentiable in the weights.
s = lc.project(f, x.double())
p = lc.sample_network(f, s)
loss = (p[~s.failed].norm(dim=1) - 1.5).square().mean()  # I want a sphere of radius 1.5
loss.backward()
print("the surface's distance to the sphere I want:", round(loss.item() ** 0.5, 4))

# A step along the gradient moves the surface as the sample network foretold.
with torch.no_grad():
    for weight in f.parameters():
        weight -= 0.05 * weight.grad
foretold = lc.sample_network(f, s)
actual = lc.project(f, s.points).points
print("it moved by", f"{(actual - s.points).norm(dim=1).mean():.4f};",
      "the forecast is off by", f"{(actual - foretold).norm(dim=1).mean():.5f}")  # fmt: skip
