"""Where a reconstruction looks at F: starts of projections, points near the cloud, known signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from levelset_core.geometry.nearest import NearestPoints
from levelset_core.geometry.winding import WindingNumber, even_part
from levelset_core.parallel import Workers

#: The box that uniform samples come from (the authors').
BOX = 1.1
#: Share of the projections that start around the cloud; the others start in the box.
AROUND = 0.8
#: Points near the cloud that are drawn once, with their nearest points, and used again and again.
POOL = 100_000
#: Places whose side is asked for, and points of the cloud that the winding number is fitted to.
SIGNED, FITTED = 20_000, 4000
#: Gaussians around the cloud they are drawn from; every fifth is uniform in the box instead.
SIGNED_SIGMAS = (0.03, 0.1, 0.1, 0.25)
#: The fit tells no side nearer to the cloud than this many cells of its own.
TOO_NEAR = 0.4


@dataclass(frozen=True, eq=False)
class NearPoints:
    """Points off the cloud, (m, d), each with its nearest point of the cloud, (m, d)."""

    places: Tensor
    nearest: Tensor


@dataclass(frozen=True, eq=False)
class SignedPoints:
    """Places (m, d) with their signed distance to the cloud, negative inside, (m,)."""

    places: Tensor
    distance: Tensor


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


def signed_points(
    cloud: NearestPoints, generator: torch.Generator, workers: Workers
) -> SignedPoints:
    """Places around a cloud in space whose side the fitted winding number can tell."""
    x = cloud.points
    part, cell = even_part(x.cpu().numpy().astype(np.float64), FITTED)
    fitted = torch.from_numpy(part.astype(np.float32)).to(x.device)
    winding = WindingNumber(fitted, cell, workers)
    order = torch.arange(SIGNED)
    sigma = torch.tensor(SIGNED_SIGMAS)[order % len(SIGNED_SIGMAS), None]
    places = around(x, sigma, SIGNED, generator)
    anywhere = BOX * (2 * torch.rand(places.shape, generator=generator) - 1)
    places = torch.where((order % 5 == 0)[:, None].to(x.device), anywhere.to(x.device), places)
    distance = cloud.distance(places)
    clear = distance > TOO_NEAR * cell
    places, distance = places[clear], distance[clear]
    return SignedPoints(places, torch.where(winding.inside(places), -distance, distance))
