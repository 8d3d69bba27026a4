"""A loss on the curvature of a level set, computed from F's own derivatives.

Run: python examples/04_curvature.py
"""

import torch
from torch import nn
from torch.func import functional_call, hessian, jacrev, vmap

import levelset_core as lc

torch.manual_seed(0)


class Dented(nn.Module):
    """A circle that a small network bends."""

    def __init__(self) -> None:
        super().__init__()
        self.bend = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        nn.init.normal_(self.bend[0].weight, std=1.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.square().sum(1) - 1 + 0.5 * self.bend(x).squeeze(1)


def curvature(f: nn.Module, p: torch.Tensor) -> torch.Tensor:
    """div(D_xF / |D_xF|) at points of the plane, (n, 2) -> (n,), differentiable in f and p."""
    weights = dict(f.named_parameters())
    one = lambda x: functional_call(f, weights, (x[None],))[0]  # noqa: E731
    g, h = vmap(jacrev(one))(p), vmap(hessian(one))(p)
    bend = torch.einsum("ni,nij,nj->n", g, h, g)
    square = g.square().sum(1)
    return (h.diagonal(dim1=1, dim2=2).sum(1) - bend / square) / square.sqrt()


f = Dented().double()
starts = torch.randn(200, 2, dtype=torch.float64)
optimizer = torch.optim.Adam(f.parameters(), lr=1e-2)
for step in range(101):
    s = lc.project(f, starts, max_steps=10)
    p = lc.sample_network(f, s)[s.converged]  # they move with the weights, and so does the loss
    kappa = curvature(f, p)
    loss = (kappa - 1.0).square().mean()  # everywhere that of the unit circle
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        low, high = kappa.min().item(), kappa.max().item()
        print(f"step {step:3d}: loss {loss.item():8.5f}, curvature {low:6.3f} to {high:6.3f}")
