"""Marching cubes whose mesh is closed wherever the surface is.

Where F is (nearly) the level at a node, all vertices on the edges around that node come out at one
place: faces without area. To drop such faces leaves a crack, since the vertices that met there are
not the same. So no face is dropped; instead a value too near to the level, compared with the other
end of an edge that the surface crosses, is moved away from it, to the side where it is. Newton
steps take the vertices to the level set later, so that this moves nothing in the end.
"""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes

from levelset_core.geometry.grid import CORNERS, Band, Grid
from levelset_core.geometry.meshes import Mesh

#: A vertex keeps this share of an edge away from both ends, about.
LEAST_SHARE = 0.01
#: Values nearer to the level than this, in parts of a typical one, count as being that far.
LEAST_VALUE = 1e-5
#: How far the two copies of an edge that two necks share are apart, in parts of their faces.
INTO_CELL = 0.1
#: A value that is moved may be too far for its own neighbours: so many rounds settle that.
ROUNDS = 3

# The twelve edges of a cell, as pairs of its corners.
_EDGES = np.array([(a, b) for a in range(8) for b in range(8) if (a ^ b) in (1, 2, 4) and a < b])


def march(band: Band, grid: Grid, level: float = 0.0) -> Mesh:
    """Marching cubes (scikit-image's, Lewiner et al. 2003) over the cells of a band.

    Returns:
        The mesh without normals, its faces turned to the side F grows to. Each edge has two faces
        but where the surface leaves the band's cells; no face is without area.
    """
    volume = off_level(band, grid, level)
    if volume is None:
        return Mesh.empty()
    mask = np.zeros(grid.shape, dtype=bool)
    mask[tuple((band.cells + 1).T)] = True  # scikit-image reads a cell's mask at its upper corner
    vertices, faces, _, _ = marching_cubes(volume, 0.0, mask=mask)
    vertices, faces = split_shared_edges(vertices.astype(np.float64), faces.astype(np.int64))
    return Mesh(np.array(grid.lower) + grid.step * vertices, faces)


def off_level(band: Band, grid: Grid, level: float) -> np.ndarray | None:
    """F - level with no value too near to 0, in units of a typical one; None without a surface.

    The signs stay, and a value equal to the level counts as below. What does not belong to a
    crossed cell is 0.
    """
    nodes = np.ravel_multi_index(
        tuple(np.moveaxis(band.cells[:, None] + CORNERS, -1, 0)), grid.shape
    )  # (m, 8)
    volume = band.values.ravel() - np.float32(level)
    above = volume[nodes] > 0
    pairs = [nodes[above[:, a] != above[:, b]][:, [a, b]] for a, b in _EDGES]
    crossed = np.unique(np.concatenate(pairs), axis=0)  # (k, 2), edges that the surface crosses
    if not len(crossed):
        return None
    own, ends = np.unique(crossed, return_inverse=True)
    first, second = ends.reshape(-1, 2).T
    value = volume[own]
    size = np.abs(value)
    typical = float(np.median(size)) or 1.0
    size = np.maximum(size / typical, LEAST_VALUE)
    for _ in range(ROUNDS):
        least = np.zeros_like(size)
        np.maximum.at(least, first, size[second])
        np.maximum.at(least, second, size[first])
        np.maximum(size, LEAST_SHARE * least, out=size)
    volume /= typical
    volume[own] = np.where(value > 0, size, -size)
    volume[volume == 0] = -LEAST_VALUE
    # Unknown nodes belong to cells that are masked out; scikit-image only wants numbers there.
    return np.nan_to_num(volume, copy=False).reshape(grid.shape)


def split_shared_edges(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every edge with four faces as two edges with two, a little apart.

    Two necks that meet in the face between two cells have their edge there in common. The faces of
    a cell follow one another in scikit-image's order, which tells whose they are. Each pair gets a
    vertex of its own in the middle of the edge, moved into its cell.
    """
    first = np.roll(faces, -1, axis=1)  # edges (faces[:, k], first[:, k])
    keys = np.minimum(faces, first) * len(vertices) + np.maximum(faces, first)
    _, own, uses = np.unique(keys, return_inverse=True, return_counts=True)
    own = own.reshape(faces.shape)
    shared = np.flatnonzero(uses == 4)
    if not len(shared):
        return vertices, faces
    sides = np.flatnonzero(np.isin(own, shared))  # flat (face, k), in the order of faces
    fours = sides[np.argsort(own.ravel()[sides], kind="stable")].reshape(-1, 4)
    added: list[np.ndarray] = []
    pieces: dict[int, list[list[int]]] = {}
    for four in fours.tolist():
        for pair in _pairs(four, faces):
            a, b, c = (np.roll(faces[pair[0] // 3], -(pair[0] % 3))).tolist()
            d = int(faces[pair[1] // 3, pair[1] % 3 - 1])
            middle = 0.5 * (vertices[a] + vertices[b])
            apart = 0.5 * (vertices[c] + vertices[d]) - middle
            number = len(vertices) + len(added)
            added.append(middle + INTO_CELL * apart)
            for side in pair:
                face = side // 3
                pieces[face] = _halved(pieces.get(face, [faces[face].tolist()]), a, b, number)
    kept = np.delete(faces, list(pieces), axis=0)
    new = np.array([piece for parts in pieces.values() for piece in parts])
    return np.concatenate([vertices, added]), np.concatenate([kept, new])


def _pairs(four: list[int], faces: np.ndarray) -> list[tuple[int, int]]:
    """Sides of two faces that go along an edge in opposite directions, by cell."""
    starts = [int(faces[side // 3, side % 3]) for side in four]
    partner = next(k for k in (1, 2, 3) if starts[k] != starts[0])
    rest = [k for k in (1, 2, 3) if k != partner]
    return [(four[0], four[partner]), (four[rest[0]], four[rest[1]])]


def _halved(parts: list[list[int]], a: int, b: int, middle: int) -> list[list[int]]:
    """Triangles, the one with the edge between a and b halved at a new vertex."""
    found = []
    for part in parts:
        if a in part and b in part:
            found += [[middle if v == old else v for v in part] for old in (a, b)]
        else:
            found.append(part)
    return found
