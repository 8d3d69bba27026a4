"""Where an attack may go: the L_inf box or the L2 ball around an image, within the bounds."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.levelsets.jacobian import expand_rows

NORMS = ("linf", "l2")


def box(x: Tensor, epsilon: float | Tensor, bounds: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Corners of the L_inf box around x that lies within the bounds, both (n, *d)."""
    reach = expand_rows(epsilon, x) if isinstance(epsilon, Tensor) else epsilon
    low, high = bounds
    return (x - reach).clamp_(low, high), (x + reach).clamp_(low, high)


def ball(x: Tensor, epsilon: float | Tensor) -> tuple[Tensor, Tensor]:
    """Centres and radii, (n, *d) and (n,), of L2 balls around x."""
    return x, torch.as_tensor(epsilon, dtype=x.dtype, device=x.device).expand(len(x))


def region(
    x: Tensor, epsilon: float | Tensor, norm: str, bounds: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """Corners of what the pixels may be: the box of "linf"; of "l2" the bounds alone."""
    if norm == "linf":
        return box(x, epsilon, bounds)
    return torch.full_like(x, bounds[0]), torch.full_like(x, bounds[1])


def unit(gradient: Tensor) -> Tensor:
    """Of L2 length 1, row by row; 0 stays 0."""
    for order in (torch.inf, 2):  # first the largest is 1: squares of tiny numbers are 0
        length = torch.linalg.vector_norm(gradient.flatten(1), order, dim=1)
        gradient = gradient / expand_rows(length.masked_fill(length == 0, 1.0), gradient)
    return gradient


def into_ball(p: Tensor, centre: Tensor, radius: Tensor) -> Tensor:
    """The nearest points of L2 balls, (n, *d)."""
    away = p - centre
    length = torch.linalg.vector_norm(away.flatten(1), dim=1)
    # A hair inside: float32 rounds the product.
    factor = torch.where(length > radius, radius / length * (1 - 1e-6), 1.0)
    return centre + away * expand_rows(factor, p)


def uniform_in(
    lower: Tensor, upper: Tensor, x: Tensor, epsilon: float | Tensor, generator: torch.Generator
) -> Tensor:
    """x + U(-epsilon, epsilon), clipped to the bounds as the paper's attacks do, (n, *d)."""
    noise = torch.rand(x.shape, generator=generator, dtype=x.dtype).to(x.device)
    return displaced(lower, upper, x, epsilon, noise.mul_(2).sub_(1))


def random_in(
    norm: str,
    lower: Tensor,
    upper: Tensor,
    x: Tensor,
    epsilon: float | Tensor,
    generator: torch.Generator,
) -> Tensor:
    """A random point of the ball of a norm around each x, clipped to the corners, (n, *d)."""
    if norm == "linf":
        return uniform_in(lower, upper, x, epsilon, generator)
    away = unit(torch.randn(x.shape, generator=generator, dtype=x.dtype)).to(x.device)
    share = torch.rand(len(x), generator=generator, dtype=x.dtype).to(x.device)
    share = share ** (1 / max(1, x[0].numel()))  # as much of the volume lies within
    return displaced(lower, upper, x, epsilon, away * expand_rows(share, x))


def displaced(
    lower: Tensor, upper: Tensor, x: Tensor, epsilon: float | Tensor, noise: Tensor
) -> Tensor:
    """x + epsilon noise, clipped to the bounds, (n, *d)."""
    reach = expand_rows(epsilon, x) if isinstance(epsilon, Tensor) else epsilon
    return torch.minimum(torch.maximum(x + noise * reach, lower), upper)
