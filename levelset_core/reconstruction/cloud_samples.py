"""Where a reconstruction looks at F: starts of projections, and points near the cloud."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.geometry.nearest import NearestPoints

#: The box that uniform samples come from (the authors').
BOX = 1.1
#: Share of the projections that start around the cloud; the others start in the box.
AROUND = 0.8
#: Points near the cloud that are drawn once, with their nearest points, and used again and again.
POOL = 100_000


@dataclass(frozen=True, eq=False)
class NearPoints:
    """Points off the cloud, (m, d), each with its nearest point of the cloud, (m, d)."""

    places: Tensor
    nearest: Tensor


def around(x: Tensor, sigma: float | Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Points of the cloud x, (N, d), moved by Gaussians; sigma a number or (count, 1)."""
    rows = torch.randint(len(x), (count,), generator=generator)
    noise = torch.randn(count, x.shape[1], generator=generator)
    moved = x[rows.to(x.device)] + (sigma * noise).to(x.device)
    return moved.clamp(-BOX, BOX)


def projection_starts(x: Tensor, sigma: float, count: int, generator: torch.Generator) -> Tensor:
    """80 % around the cloud, the others uniform in the box, (count, d)."""
    starts = around(x, sigma, count, generator)
    anywhere = BOX * (2 * torch.rand(starts.shape, generator=generator) - 1)
    uniform = torch.rand(count, 1, generator=generator) >= AROUND
    return torch.where(uniform.to(x.device), anywhere.to(x.device), starts)


def near_points(
    cloud: NearestPoints, sigmas: tuple[float, ...], generator: torch.Generator, count: int = POOL
) -> NearPoints:
    """Points around the cloud, in equal parts from every sigma and in random order."""
    sigma = torch.tensor(sigmas)[torch.arange(count) % len(sigmas), None]
    places = around(cloud.points, sigma, count, generator)
    return NearPoints(places, cloud(places))
