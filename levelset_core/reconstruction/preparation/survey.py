"""What a cloud seems to be, before anything is trained: told in one sentence, with its evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from levelset_core.data import PointCloud
from levelset_core.geometry import components, extract_mesh, keep_components
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.clouds import noise_level
from levelset_core.geometry.frames import own_box
from levelset_core.geometry.orientation import plane_normals
from levelset_core.geometry.topology import boundary_lengths
from levelset_core.geometry.trimming import beyond_rims, spacings, spacings_at, trim
from levelset_core.geometry.winding import WindingNumber, even_part
from levelset_core.parallel import ALONE, Workers
from levelset_core.random import numpy_generator

#: Points looked at, neighbourhoods among them.
LOOKED_AT, NEIGHBOURHOODS = 20_000, 2000
#: Points that the winding number is fitted to: fewer, so that a cell holds several, where the noise
#: is more than this part of the spacing.
FITTED, FITTED_NOISY, NOISY = 2000, 600, 0.3
#: Sizes of neighbourhoods: noise makes small ones look like volumes.
SIZES = (24, 96)
#: A neighbourhood is a line if its second extent is below this part of the first, and a volume if
#: its third is above that part of the second: then so is the cloud, if most of its are.
LINE, VOLUME = 0.35, 0.65
#: Nodes of the closed surface, its margin, and places on it.
NODES, MARGIN, PLACES = 64, 0.15, 8000
#: Such a place has no data if it is further away than this many cells of the fit and spacings of
#: the points there; a surface is open if so large a part of the closed one has none.
CELLS, SPACINGS, OPEN = 0.75, 2.5, 0.15
#: It ends at rims where no data is so many cells and spacings away, and it goes on to be empty: up
#: to ``RISE`` times as far. Rims as long as those of caps that make up the part ``OPEN`` of a
#: sphere are an open surface's, however near its two sides are. They go around something narrow:
#: what is somewhere further from the points than ``WIDE`` of its size is a hole, and as large as it
#: is empty.
RIM_CELLS, RIM_SPACINGS, RISE, WIDE = 1.1, 1.7, 1.25, 0.15
#: Of several objects, or parts, one may have spacings so many times the usual.
UNEVEN = 10.0
#: Points closer than this many spacings are of one piece, and so many nearest ones within that many
#: of a point's own: an object may be sparser. A piece counts from this share of all points on.
JOINED, LINKS, SPARSE, PIECE = 4.0, 6, 2.0, 0.02

#: Neighbours among which the other side of a thin part is looked for, that lie within this slope of
#: the normal; nearer sides than so many spacings at most places hide whether they end.
ACROSS, STEEP, NEAR_SIDES = 120, 0.5, 2.8

#: Kind -> what it is called.
KINDS = {
    "closed": "a closed surface", "open": "an open surface", "curve": "a curve",
    "volume": "no surface: points that fill a volume",
}  # fmt: skip


@dataclass(frozen=True)
class Survey:
    """A first look at a cloud in space. Lengths are in the cloud's units.

    Attributes:
        kind: one of ``KINDS``.
        pieces: parts of the cloud that are far from one another.
        empty: share of the closed surface around the points that has no point near, 0 to 1.
        rim: length of the loops at which the data ends on it.
        ends: sum of their squared lengths over 4 pi times the area within, of those around
            something narrow, such as from one side of a sheet to the other: 1 of a disc.
        spacing: median distance between neighbours on the surface.
        noise: standard deviation around the surface.
        linear, bulky: how much neighbourhoods are lines, or volumes, 0 to 1.
        apart: of a closed surface how far its two sides are from each other, in spacings, where
            that is so little at most places that two sheets would look the same; else None.
    """

    kind: str
    pieces: int
    empty: float
    rim: float
    ends: float
    spacing: float
    noise: float
    linear: float
    bulky: float
    apart: float | None = None

    @property
    def told(self) -> str:
        """One sentence."""
        why = {
            "closed": f"they cover {1 - self.empty:.0%} of the surface that closes around them",
            "open": f"a closed one would have no point near over {self.empty:.0%} of it; the rims "
            f"of what they cover are {self.rim:.3g} long",
            "curve": f"{self.linear:.0%} of the neighbourhoods are lines",
            "volume": f"neighbourhoods are {self.bulky:.0%} as thick as they are wide",
        }[self.kind]
        count = f" in {self.pieces} pieces" if self.pieces > 1 else ""
        doubt = ""
        if self.apart is not None:
            doubt = (
                f" Its two sides are only {self.apart:.1f} spacings apart: two sheets would look "
                "the same. If they are, choose open, or bring more points."
            )
        return (
            f"The points seem to be {KINDS[self.kind]}{count} ({why}); spacing {self.spacing:.3g}, "
            f"noise {self.noise:.2g}.{doubt}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"told": self.told}


def survey(cloud: PointCloud, workers: Workers = ALONE) -> Survey:
    """Look at a cloud in space, without outliers: dimensions of neighbourhoods, pieces, gaps."""
    normalization, points = own_box(cloud.points)
    rows = numpy_generator(0).permutation(len(cloud))[:LOOKED_AT]
    linear, bulky = _dimensions(points)
    own = spacings(points[rows])
    spacing = float(np.median(own) * np.sqrt(len(rows) / len(points)))
    noise = noise_level(points)
    fitted = FITTED if noise < NOISY * spacing else FITTED_NOISY
    part, cell = even_part(points[rows], fitted)
    empty, rim, ends = _where_empty(points, part, cell, spacing, noise, workers)
    if linear > 0.5:
        kind = "curve"
    elif bulky > VOLUME:
        kind = "volume"
    else:
        kind = "open" if max(empty, ends) > OPEN else "closed"
    scale = normalization.scale
    pieces = 1 if kind == "volume" else _pieces(points[rows], own)
    apart = _sides_apart(points, max(spacing, 3 * noise)) if kind == "closed" else None
    return Survey(
        kind, pieces, empty, scale * rim, ends, scale * spacing, scale * noise, linear, bulky,
        apart and apart / spacing,
    )  # fmt: skip


def _dimensions(points: np.ndarray) -> tuple[float, float]:
    """Share of neighbourhoods that are lines; their typical third extent over the second."""
    rows = numpy_generator(1).permutation(len(points))[:NEIGHBOURHOODS]
    tree = cKDTree(points)
    linear, bulky = [], []
    for size in SIZES:
        _, near = tree.query(points[rows], k=min(size, len(points)))
        offset = points[near] - points[near].mean(1, keepdims=True)
        squares = np.linalg.eigvalsh(np.einsum("mki,mkj->mij", offset, offset))[:, ::-1]
        first, second, third = np.sqrt(np.maximum(squares, 1e-30)).T
        linear.append(float((second < LINE * first).mean()))
        bulky.append(float(np.median(third / second)))
    return max(linear), min(bulky)


def _sides_apart(points: np.ndarray, least: float) -> float | None:
    """Median distance to the other side of a thin part; None where most places have none near.

    Args:
        points: (n, 3).
        least: what is nearer than this is chance.
    """
    rows = numpy_generator(1).permutation(len(points))[:NEIGHBOURHOODS]
    normals, _ = plane_normals(points, points[rows])
    _, near = cKDTree(points).query(points[rows], k=min(ACROSS, len(points)))
    offset = points[near] - points[rows, None]
    along = np.einsum("mki,mi->mk", offset, normals)
    aside = np.linalg.norm(offset - along[..., None] * normals[:, None], axis=2)
    height = np.abs(along)
    there = (height > least) & (height < NEAR_SIDES * least) & (aside < STEEP * height)
    if there.any(1).mean() < 0.5:
        return None
    return float(np.median(np.where(there, height, np.inf).min(1)))


def _pieces(points: np.ndarray, own: np.ndarray) -> int:
    tree = cKDTree(points)
    near = tree.query_pairs(JOINED * float(np.median(own)), output_type="ndarray")
    distance, others = tree.query(points, k=min(LINKS + 1, len(points)))
    rows, k = np.nonzero(distance < SPARSE * own[:, None])
    near = np.concatenate([near, np.stack([rows, others[rows, k]], axis=1)])
    graph = coo_matrix((np.ones(len(near), dtype=bool), near.T), shape=(len(points),) * 2)
    counts = np.bincount(connected_components(graph, directed=False)[1])
    return max(int((counts >= PIECE * len(points)).sum()), 1)


def _where_empty(
    points: np.ndarray,
    part: np.ndarray,
    cell: float,
    spacing: float,
    noise: float,
    workers: Workers,
) -> tuple[float, float, float]:
    """``empty``, ``rim`` and ``ends`` of a :class:`Survey`; the fit is to a part of the points."""
    winding = WindingNumber(torch.from_numpy(part.astype(np.float32)), cell, workers)
    box = np.stack([part.min(0) - MARGIN, part.max(0) + MARGIN])
    mesh = extract_mesh(lambda x: winding.middle - winding(x), box, NODES, snap=False, closed=True)
    if not mesh.area > 0:
        return 0.0, 0.0, 0.0
    tree = cKDTree(points)

    def near(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance to the points, and their spacing there: no less than usual."""
        distance, around = spacings_at(places, points, tree)
        return distance, np.clip(around, spacing, UNEVEN * max(spacing, cell))

    places = sample_faces(mesh, PLACES, numpy_generator(2))[0]
    distance, around = near(np.concatenate([places, mesh.vertices]))
    far = (distance > np.maximum(CELLS * cell, SPACINGS * around))[: len(places)]
    most = np.maximum(RIM_CELLS * cell, RIM_SPACINGS * around[len(places) :])
    away = beyond_rims(mesh, points, noise) / most
    covered = max(trim(mesh, away, 1.0).area, 1e-12)
    empty = trim(replace(mesh, values=away), -away, -1.0)
    rim = ends = 0.0
    for piece in components(empty):
        region = keep_components(empty, [piece])
        if region.values is None or region.values.max() < RISE:
            continue
        length = float(boundary_lengths(region).sum())
        reach = tree.query(region.vertices)[0].max()
        rim += length
        if reach < WIDE * np.linalg.norm(np.ptp(piece.bounds, axis=0)):
            ends += length**2 / (4 * np.pi * covered)
    return float(far.mean()), rim, ends
