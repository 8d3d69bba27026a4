"""From the level set as it is to the solid that the points tell of: noise of its topology removed.

A network fits points only up to their noise, so its level set has handles, tunnels, bubbles and
specks that say nothing: a little higher or lower F has none. A loop around a handle or a tunnel
bounds a disc; |F| on that disc is at most the depth at which the next critical value of F closes
it. Where that is below the noise, the handle is cut or the tunnel filled, unless a prior is sure of
the side in its middle: a rod may be as thin as that. In the same way a thin part that broke off is
joined again, where a prior tells of fewer pieces. Every change is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial import cKDTree

from levelset_core.geometry import Mesh, components, keep_components, soundness
from levelset_core.geometry.clouds import noise_level
from levelset_core.geometry.grid import Function
from levelset_core.geometry.handles import (
    Edges,
    joined_by_tube,
    loop_length,
    loops_through,
    part_around,
    short_loops,
)
from levelset_core.levelsets import home_of
from levelset_core.reconstruction.solid import Place, Solid

#: How sure a prior is of the sides of places (n, 3): (n,) between -0.5, inside, and 0.5, outside.
Sides = Callable[[np.ndarray], np.ndarray]

#: What is shallower than this many times the noise, or the misfit of F at the points, is noise.
DEPTHS = 3.0
#: So is what is shallower than this part of a cell of the grid.
CELLS = 0.2
#: And what so few cells go around: no more than an accident of the grid.
SHORTEST = 3.0
#: Loops longer than this (the cloud is 1.8 long) are the shape's own.
LONGEST = 0.3
#: A piece of fewer points than this is dropped, and one that so few cells hold.
FEWEST, SMALLEST = 10, 3.0
#: A piece of more than this share of the points is no noise, however thin it is.
LARGE = 0.02
#: Searches for loops over the whole of a piece, each from another vertex.
ROUNDS = 4
#: A prior is sure of a side where its winding number is so far from that on the surface: of 0.5.
SURE = 0.1
#: Shares of the way from the middle of a loop to itself at which F is looked at.
_FAN = np.linspace(0.0, 0.8, 5)
#: Points at which the misfit of F is measured.
_MISFIT_POINTS = 20_000


def noise_of(f: Function, points: np.ndarray, cell: float) -> float:
    """|F| that says nothing: ``DEPTHS`` times the noise of points (n, d) or F's misfit there.

    Args:
        f: F.
        points: the cloud in the box.
        cell: of the grid that the level set is found on.
    """
    misfit = float(np.median(np.abs(_values(f, points[:: 1 + len(points) // _MISFIT_POINTS]))))
    return max(DEPTHS * noise_level(points), DEPTHS * misfit, CELLS * cell)


def solid_of(
    f: Function,
    mesh: Mesh,
    points: np.ndarray,
    cell: float,
    level: float = 0.0,
    *,
    keep_all: bool = False,
    sides: Sides | None = None,
    expected: int = 0,
) -> Solid:
    """{F = level} without noise of its topology.

    Args:
        f: F.
        mesh: the level set, in the box; only closed pieces are cut and filled.
        points: the cloud that tells which pieces there are, (n, 3) in the box.
        cell: of the grid that it was found on.
        level: of the set.
        keep_all: drop no piece.
        sides: of a prior, where there is one.
        expected: pieces that it has; 0 if it does not tell.
    """
    noise = noise_of(f, points, cell)
    judge = _Judge(f, noise, level, SHORTEST * cell, sides)
    found = components(mesh)
    nearest = None
    if len(found) > 1 and not keep_all:
        nearest = cKDTree(mesh.vertices).query(points)[1]
    removed: list[Place] = []
    left: list[Place] = []
    parts: list[Mesh] = []
    genus = 0
    for piece in found:
        own = keep_components(mesh, [piece])
        numbers = np.unique(mesh.faces[piece.faces])
        if nearest is not None:
            depth = _depth(f, own.vertices, level)
            noisy = abs(depth) < noise
            if parts and noise <= abs(depth) < 2 * noise:  # nearly one with the largest piece
                noisy = _bridge(f, own.vertices, parts[0].vertices, level) < noise
            count = int(np.isin(nearest, numbers).sum())
            size = float(np.linalg.norm(piece.bounds[1] - piece.bounds[0]))
            few = count < FEWEST or size < SMALLEST * cell
            if depth < -noise and not few and len(parts) >= expected > 0:
                whole, gap = _bridged(judge, parts[0], own)
                if gap is not None:
                    parts[0] = whole
                    removed.append(gap)
                    continue
            noisy &= count < LARGE * len(points)
            if few or noisy:
                kind = "piece" if depth < 0 else "void"
                center = tuple(piece.bounds.mean(0).tolist())
                removed.append(Place(kind, center, size, abs(depth)))
                continue
        own, cut, kept = _without_noise(judge, own)
        parts.append(own)
        if (sound := soundness(own)).watertight:
            genus += (2 - sound.euler) // 2
        removed += cut
        left += kept
    return Solid(
        _joined(parts), tuple(removed), tuple(left), genus, len(found), noise,
        expected=0 if keep_all else expected,
    )  # fmt: skip


@dataclass(frozen=True)
class _Judge:
    """Tells which handles and tunnels are noise."""

    f: Function
    noise: float
    level: float
    shortest: float
    sides: Sides | None

    def place(self, mesh: Mesh, loop: np.ndarray) -> Place:
        depth = _depth(self.f, mesh.vertices[loop], self.level)
        center = tuple(mesh.vertices[loop].mean(0).tolist())
        size = loop_length(mesh.vertices, loop)
        return Place("handle" if depth < 0 else "tunnel", center, size, abs(depth))

    def noisy(self, place: Place) -> bool:
        """Whether it is shallow or too small, and no prior is sure that it belongs there."""
        noisy = place.depth < self.noise or place.size < self.shortest
        if self.sides is None or not noisy:
            return noisy
        side = float(self.sides(np.array([place.center]))[0])
        return (side if place.kind == "tunnel" else -side) < SURE


def _without_noise(judge: _Judge, mesh: Mesh) -> tuple[Mesh, list[Place], list[Place]]:
    """A piece, what was cut of it, and what handles it keeps."""
    removed: list[Place] = []
    kept: list[Place] = []
    if not soundness(mesh).watertight:
        return mesh, removed, kept
    normals = mesh.vertex_normals
    for turn in range(ROUNDS):
        before, kept, seen = len(removed), [], np.zeros((0, 3))
        edges = Edges.of(mesh)
        loops = loops_through(edges, turn * len(mesh.vertices) // ROUNDS)
        # Where two ways from the root meet, and where they parted.
        bases = np.array([loop[[0, len(loop) // 2]] for loop in loops], dtype=int).ravel()
        for base, place in zip(bases.tolist(), mesh.vertices[bases], strict=True):
            if (np.linalg.norm(seen - place, axis=1) < 0.2 * LONGEST).any():
                continue
            seen = np.concatenate([seen, place[None]])
            mesh, edges, cut, left = _cut_noise_near(judge, mesh, edges, base)
            removed += cut
            kept += left
        if len(removed) == before or soundness(mesh).euler == 2:
            break
    kept = [place for k, place in enumerate(kept) if place not in kept[:k]]
    if removed:
        own = mesh.vertex_normals.copy()
        own[: len(normals)] = normals
        mesh = replace(mesh, normals=own)
    return mesh, removed, kept


def _cut_noise_near(
    judge: _Judge, mesh: Mesh, edges: Edges, base: int
) -> tuple[Mesh, Edges, list[Place], list[Place]]:
    """Cut along loops near a vertex until none is noise: also what was cut, and the loop left."""
    removed: list[Place] = []
    part = part_around(mesh, edges, base, LONGEST)
    while True:
        loops = short_loops(part, base, LONGEST)
        judged = [judge.place(part.mesh, loop) for loop in loops]
        for loop, place in zip(loops, judged, strict=True):
            after = part.cut(loop) if judge.noisy(place) else None
            if after is not None:
                part = after
                removed.append(place)
                break
        else:
            return part.mesh, Edges.of(part.mesh) if removed else edges, removed, judged[:1]


def _depth(f: Function, places: np.ndarray, level: float) -> float:
    """The F - level of largest size between places (n, 3) on the level set and their middle."""
    middle = places.mean(0)
    values = _values(f, np.concatenate([middle + share * (places - middle) for share in _FAN]))
    return float(values[np.abs(values - level).argmax()]) - level


def _bridge(f: Function, places: np.ndarray, others: np.ndarray, level: float) -> float:
    """The largest |F - level| on the shortest way between two pieces' vertices."""
    distance, row = cKDTree(others).query(places)
    start, end = places[distance.argmin()], others[row[distance.argmin()]]
    way = start + np.linspace(0, 1, 17)[:, None] * (end - start)
    return float(np.abs(_values(f, way) - level).max())


@torch.no_grad()
def _values(f: Function, points: np.ndarray) -> np.ndarray:
    dtype, device = home_of(f)
    found: np.ndarray = f(torch.from_numpy(points).to(dtype).to(device)).double().cpu().numpy()
    return found


def _bridged(judge: _Judge, whole: Mesh, piece: Mesh) -> tuple[Mesh, Place | None]:
    """The largest piece with one more, if |F| between them is noise: a thin part that broke off."""
    depth = _bridge(judge.f, piece.vertices, whole.vertices, judge.level)
    if depth >= judge.noise:
        return whole, None
    distance, row = cKDTree(whole.vertices).query(piece.vertices)
    near = int(distance.argmin())
    middle = 0.5 * (whole.vertices[row[near]] + piece.vertices[near])
    gap = Place("gap", tuple(middle.tolist()), float(distance[near]), depth)
    return joined_by_tube(whole, piece), gap


def _joined(parts: list[Mesh]) -> Mesh:
    if not parts:
        return Mesh.empty()
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]),
        np.concatenate([part.vertex_normals for part in parts]),
    )
