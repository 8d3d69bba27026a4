"""How far each place of a surface is from its data, and the surface cut off where there is none."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from levelset_core.geometry.meshes import Mesh, unit
from levelset_core.geometry.orientation import plane_normals

#: Neighbours that tell the spacing of the points around one.
NEIGHBOURS = 8
#: A place further from its nearest point than that one's spacing may lie between dense points and
#: sparse ones: then the largest spacing counts of so many points around it, one of each cell of so
#: many times its distance, over what is the largest by chance.
AROUND, COARSE, CHANCE = 8, 0.7, 1.5
#: No cell is smaller than this part of the cloud.
FINEST = 1e-5
#: Rounds in which each vertex takes the mean of its neighbours' distances: a smooth boundary.
SMOOTH = 6
#: A place without data that is no wider than this many spacings is chance, not a hole.
NARROW = 3.0
#: A surface whose normal and the points' have a cosine below this goes athwart; at 0 its distance
#: counts so many times, where it is more than chance (0.75 to 1.25 spacings) and noise less than
#: this part of a spacing.
ALONG, ATHWART, HIDDEN = 0.7, 3.0, 0.3
#: A new vertex on an edge stays away from its ends by this share of it: no face gets too thin.
LEAST_SHARE = 0.05


def spacings(
    points: np.ndarray, rows: np.ndarray | slice = slice(None), tree: cKDTree | None = None
) -> np.ndarray:
    """The side of the square that each of some points (n, 3) of a surface has to itself, (k,).

    Args:
        points: all of them.
        rows: those asked for.
        tree: of all, if there is one.
    """
    k = min(NEIGHBOURS, len(points) - 1)
    distance, _ = (tree or cKDTree(points)).query(points[rows], k=k + 1)
    return np.asarray(distance[:, -1] * np.sqrt(np.pi / k))


def spacings_at(
    places: np.ndarray, points: np.ndarray, tree: cKDTree | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """How far places (m, 3) are from the points (n, 3), and the spacing of these there, (m,) each.

    It is local: the nearest point's, or, where dense points border on sparse ones, that of the
    sparse ones. A place between these is then no hole, although the dense ones are far.
    """
    tree = tree or cKDTree(points)
    distance, near = tree.query(places)
    rows, own = np.unique(near, return_inverse=True)
    spacing = spacings(points, rows, tree)[own]
    doubtful = np.flatnonzero((distance > spacing) & (spacing > 0))
    low, size = points.min(0), max(float(np.ptp(points, axis=0).max()), 1e-300)
    cell = np.maximum(COARSE * distance[doubtful], FINEST * size)
    level = np.floor(np.log2(cell))
    for k in np.unique(level):
        cells = np.floor((points - low) / 2.0**k).astype(np.int64)
        numbers = np.ravel_multi_index(tuple(cells.T), cells.max(0) + 1)
        one = np.unique(numbers, return_index=True)[1]
        at = doubtful[level == k]
        _, others = cKDTree(points[one]).query(places[at], k=min(AROUND, len(one)))
        asked, back = np.unique(others, return_inverse=True)
        largest = spacings(points, one[asked], tree)[back.reshape(len(at), -1)].max(1)
        spacing[at] = np.maximum(spacing[at], largest / CHANCE)
    return np.asarray(distance), np.asarray(spacing)


def beyond_rims(mesh: Mesh, points: np.ndarray, noise: float) -> np.ndarray:
    """How far each vertex is from the points, (n,): farther where the surface is athwart theirs.

    So it is where it leads from the rim of one sheet to that of another: a distance of half the
    gap, which may be no more than chance leaves between points, counts ``ATHWART`` times. Where
    noise hides how the points lie, it does not.

    Args:
        mesh: the surface.
        points: the data, (m, 3).
        noise: theirs.
    """
    distance, near = cKDTree(points).query(mesh.vertices)
    rows, own = np.unique(near, return_inverse=True)
    normals, others = plane_normals(points, points[rows])
    apart = np.linalg.norm(points[others[:, -1]] - points[rows], axis=1)
    spacing = apart * np.sqrt(np.pi / max(others.shape[1] - 1, 1))
    if noise > HIDDEN * np.median(spacing):
        return np.asarray(distance)
    along = np.abs((normals[own] * mesh.vertex_normals).sum(1))
    share = np.clip(1 - along / ALONG, 0, 1)
    share *= np.clip(2 * distance / np.maximum(spacing[own], 1e-300) - 1.5, 0, 1)
    return np.asarray(distance * (1 + (ATHWART - 1) * share))


def data_distance(
    mesh: Mesh, points: np.ndarray, least: float = 0.0, *, rims: bool = False
) -> np.ndarray:
    """Distance of each vertex to the nearest point, in spacings of the points there, (n,).

    Args:
        mesh: the surface.
        points: the data, (m, 3).
        least: spacings below count as this: the noise of the points, say.
        rims: the surface is open: see :func:`beyond_rims`.
    """
    distance, spacing = spacings_at(mesh.vertices, points)
    if rims:
        distance = beyond_rims(mesh, points, least)
    values = np.asarray(distance / np.maximum(spacing, max(least, np.finfo(np.float64).tiny)))
    graph = _neighbours(mesh)
    count = np.maximum(np.asarray(graph.sum(1)).ravel(), 1)
    for _ in range(SMOOTH):
        values = 0.5 * values + 0.5 * np.asarray(graph @ values).ravel() / count
    return np.asarray(values)


def empty_regions(mesh: Mesh, values: np.ndarray, most: float) -> list[np.ndarray]:
    """Vertices of each connected region with ``values`` (n,) above ``most``, the largest first."""
    graph = _neighbours(mesh).tocoo()
    over = values > most
    inside = over[graph.row] & over[graph.col]
    pairs = graph.row[inside], graph.col[inside]
    region = coo_matrix((np.ones(len(pairs[0]), dtype=bool), pairs), shape=(len(values),) * 2)
    _, label = connected_components(region, directed=False)
    rows = np.flatnonzero(over)
    order = rows[np.argsort(label[rows], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
    return sorted(parts, key=lambda part: -len(part))


def trim(mesh: Mesh, values: np.ndarray, most: float) -> Mesh:
    """The part of a mesh where ``values`` (n,), linear on faces, are at most ``most``.

    Faces that the boundary crosses are cut, so that it is made of clean loops. Normals, values and
    colours of the mesh are interpolated there.
    """
    inside = values <= most
    count = inside[mesh.faces].sum(1)
    ends = mesh.faces[(count == 1) | (count == 2)]
    if not len(ends):
        return mesh.select_faces(count == 3)
    alone = inside[ends] == (inside[ends].sum(1) == 1)[:, None]  # the corner on its own side
    ends = np.stack([np.roll(face, -k) for face, k in zip(ends, alone.argmax(1), strict=True)])
    pairs = np.sort(np.stack([ends[:, [0, 1]], ends[:, [0, 2]]], axis=1), axis=2)  # (m, 2, 2)
    edges, own = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    first, second = own.reshape(-1, 2).T + len(mesh.vertices)
    start, end = values[edges].T
    share = np.clip((most - start) / (end - start), LEAST_SHARE, 1 - LEAST_SHARE)[:, None]

    def between(rows: np.ndarray) -> np.ndarray:
        return np.concatenate([rows, (1 - share) * rows[edges[:, 0]] + share * rows[edges[:, 1]]])

    a, b, c = ends.T
    tip = inside[a]
    faces = [
        mesh.faces[count == 3],
        np.stack([a, first, second], axis=1)[tip],
        np.stack([first, b, c], axis=1)[~tip],
        np.stack([first, c, second], axis=1)[~tip],
    ]
    found = Mesh(
        between(mesh.vertices), np.concatenate(faces), unit(between(mesh.vertex_normals)),
        None if mesh.values is None else between(mesh.values[:, None])[:, 0],
        None if mesh.colours is None else np.rint(between(mesh.colours)).astype(np.uint8),
    )  # fmt: skip
    return found.select_faces(np.arange(len(found.faces)))


def _neighbours(mesh: Mesh) -> csr_matrix:
    a, b, c = mesh.faces.T
    ends = np.concatenate([a, b, c, b, c, a]), np.concatenate([b, c, a, a, b, c])
    graph = coo_matrix((np.ones(len(ends[0])), ends), shape=(len(mesh.vertices),) * 2).tocsr()
    graph.data[:] = 1.0
    return graph
