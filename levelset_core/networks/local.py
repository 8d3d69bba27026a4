"""Features that each reach only a few cells, beside a network that reaches everywhere."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

#: Places evaluated at once: each has 3^d terms.
BLOCK = 1 << 16


class LocalFeatures(nn.Module):
    """g(x) = sum_j c_j B(x / h - j), B the product of quadratic B-splines, c_j at nodes of a grid.

    Continuously differentiable; 0 further than 1.5 h from all nodes. Linear in c, so that c can be
    fitted in closed form (:func:`levelset_core.reconstruction.refine.local_features`).

    Args:
        low: the grid's node 0, (d,).
        cell: h.
        nodes: integers (m, d), at least 2: where c is not 0.
        coefficients: c, (m,).
    """

    low: Tensor
    cell: Tensor
    nodes: Tensor
    coefficients: Tensor
    table: Tensor

    def __init__(self, low: Tensor, cell: float, nodes: Tensor, coefficients: Tensor) -> None:
        super().__init__()
        self.register_buffer("low", low)
        self.register_buffer("cell", torch.as_tensor(cell, dtype=low.dtype, device=low.device))
        self.register_buffer("nodes", nodes)
        self.register_buffer("coefficients", coefficients)
        # No node is nearer than 2 to the rim of the table, so that all neighbours are in it.
        self.shape = tuple(int(n) + 3 for n in nodes.amax(0))
        table = torch.zeros(self.shape, dtype=low.dtype, device=low.device)
        table[tuple(nodes.T)] = coefficients
        self.register_buffer("table", table.flatten(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, d) -> (n,), differentiable in x."""
        return torch.cat([self._value(*self._around(part)[:2]) for part in x.split(BLOCK)])

    def value_and_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """g(x), (n,), and its gradient, (n, d)."""
        values, gradients = [], []
        for part in x.split(BLOCK):
            c, along, slopes = self._around(part)
            values.append(self._value(c, along))
            each = [
                self._value(c, [slopes[i] if i == k else own for i, own in enumerate(along)])
                for k in range(len(along))
            ]
            gradients.append(torch.stack(each, 1) / self.cell)
        return torch.cat(values), torch.cat(gradients)

    def _value(self, c: Tensor, along: list[Tensor]) -> Tensor:
        return (products(along) * c).sum(1)

    def _around(self, x: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """c at the 3^d nodes around places; values and slopes of the splines along each axis."""
        at, values, slopes = splines((x - self.low) / self.cell)
        shape = torch.tensor(self.shape, device=x.device)
        within = ((at >= 1) & (at <= shape - 2)).all(1)
        rows = neighbours(torch.minimum(at.clamp_min(1), shape - 2), self.shape)
        return self.table[rows] * within[:, None], list(values), list(slopes)


def splines(u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Quadratic B-splines at u, (n, d), in cells.

    Returns:
        The nearest nodes, (n, d); values and slopes of the three splines that are not 0 there along
        each axis, (d, n, 3): those of the node before, the nearest one and the next.
    """
    at = u.detach().round()
    t = (u - at).T
    values = torch.stack([0.5 * (0.5 - t) ** 2, 0.75 - t**2, 0.5 * (0.5 + t) ** 2], 2)
    slopes = torch.stack([t - 0.5, -2 * t, t + 0.5], 2)
    return at.long(), values, slopes


def products(along: list[Tensor]) -> Tensor:
    """Products of one factor along each axis, d times (n, 3) -> (n, 3^d)."""
    whole = along[0]
    for each in along[1:]:
        whole = (whole[:, :, None] * each[:, None]).flatten(1)
    return whole


def neighbours(at: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The 3^d nodes around each node (n, d) as rows of the flat table, (n, 3^d)."""
    strides = torch.tensor([math.prod(shape[k + 1 :]) for k in range(len(shape))]).to(at)
    steps = torch.cartesian_prod(*[torch.arange(-1, 2)] * len(shape)).to(at)
    return (at * strides).sum(1, keepdim=True) + (steps * strides).sum(1)
