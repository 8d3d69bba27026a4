"""What the winding number knows of a raw cloud (ours): which side is which, and how holes close.

Eq. 13 asks for |F| = d(x, X). Where the cloud has a hole, no surface at all would suit it best:
level sets dig themselves in between the walls of a hole. So the hole is closed before: the level
set of a winding number fitted to the cloud spans it smoothly, and its points there join X.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from levelset_core.geometry import Mesh, extract_mesh, remove_small_components
from levelset_core.geometry.nearest import NearestPoints
from levelset_core.geometry.sampling import sample_faces
from levelset_core.geometry.winding import WindingNumber, even_part
from levelset_core.parallel import Workers
from levelset_core.random import numpy_generator
from levelset_core.reconstruction.cloud_samples import BOX, around

#: Points of the cloud that the winding number is fitted to.
FITTED = 4000
#: A point of the fitted surface closes a hole if it is further from the cloud than this many
#: cells of the fit, and than this many distances between neighbours.
HOLE_CELLS, HOLE_SPACINGS = 0.35, 2.5
#: Distance of the points that close a hole, in cells of the fit.
CLOSING_SPACING = 0.2
#: Places whose side is asked for.
SIGNED = 20_000
#: Gaussians around the cloud they are drawn from; every fifth is uniform in the box instead.
SIGNED_SIGMAS = (0.03, 0.1, 0.1, 0.25)
#: The fit tells no side nearer to the cloud than this many cells of its own.
TOO_NEAR = 0.4
#: Margin of the fitted surface around the cloud; nodes along its longest side.
MARGIN, LOWEST, HIGHEST = 0.1, 32, 112


@dataclass(frozen=True, eq=False)
class SignedPoints:
    """Places (m, d) with their signed distance to the cloud, negative inside, (m,)."""

    places: Tensor
    distance: Tensor


class Prior:
    """A winding number fitted to a cloud in the box, (n, 3).

    Args:
        points: the cloud.
        workers: threads to share the work.
        seed: of the points that close holes.
        look: called with a coarse surface halfway through the fit, then with the one that closes
            holes.

    Attributes:
        winding: the fit.
        cell: side of the cells that the fit took one point of.
        closing: points that close the holes of the cloud, (m, 3).
    """

    def __init__(
        self,
        points: Tensor,
        workers: Workers,
        *,
        seed: int = 0,
        look: Callable[[Mesh], None] | None = None,
    ) -> None:
        own = points.cpu().numpy().astype(np.float64)
        part, self.cell = even_part(own, FITTED)
        fitted = torch.from_numpy(part.astype(np.float32)).to(points.device)
        show = look or (lambda mesh: None)
        self.winding = WindingNumber(
            fitted, self.cell, workers,
            halfway=look and (lambda winding: show(self._surface(winding, LOWEST))),
        )  # fmt: skip
        surface = self.surface()
        if look is not None:
            look(surface)
        self.closing = torch.from_numpy(self._closing(surface, own, seed)).to(points)

    def surface(self) -> Mesh:
        """The closed surface {w = middle} around the cloud, without small pieces."""
        return self._surface(self.winding, HIGHEST)

    def _surface(self, winding: WindingNumber, highest: int) -> Mesh:
        low, high = winding.points.amin(0).cpu(), winding.points.amax(0).cpu()
        nodes = float((high - low).max() + 2 * MARGIN) / (0.75 * self.cell)
        mesh = extract_mesh(
            _Outside(winding), ((low - MARGIN).tolist(), (high + MARGIN).tolist()),
            int(min(max(nodes, LOWEST), highest)), snap=False,
        )  # fmt: skip
        return remove_small_components(mesh)

    def _closing(self, surface: Mesh, points: np.ndarray, seed: int) -> np.ndarray:
        if not len(surface.faces):
            return np.zeros((0, 3))
        count = int(surface.area / (CLOSING_SPACING * self.cell) ** 2)
        places, _ = sample_faces(surface, max(count, 1), numpy_generator(seed))
        tree = cKDTree(points)
        rows = numpy_generator(seed).integers(len(points), size=min(len(points), 2000))
        neighbours, _ = tree.query(points[rows], k=min(5, len(points)))
        hole = max(HOLE_CELLS * self.cell, HOLE_SPACINGS * float(np.median(neighbours[:, -1])))
        distance, _ = tree.query(places, distance_upper_bound=hole)
        found: np.ndarray = places[np.isinf(distance)]
        return found

    def signed_points(self, cloud: NearestPoints, generator: torch.Generator) -> SignedPoints:
        """Places around a cloud, where the fit can tell the side, with their signed distance."""
        x = cloud.points
        order = torch.arange(SIGNED)
        sigma = torch.tensor(SIGNED_SIGMAS)[order % len(SIGNED_SIGMAS), None]
        places = around(x, sigma, SIGNED, generator)
        anywhere = BOX * (2 * torch.rand(places.shape, generator=generator) - 1)
        places = torch.where((order % 5 == 0)[:, None].to(x.device), anywhere.to(x.device), places)
        distance = cloud.distance(places)
        clear = distance > TOO_NEAR * self.cell
        places, distance = places[clear], distance[clear]
        inside = self.winding.inside(places)
        return SignedPoints(places, torch.where(inside, -distance, distance))


class _Outside(nn.Module):
    """Positive outside, like the networks, and where the winding number's tensors live."""

    def __init__(self, winding: WindingNumber) -> None:
        super().__init__()
        self.winding = winding
        self.moments = nn.Parameter(winding.moments, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.winding.middle - self.winding(x)
