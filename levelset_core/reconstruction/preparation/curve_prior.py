"""What a raw cloud tells of a curve before training (extension): its order.

From a random start Eq. 13 finds pieces of a curve. So F first learns to be

    d(x) (cos a(x), sin a(x)) in space,   d(x) cos a(x) in the plane,

with the distance d to a smooth closed curve through the points in their order and the half angle
a of :mod:`levelset_core.geometry.curves.solid_angle`: its level set 0 is that curve, |F| is the
distance, and F is smooth around it. It is what the signed distance is to a surface.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from levelset_core.geometry import Polyline
from levelset_core.geometry.curves.completion import CompleteCurve
from levelset_core.geometry.curves.gaps import kept_parts, without_short_runs
from levelset_core.geometry.curves.solid_angle import half_angle
from levelset_core.geometry.meshes import unit
from levelset_core.reconstruction.preparation.prior import BOX, SignedPoints, around

#: Places where F is told; Gaussians around the curves they are drawn from (the first part lies on
#: them), and every fifth is uniform in the box instead.
PLACES = 16_000
SIGMAS = (0.0, 0.02, 0.05, 0.1, 0.25)
#: Stretches below this part of the shortest curve or way back are not cut off, or out.
SHORT = 0.3
#: Corners of the polygons whose angle is taken.
CORNERS = 400


class CurvePrior:
    """Smooth closed curves through a cloud, in the box.

    Args:
        curves: fitted to the cloud.
        device: of the tensors that it gives.

    Attributes:
        curves: as given.
        closing: points on gaps of the data and on the ways back of open curves, (m, d).
    """

    def __init__(self, curves: Sequence[CompleteCurve], device: torch.device) -> None:
        self.curves, self.device = curves, device
        self.closing = self._tensor(np.concatenate([curve.closing() for curve in curves]))
        self._rings = [curve.ring for curve in curves]
        self._samples = np.concatenate(self._rings)
        self._tree = cKDTree(self._samples)
        ahead = [np.roll(ring, -1, 0) - np.roll(ring, 1, 0) for ring in self._rings]
        self._tangents = unit(np.concatenate(ahead))
        gaps = [np.linalg.norm(np.roll(ring, -1, 0) - ring, axis=1) for ring in self._rings]
        self._reach = np.concatenate([np.maximum(g, np.roll(g, 1)) / 2 for g in gaps])
        on_path = [np.arange(len(c.ring)) >= len(c.curve.points) for c in curves]
        self._on_path = np.concatenate(on_path)
        self._ways = [Polyline(c.path, False).length for c in curves if len(c.path)]

    def signed_points(self, generator: torch.Generator) -> SignedPoints:
        """Places around the curves with F there: (m,) in the plane, (m, 2) in space."""
        order = torch.arange(PLACES)
        sigma = torch.tensor(SIGMAS)[order % len(SIGMAS), None]
        x = torch.from_numpy(self._samples).float()
        places = around(x, sigma, PLACES, generator)
        anywhere = BOX * (2 * torch.rand(places.shape, generator=generator) - 1)
        uniform = (order // len(SIGMAS) % 5 == 0)[:, None]
        places = torch.where(uniform, anywhere, places)
        value = self._tensor(self.value(places.double().numpy()))
        return SignedPoints(places.to(self.device), value)

    def value(self, x: np.ndarray) -> np.ndarray:
        """F at places (m, d): (m,) in the plane, (m, 2) in space."""
        _, near = self._tree.query(x)
        off = x - self._samples[near]
        along = (off * self._tangents[near]).sum(1)
        within = np.clip(along, -self._reach[near], self._reach[near])
        distance = np.linalg.norm(off - within[:, None] * self._tangents[near], axis=1)
        corners = [ring[:: max(1, len(ring) // CORNERS)] for ring in self._rings]
        angle = half_angle(x, corners)
        found: np.ndarray = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return found if x.shape[1] == 3 else found[:, 0]

    def supported(self, line: Polyline) -> list[Polyline]:
        """A traced curve without the ways back of open ones.

        A stretch much shorter than any curve or way back is only nearer to the other one.
        """
        short = SHORT * min(*(c.curve.length for c in self.curves), *self._ways, np.inf)
        kept = ~self._on_path[self._tree.query(line.points)[1]]
        return kept_parts(line, without_short_runs(line, kept, short))

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).float().to(self.device)
