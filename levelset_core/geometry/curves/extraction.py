"""Level sets of codimension d - 1 as ordered polylines: in the plane, and in space with l = 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from skimage.measure import find_contours
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.geometry.grid import Box, Function, Grid, evaluate_nodes, narrow_band
from levelset_core.geometry.marching import march
from levelset_core.geometry.meshes import Mesh, Polyline
from levelset_core.geometry.surface import project_near, snap_mesh
from levelset_core.levelsets import home_of

#: Points nearer than this part of a cell to the one before are dropped.
SPACING = 0.25


@dataclass(frozen=True, eq=False)
class Curve:
    """What :func:`extract_curve` finds.

    Attributes:
        polylines: the pieces of the curve, the longest first.
        surfaces: in space the two surfaces {F_1 = 0} and {F_2 = 0} that meet in it; none in
            the plane.
    """

    polylines: tuple[Polyline, ...]
    surfaces: tuple[Mesh, ...] = ()


def extract_curve(f: Function, bounds: Box, resolution: int = 96, *, snap: bool = True) -> Curve:
    """{F = 0} as ordered polylines, for F: R^2 -> R and for F: R^3 -> R^2.

    In the plane: marching squares (scikit-image). In space: {F_1 = 0} is marched, the zero
    crossing of F_2 is found on its triangles and its segments are joined end to end. Each point
    then takes generalized Newton steps (Eq. 4), after which it lies on both level sets.

    Args:
        f: F, (n, 2) -> (n,) or (n, 3) -> (n, 2), in evaluation mode.
        bounds: lower and upper corner, each (2,) or (3,): they say which of the two is meant.
        resolution: nodes along the longest side of the box, 4 to 1024.
        snap: take the Newton steps.

    Raises:
        LevelsetError: bounds or resolution are impossible, or F's outputs do not fit.
    """
    dimension = int(np.size(bounds[0]))
    if dimension not in (2, 3):
        raise LevelsetError(
            f"bounds are (lower, upper), each (2,) or (3,), got {bounds!r}: a curve needs to know "
            "whether it is in the plane or in space."
        )
    grid = Grid.over(bounds, resolution, dimension)
    outputs = evaluate_nodes(f, grid, np.arange(1)).shape[1:]
    if outputs != ((), (2,))[dimension - 2]:
        raise LevelsetError(
            "extract_curve needs F: (n, 2) -> (n,) or (n, 3) -> (n, 2); this F maps "
            f"(n, {dimension}) to (n, {', '.join(map(str, outputs))})."
        )
    if dimension == 2:
        field = evaluate_nodes(f, grid, np.arange(grid.size)).reshape(grid.shape)
        found: list[tuple[np.ndarray, bool]] = []
        surfaces: tuple[Mesh, ...] = ()
        for line in find_contours(field, 0.0):
            # scikit-image repeats the first point of a closed contour.
            closed = len(line) > 2 and np.array_equal(line[0], line[-1])
            ring = line[:-1] if closed else line
            found.append((np.array(grid.lower) + grid.step * ring, closed))
    else:
        surfaces = tuple(_surface(f, grid, output, snap) for output in (0, 1))
        found = _zero_lines(surfaces[0], _on_vertices(f, surfaces[0], 1))
    polylines = []
    for points, closed in found:
        if snap:
            s, good = project_near(f, points, 0.0, grid.step)
            points = np.where(good[:, None], s.points.double().cpu().numpy(), points)
        line = _thin(points, SPACING * grid.step, closed)
        if len(line) >= (3 if closed else 2):
            polylines.append(Polyline(line, closed))
    return Curve(tuple(sorted(polylines, key=lambda line: -line.length)), surfaces)


class _Output(torch.nn.Module):
    """One output of F, with F's own parameters."""

    def __init__(self, f: Function, output: int) -> None:
        super().__init__()
        self.f, self.output = f, output

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x)[:, self.output]


def _surface(f: Function, grid: Grid, output: int, snap: bool) -> Mesh:
    own = _Output(f, output)
    mesh = march(narrow_band(own, grid), grid)
    return snap_mesh(own, mesh, 0.0, reach=grid.step) if snap else mesh


@torch.no_grad()
def _on_vertices(f: Function, mesh: Mesh, output: int) -> np.ndarray:
    dtype, device = home_of(f)
    x = torch.from_numpy(mesh.vertices).to(dtype).to(device)
    parts = [f(part)[:, output].double().cpu() for part in x.split(2048)]
    return torch.cat(parts).numpy() if parts else np.zeros(0)


def _zero_lines(mesh: Mesh, values: np.ndarray) -> list[tuple[np.ndarray, bool]]:
    """The zero crossing of a function that is linear on every triangle, as ordered points.

    A triangle whose corners differ in sign is crossed through two of its edges. A crossed edge
    is a point; a triangle joins two of them. Edges of a surface lie in at most two triangles,
    so the chains are paths and rings.

    Returns:
        Points, (k, 3), and whether they form a ring, of every chain.
    """
    above = values > 0
    corners = above[mesh.faces]
    faces = mesh.faces[corners.any(1) & ~corners.all(1)]
    edges = np.stack([faces, np.roll(faces, -1, axis=1)], axis=2)  # (m, 3, 2)
    crossed = above[edges[..., 0]] != above[edges[..., 1]]  # two a row
    ends = np.sort(edges[crossed], axis=1)  # (2 m, 2)
    ends, numbers = np.unique(ends, axis=0, return_inverse=True)
    a, b = values[ends[:, 0], None], values[ends[:, 1], None]
    points = mesh.vertices[ends[:, 0]] * (b / (b - a)) - mesh.vertices[ends[:, 1]] * (a / (b - a))
    return [(points[chain], closed) for chain, closed in _chains(numbers.reshape(-1, 2))]


def _chains(pairs: np.ndarray) -> list[tuple[list[int], bool]]:
    """Pairs of neighbours, (m, 2), joined into paths and rings of numbers."""
    neighbours: dict[int, list[int]] = {}
    for a, b in pairs.tolist():
        if a != b:
            neighbours.setdefault(a, []).append(b)
            neighbours.setdefault(b, []).append(a)
    chains = []
    # Ends of paths first; what then is left are rings.
    for first in sorted(neighbours, key=lambda number: len(neighbours[number]) != 1):
        if not neighbours[first]:
            continue
        chain, here = [first], first
        while neighbours[here]:
            ahead = neighbours[here].pop()
            neighbours[ahead].remove(here)
            chain.append(ahead)
            here = ahead
        closed = len(chain) > 3 and chain[-1] == first
        chains.append((chain[:-1] if closed else chain, closed))
    return chains


def _thin(points: np.ndarray, spacing: float, closed: bool) -> np.ndarray:
    """Without points that lie within ``spacing`` of the last one kept; an end stays."""
    kept = [0]
    for k in range(1, len(points)):
        if np.linalg.norm(points[k] - points[kept[-1]]) >= spacing:
            kept.append(k)
    last = len(points) - 1
    if closed:
        while len(kept) > 3 and np.linalg.norm(points[kept[-1]] - points[0]) < spacing:
            kept.pop()
    elif kept[-1] != last:
        kept = [*kept[:-1], last] if len(kept) > 1 else [0, last]
    return points[kept]
