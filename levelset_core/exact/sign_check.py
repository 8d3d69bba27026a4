"""Counts wrong signs: random points, the network's sign against the shape's own inside.

What is inside is found without the network and its formula: by Shapely in the plane, by the
winding number in space.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
import shapely
import torch
import trimesh
from shapely.geometry import Polygon
from shapely.ops import split
from torch import Tensor, nn

from levelset_core.exact.polygon import read_shape
from levelset_core.exact.rings import Chain
from levelset_core.exact.solid import Triangles, read_solid, unit_normals, winding_number

#: Points closer to the boundary than this, relative to its size, have no sign to be wrong.
ON = 1e-9
#: Wrong points that are kept to be shown.
_SHOWN = 400
#: How far beyond the shape points are drawn, relative to its size.
_MARGIN = 0.25

#: From so many weights on, of which at most this share is not 0, zeros are left out.
_MANY, _SHARE = 50_000, 0.1
#: Points at once: the values of all units at them stay in the processor's cache.
_POINTS = 128


@dataclass(frozen=True)
class Tally:
    """What a check has found so far.

    Attributes:
        points: random points looked at.
        wrong: those where F has the wrong sign.
        places: some of the wrong ones, (k, d).
        on_boundary: the largest |F| at random points of the boundary.
    """

    points: int
    wrong: int
    places: np.ndarray
    on_boundary: float


@dataclass(frozen=True)
class Reference:
    """The shape itself: what is inside, how far the boundary is, and points on it.

    Attributes:
        inside: (n, d) -> (n,) bool.
        distance: (n, d) -> (n,), to the boundary.
        boundary: how many points, generator -> (n, d).
        low, high: corners of the box that random points come from, each (d,).
        tolerance: how far the boundary may lie from the given one, where vertices were merged.
    """

    inside: Callable[[np.ndarray], np.ndarray]
    distance: Callable[[np.ndarray], np.ndarray]
    boundary: Callable[[int, np.random.Generator], np.ndarray]
    low: np.ndarray
    high: np.ndarray
    tolerance: float = 0.0


def plane_reference(
    rings: Sequence[np.ndarray],
    chains: Sequence[np.ndarray] = (),
    box: tuple[float, float, float, float] | None = None,
    tolerance: float | None = None,
) -> Reference:
    """The region of :func:`exact_polygon`; chains are cut off at the box (xmin, xmax, ymin, ymax).

    Raises:
        LevelsetError: as :func:`exact_polygon`.
    """
    shape = read_shape([*rings, *(Chain(chain) for chain in chains)], tolerance)
    bounded, read = shape.region, shape.chains
    corners = np.concatenate([*rings, *chains])
    low, high = _around(corners.min(0), corners.max(0))
    if box is not None:
        low, high = np.array(box[::2]), np.array(box[1::2])
    region: shapely.Geometry = bounded
    around = shapely.box(*low, *high)
    reach = 4 * float((high - low).max() + (corners.max(0) - corners.min(0)).max())
    for chain in read:
        region = region.symmetric_difference(_left_of(chain, around, reach))
    lines = shapely.union_all([bounded.boundary, *(c.line(reach) for c in read)])
    lines = lines.intersection(around) if read else lines
    shapely.prepare(region)

    def boundary(count: int, rng: np.random.Generator) -> np.ndarray:
        corners = [shapely.get_coordinates(part) for part in shapely.get_parts(lines)]
        ends = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in corners])
        length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
        which = rng.choice(len(ends), count, p=length / length.sum())
        t = rng.random((count, 1))
        points: np.ndarray = ends[which, 0] + t * (ends[which, 1] - ends[which, 0])
        return points

    return Reference(
        lambda x: shapely.contains_xy(region, x[:, 0], x[:, 1]),
        lambda x: shapely.distance(lines, shapely.points(x)),
        boundary, low, high, shape.tolerance if shape.merged else 0.0,
    )  # fmt: skip


def _left_of(chain: Chain, box: Polygon, reach: float) -> shapely.Geometry:
    parts = split(box, chain.line(reach)).geoms
    p, q = chain.points[1:3] if len(chain.points) > 3 else chain.points[:2]
    along = q - p
    beside = (p + q) / 2 + 1e-7 * np.array([-along[1], along[0]])
    return max(parts, key=lambda part: float(-part.distance(shapely.Point(beside))))


def solid_reference(mesh: Triangles, tolerance: float = 0.0) -> Reference:
    """The solid of :func:`exact_polyhedron`; ``tolerance`` is what its result says if it merged.

    Raises:
        LevelsetError: as :func:`exact_polyhedron`.
    """
    read = read_solid(mesh)
    solid, unit = read.mesh, read.unit
    triangles = solid.triangles
    beside = ON * float(np.ptp(solid.vertices, axis=0).max()) + 10 * tolerance / unit

    def distance(x: np.ndarray) -> np.ndarray:
        best = np.full(len(x), np.inf)
        for triangle in triangles:
            pairs = np.broadcast_to(triangle, (len(x), 3, 3))
            nearest = trimesh.triangles.closest_point(pairs, x / unit)
            best = np.minimum(best, np.linalg.norm(nearest - x / unit, axis=1))
        return unit * best

    def boundary(count: int, rng: np.random.Generator) -> np.ndarray:
        area = solid.area_faces
        which = rng.choice(len(triangles), count, p=area / area.sum())
        weight = rng.dirichlet(np.ones(3), count)
        points: np.ndarray = np.einsum("nk,nkd->nd", weight, triangles[which])
        # Where two parts touch, both sides are inside.
        away = beside * unit_normals(triangles[which])
        inside = (winding_number(triangles, points + side * away) > 0.5 for side in (1.0, -1.0))
        return unit * points[np.logical_xor(*inside)]

    low, high = _around(*(unit * solid.bounds))
    return Reference(
        lambda x: winding_number(triangles, x / unit) > 0.5, distance, boundary, low, high,
        tolerance,
    )  # fmt: skip


def _around(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A box with a margin."""
    margin = _MARGIN * float((high - low).max())
    return low - margin, high + margin


def quick(network: nn.Sequential) -> Callable[[Tensor], Tensor]:
    """The same function, (n, d) -> (n, 1), without gradients; sums are taken in another order.

    Args:
        network: Linear and ReLU layers in float64.
    """
    layers = [module for module in network if isinstance(module, nn.Linear)]
    total = sum(layer.weight.numel() for layer in layers)
    used = sum(int(layer.weight.count_nonzero()) for layer in layers)
    if total < _MANY or used > _SHARE * total:
        return network
    sparse = [
        (scipy.sparse.csr_array(layer.weight.detach().numpy()), layer.bias.detach().numpy())
        for layer in layers
    ]

    def values(x: Tensor) -> Tensor:
        parts = []
        for part in x.split(_POINTS):
            v = part.numpy().T
            for k, (weight, bias) in enumerate(sparse):
                v = weight @ v + bias[:, None]
                if k < len(sparse) - 1:
                    np.maximum(v, 0.0, out=v)
            parts.append(torch.from_numpy(np.ascontiguousarray(v.T)))
        return torch.cat(parts)

    return values


def check_signs(
    f: Callable[[Tensor], Tensor],
    reference: Reference,
    *,
    points: int = 1_000_000,
    batch: int = 50_000,
    seed: int = 0,
) -> Iterator[Tally]:
    """Look at random points, batch by batch; the last tally is over all of them.

    Args:
        f: the network, (n, d) float64 -> (n, 1).
        reference: what is right.
        points: how many.
        batch: between two tallies; as many points a hundred times fewer are on the boundary.
        seed: of the points.
    """
    f = quick(f) if isinstance(f, nn.Sequential) else f
    rng = np.random.default_rng(seed)
    size = float((reference.high - reference.low).max())
    seen = wrong = 0
    worst = 0.0
    places = np.zeros((0, len(reference.low)))
    while seen < points:
        x = rng.uniform(reference.low, reference.high, (min(batch, points - seen), len(places.T)))
        value = _values(f, x)
        doubtful = x[np.where(reference.inside(x), value >= 0, value <= 0)]
        if len(doubtful):
            near = max(ON * size, 2 * reference.tolerance)
            doubtful = doubtful[reference.distance(doubtful) > near]
        seen, wrong = seen + len(x), wrong + len(doubtful)
        places = np.concatenate([places, doubtful])[:_SHOWN]
        on = reference.boundary(max(batch // 100, 100), rng)
        worst = max(worst, float(np.abs(_values(f, on)).max()))
        yield Tally(seen, wrong, places, worst)


@torch.no_grad()
def single_error(network: nn.Sequential, reference: Reference, seed: int = 0) -> float:
    """The largest |F in float32 - F| at 20,000 random points around and on the shape.

    Where |F| is larger than that, its sign in float32 is right.
    """
    rng = np.random.default_rng(seed)
    around = rng.uniform(reference.low, reference.high, (10_000, len(reference.low)))
    x = torch.from_numpy(np.concatenate([around, reference.boundary(10_000, rng)]).astype("f4"))
    single = copy.deepcopy(network).float()
    worst = [(single(part).double() - network(part.double())).abs().max() for part in x.split(4096)]
    return float(torch.stack(worst).max())


@torch.no_grad()
def _values(f: Callable[[Tensor], Tensor], x: np.ndarray) -> np.ndarray:
    parts = [f(part)[:, 0] for part in torch.from_numpy(x).split(4096)]
    values: np.ndarray = torch.cat(parts).numpy()
    return values
