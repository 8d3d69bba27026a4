"""What a raw cloud tells of a surface before training (extension): sides and holes.

Eq. 13 asks for |F| = d(x, X). Where the cloud has a hole, no surface at all would
suit it best: level sets dig themselves in between the walls of a hole. So the hole is closed
before: the level set of a winding number fitted to the cloud spans it smoothly, and its points
there join X. The sides of an open sheet are those of oriented normals: the winding number has
them for moments, or where layers lie on layers the nearest tangent planes tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from levelset_core.data import PointCloud, check_spread
from levelset_core.geometry import Mesh, components, extract_mesh, remove_small_components
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.clouds import NearestPoints
from levelset_core.geometry.frames import Normalization
from levelset_core.geometry.orientation import TangentPlanes, oriented_normals
from levelset_core.geometry.trimming import trim
from levelset_core.geometry.winding import WindingNumber, even_part
from levelset_core.parallel import Workers
from levelset_core.random import numpy_generator

#: The box that uniform samples come from (the authors').
BOX = 1.1
#: Points of the cloud that the winding number is fitted to.
FITTED = 4000
#: A point of the fitted surface closes a hole if it is further from the cloud than this many
#: cells of the fit, and than this many distances between neighbours.
HOLE_CELLS, HOLE_SPACINGS = 0.35, 2.5
#: Distance of the points that close a hole, in cells of the fit, at least.
CLOSING_SPACING = 0.2
#: Places whose side is asked for.
SIGNED = 20_000
#: Places on the way to a scanner, which are outside, where one is known.
SEEN = 5_000
#: Gaussians around the cloud they are drawn from; every fifth is uniform in the box instead.
SIGNED_SIGMAS = (0.03, 0.1, 0.1, 0.25)
#: The fit tells no side nearer to the cloud than this many cells of its own.
TOO_NEAR = 0.4
#: Nor where w of a closed surface, 0 or 1, is so near to its middle. An open sheet's goes there far
#: from it.
UNSURE = 0.15
#: On an open sheet w jumps by 1. Where its mean there is further than this from the middle, as on a
#: roll, no level set of w follows the sheet: tangent planes tell its sides.
LAYERED = 0.4
#: A sheet shown before training ends so many cells from its places.
SHEET_CELLS = 1.2
#: Margin of the fitted surface around the cloud; nodes along its longest side, at least.
MARGIN, LOWEST = 0.1, 32


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


class Prior:
    """A winding number fitted to a cloud in the box, (n, 3).

    Args:
        points: the cloud.
        workers: threads to share the work.
        seed: of the points that close holes.
        look: called with a coarse surface halfway through the fit, then with the one that closes
            holes.
        towards: (n, 3) from each point of the cloud to the scanner that saw it, of unit length,
            zero where unknown; or None. Between the two there is nothing.
        nodes: along the longest side of the grid of that surface, at most.
        open: the cloud is an open sheet: its sides are those of oriented normals, and the surface
            goes on beyond its rim instead of coming back on a way of its own.

    Attributes:
        sides: the fit, or the tangent planes.
        cell: side of the cells that the fit took one point of.
        closing: points that close the holes of the cloud, (m, 3).
        pieces: of the closed surface that the fit tells of; 0 of an open sheet.
    """

    def __init__(
        self,
        points: Tensor,
        workers: Workers,
        *,
        seed: int = 0,
        look: Callable[[Mesh], None] | None = None,
        towards: Tensor | None = None,
        nodes: int = 112,
        open: bool = False,
    ) -> None:
        self.towards, self.open = towards, open
        own = points.cpu().numpy().astype(np.float64)
        part, self.cell = even_part(own, FITTED)
        fitted = torch.from_numpy(part.astype(np.float32)).to(points.device)
        show = look or (lambda mesh: None)
        normals = torch.from_numpy(self._normals(part, own)).to(fitted) if open else None
        self.sides: WindingNumber | TangentPlanes = WindingNumber(
            fitted, self.cell, workers, normals=normals,
            halfway=look and (lambda winding: show(self._surface(winding, LOWEST))),
        )  # fmt: skip
        layered = False
        if normals is not None:
            off = (self.sides(fitted) - self.sides.middle).abs()
            layered = float(off.quantile(0.95)) > LAYERED
            if layered:
                self.sides = TangentPlanes(fitted, normals)
        surface = self._surface(self.sides, nodes)
        show(surface)
        self.pieces = 0 if open else len(components(surface))
        closing = np.zeros((0, 3)) if layered else self._closing(surface, own, seed)
        self.closing = torch.from_numpy(closing).to(points)

    def _normals(self, part: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Normals of an open sheet at places on it, to the scanners or away from its middle.

        Where nothing tells a side, F has the fewest to change of the sphere it starts from.
        """
        normals = oriented_normals(part)
        if self.towards is None:
            outward = float((normals * (part - part.mean(0))).sum())
            normals = normals if outward >= 0 else -normals
        else:
            seen = self.towards.cpu().numpy()[cKDTree(points).query(part)[1]]
            normals[(normals * seen).sum(1) < 0] *= -1
        return normals

    def _surface(self, sides: WindingNumber | TangentPlanes, highest: int) -> Mesh:
        """The closed surface {w = middle} around the cloud, or the sheet; without small pieces."""
        low, high = sides.points.amin(0).cpu(), sides.points.amax(0).cpu()
        nodes = float((high - low).max() + 2 * MARGIN) / (0.75 * self.cell)
        mesh = extract_mesh(
            _Outside(sides), ((low - MARGIN).tolist(), (high + MARGIN).tolist()),
            int(min(max(nodes, LOWEST), highest)), snap=False,
        )  # fmt: skip
        if isinstance(sides, TangentPlanes):
            mesh = trim(mesh, sides.tree.query(mesh.vertices)[0], SHEET_CELLS * self.cell)
        return remove_small_components(mesh)

    def _closing(self, surface: Mesh, points: np.ndarray, seed: int) -> np.ndarray:
        if not len(surface.faces):
            return np.zeros((0, 3))
        tree = cKDTree(points)
        rows = numpy_generator(seed).integers(len(points), size=min(len(points), 2000))
        neighbours, _ = tree.query(points[rows], k=min(5, len(points)))
        spacing = float(np.median(neighbours[:, -1]))
        # No denser than the cloud: most of what F is fitted to shall be measured.
        apart = max(CLOSING_SPACING * self.cell, spacing)
        count = int(surface.area / apart**2)
        places, _ = sample_faces(surface, max(count, 1), numpy_generator(seed))
        hole = max(HOLE_CELLS * self.cell, HOLE_SPACINGS * spacing)
        distance, _ = tree.query(places, distance_upper_bound=hole)
        return np.asarray(places[np.isinf(distance)])

    def sure(self, places: np.ndarray) -> np.ndarray:
        """How sure the fit is of the sides of places (n, 3): from -0.5, inside, to 0.5, outside.

        Where scanners tell the sides, and may turn the fit's, it is not asked.
        """
        if isinstance(self.sides, TangentPlanes) or self.towards is not None:
            return np.zeros(len(places))
        at = torch.from_numpy(places).to(self.sides.points)
        return np.asarray((self.sides.middle - self.sides(at)).cpu().double().numpy())

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
        over = self.sides(places) - self.sides.middle
        sure = over.abs() > (0.0 if self.open else UNSURE)
        places, distance, inside = places[sure], distance[sure], over[sure] > 0
        if self.towards is not None:
            seen, apart = self._seen(cloud, self.towards, generator)
            if self.sides.inside(seen).float().mean() > 0.5:
                inside = ~inside  # seen from within, as a room: the scanner's side is outside
            places, distance = torch.cat([places, seen]), torch.cat([distance, apart])
            inside = torch.cat([inside, torch.zeros_like(seen[:, 0], dtype=torch.bool)])
        return SignedPoints(places, torch.where(inside, -distance, distance))

    def _seen(
        self, cloud: NearestPoints, towards: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Places between points and the scanner that saw them, and their distance to the cloud."""
        known = (towards != 0).any(1).nonzero().squeeze(1)
        rows = known[torch.randint(len(known), (SEEN,), generator=generator).to(known.device)]
        sigma = torch.tensor(SIGNED_SIGMAS)[torch.arange(SEEN) % len(SIGNED_SIGMAS)]
        steps = (sigma * torch.randn(SEEN, generator=generator).abs()).to(known.device)
        places = cloud.points[rows] + steps[:, None] * towards[rows]
        places = places[(places.abs() <= BOX).all(1)]
        distance = cloud.distance(places)
        clear = distance > TOO_NEAR * self.cell
        return places[clear], distance[clear]


class _Outside(nn.Module):
    """Positive outside, like the networks, and where their tensors live."""

    def __init__(self, sides: WindingNumber | TangentPlanes) -> None:
        super().__init__()
        self.sides = sides
        self.points = nn.Parameter(sides.points, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.sides.middle - self.sides(x)


#: Points drawn from the cloud, points that the winding number is fitted to, and nodes.
LOOK_DRAWN, LOOK_FITTED, LOOK_RESOLUTION = 20_000, 700, 40


def first_look(cloud: PointCloud, threads: int) -> Mesh:
    """The level set of a winding number fitted to a few points, in the cloud's units.

    Raises:
        LevelsetError: the points do not spread in three directions.
    """
    check_spread(cloud, "surface")
    normalization = Normalization.of(cloud.points)
    rows = numpy_generator(0).permutation(len(cloud))[:LOOK_DRAWN]
    part, cell = even_part(normalization.apply(cloud.points[rows]), LOOK_FITTED)
    winding = WindingNumber(torch.from_numpy(part.astype(np.float32)), cell, Workers(threads))
    bounds = np.stack([part.min(0) - MARGIN, part.max(0) + MARGIN])
    mesh = extract_mesh(lambda x: winding.middle - winding(x), bounds, LOOK_RESOLUTION, snap=False)
    return mesh.moved(normalization.scale, normalization.center)
