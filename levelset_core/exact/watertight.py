"""Whether a mesh is closed, and vertices that lie within the edge of another face (T-junctions)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError

Edge = tuple[int, int]

#: Of more open edges the mesh is a scan with holes: no T-junctions are looked for.
_MOST_OPEN = 50_000


def closed_mesh(
    vertices: np.ndarray, faces: np.ndarray, near: float, unit: float = 1.0
) -> tuple[trimesh.Trimesh, int]:
    """A mesh whose faces close it, and how many T-junctions were split.

    A vertex within an edge of another face leaves both open there, though nothing is missing: that
    face is split at the vertex.

    Args:
        vertices: (n, 3).
        faces: (m, 3).
        near: distance up to which a vertex is on an edge.
        unit: of length, to say places in.

    Raises:
        LevelsetError: an open or non-manifold edge.
    """
    solid = _without_points(trimesh.Trimesh(vertices, faces, process=False))
    if len(_bad_edges(solid)[0]):
        # Files of loose triangles (STL) repeat every vertex.
        solid = _without_points(trimesh.Trimesh(vertices, faces, process=True))
    junctions: set[int] = set()
    before = solid
    for _ in range(3):  # one edge of a face at a time
        if not (found := _t_junctions(solid, near)):
            break
        junctions |= {int(v) for inner in found.values() for v in inner}
        solid = trimesh.Trimesh(solid.vertices, list(_split(solid.faces, found)), process=False)
    if len(_bad_edges(solid)[0]) and not _balanced(solid):
        _refuse_bad_edges(before, unit)
    elif not len(_bad_edges(solid)[0]) and not solid.is_winding_consistent:
        trimesh.repair.fix_winding(solid)
    return solid, len(junctions)


def _balanced(solid: trimesh.Trimesh) -> bool:
    """Whether faces run along every edge as often one way as the other.

    Then the mesh is closed, though more than two faces may meet in an edge: solids that touch in
    it, merged into one.
    """
    edges = solid.edges
    _, number = np.unique(solid.edges_sorted, axis=0, return_inverse=True)
    way = np.where(edges[:, 0] < edges[:, 1], 1, -1)
    return not np.bincount(number.ravel(), weights=way).any()


def _without_points(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    faces = mesh.faces
    real = (faces != np.roll(faces, 1, axis=1)).all(1)
    return trimesh.Trimesh(mesh.vertices, faces[real], process=False)


def _bad_edges(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray]:
    edges, count = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
    return edges[count != 2], count[count != 2]


def _t_junctions(mesh: trimesh.Trimesh, near: float) -> dict[Edge, np.ndarray]:
    """Open edges with other ends of open edges within them: those, from the first end on."""
    edges, counts = _bad_edges(mesh)
    edges = edges[counts == 1]
    if not 0 < len(edges) <= _MOST_OPEN:
        return {}
    ends = np.unique(edges)
    p, q = mesh.vertices[edges[:, 0]], mesh.vertices[edges[:, 1]]
    length = np.linalg.norm(q - p, axis=1)
    around = cKDTree(mesh.vertices[ends]).query_ball_point((p + q) / 2, length / 2)
    found: dict[Edge, np.ndarray] = {}
    for k, inner in enumerate(around):
        way = (q[k] - p[k]) / max(length[k], 1e-300)
        from_p = mesh.vertices[ends[inner]] - p[k]
        along = from_p @ way
        off = np.linalg.norm(from_p - along[:, None] * way, axis=1)
        within = (off <= near) & (along > near) & (along < length[k] - near)
        if within.any():
            order = np.argsort(along[within])
            found[int(edges[k, 0]), int(edges[k, 1])] = ends[inner][within][order]
    return found


def _split(faces: np.ndarray, found: dict[Edge, np.ndarray]) -> Iterator[list[int]]:
    """The faces, those with vertices within an edge as a fan from the corner opposite to it."""
    for face in faces.tolist():
        for k in range(3):
            a, b, c = face[k - 2], face[k - 1], face[k]
            inner = found.get((a, b) if a < b else (b, a))
            if inner is not None:
                line = [a, *(inner if a < b else inner[::-1]).tolist(), b]
                yield from ([u, v, c] for u, v in pairwise(line))
                break
        else:
            yield face


def _refuse_bad_edges(mesh: trimesh.Trimesh, unit: float) -> None:
    edges, counts = _bad_edges(mesh)
    if not len(edges):
        return
    worst = int((counts > 2).argmax())  # the first non-manifold edge, else the first open one
    (a, b), count = edges[worst], int(counts[worst])
    p, q = ("({:.6g}, {:.6g}, {:.6g})".format(*(unit * mesh.vertices[v])) for v in (a, b))
    where = f"the edge of vertices {a} and {b}, from {p} to {q},"
    if count == 1:
        raise LevelsetError(
            f"The mesh is not watertight: {where} has 1 face instead of 2, and so have "
            f"{int((counts == 1).sum()) - 1} other edges; close the holes first."
        )
    raise LevelsetError(f"The mesh is not a manifold: {where} has {count} faces instead of 2.")
