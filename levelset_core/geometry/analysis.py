"""Analysis of a mesh: its pieces, curvature and sharp edges, and points drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh


@dataclass(frozen=True, eq=False)
class Component:
    """One connected piece of a mesh.

    Attributes:
        faces: the numbers of its faces in the mesh, (k,).
        area: of its surface.
        bounds: its lowest and highest corner, (2, 3).
    """

    faces: np.ndarray
    area: float
    bounds: np.ndarray


def components(mesh: Mesh) -> list[Component]:
    """The pieces of a mesh that share no vertex, the one of the largest area first."""
    if not len(mesh.faces):
        return []
    a, b, c = mesh.faces.T
    ends = np.concatenate([a, b]), np.concatenate([b, c])
    n = len(mesh.vertices)
    graph = coo_matrix((np.ones(len(ends[0]), dtype=bool), ends), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    of_face = labels[a]
    order = np.argsort(of_face, kind="stable")
    _, starts = np.unique(of_face[order], return_index=True)
    pieces = []
    for faces in np.split(order, starts[1:]):
        corners = mesh.triangles[faces].reshape(-1, 3)
        bounds = np.stack([corners.min(0), corners.max(0)])
        pieces.append(Component(faces, float(mesh.face_areas[faces].sum()), bounds))
    return sorted(pieces, key=lambda piece: -piece.area)


def keep_components(mesh: Mesh, pieces: list[Component]) -> Mesh:
    """Only the given pieces of a mesh, its faces in their order."""
    chosen = np.zeros(len(mesh.faces), dtype=bool)
    for piece in pieces:
        chosen[piece.faces] = True
    return mesh.select_faces(chosen)


def remove_small_components(mesh: Mesh, fraction: float = 0.01) -> Mesh:
    """The mesh without the pieces whose area is below a fraction of the largest piece's.

    Raises:
        LevelsetError: the fraction is not in [0, 1].
    """
    if not 0 <= fraction <= 1:
        raise LevelsetError(f"The fraction of the largest area must be 0 to 1, got {fraction}.")
    pieces = components(mesh)
    if len(pieces) < 2:
        return mesh
    return keep_components(mesh, [p for p in pieces if p.area >= fraction * pieces[0].area])


def mean_curvature(mesh: Mesh) -> np.ndarray:
    """Mean curvature H = (k_1 + k_2) / 2 = div(n) / 2 at every vertex, (n,), in 1 / length.

    n runs linearly over each face between the normals of its corners, so the integral of div(n)
    over a face is sum_i n_i . (N x e_i) / 2, N the face's normal and e_i the edge opposite to
    corner i. H is the sum over the faces around a vertex, over twice their area: thin triangles,
    which marching cubes makes, do no harm.

    Positive on a sphere whose normals point outwards: 1 / radius.
    """
    normals = mesh.vertex_normals[mesh.faces]  # (m, 3, 3)
    corners = mesh.triangles
    edges = np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1)  # i: from i + 1 to i + 2
    turned = np.cross(mesh.face_normals[:, None], edges)
    integrals = 0.5 * np.einsum("mij,mij->m", normals, turned)
    total, area = (
        np.bincount(mesh.faces.ravel(), np.repeat(values, 3), minlength=len(mesh.vertices))
        for values in (integrals, mesh.face_areas)
    )
    curvature = np.zeros(len(mesh.vertices))
    np.divide(0.5 * total, area, out=curvature, where=area > 0)
    return curvature


#: Radians between the normals of two faces that still count as one plane.
FLAT = 1e-6


def sharp_edge_paths(
    mesh: Mesh, angle: float = FLAT, *, tolerance: float = 0.0
) -> list[np.ndarray]:
    """One walk, (k, 3), over every connected part of the edges sharper than an angle.

    A walk goes along every edge twice, there and back, so that it never has to jump.

    Args:
        mesh: the mesh.
        angle: between the normals of two faces, in radians.
        tolerance: two faces whose corners all lie so near one plane are flat too, as rounded
            coordinates leave them; a length.
    """
    import trimesh

    shape = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    angles = shape.face_adjacency_angles
    rows = np.flatnonzero(angles > angle)
    edges = shape.face_adjacency_edges[rows]
    corners = mesh.vertices[np.column_stack([edges, shape.face_adjacency_unshared[rows]])]
    off = np.linalg.svd(corners - corners.mean(1, keepdims=True), compute_uv=False)[:, -1]
    sharp = edges[(off > 2 * tolerance) | (angles[rows] > np.pi / 2)]
    left: dict[int, set[int]] = {}
    for a, b in sharp.tolist():
        left.setdefault(a, set()).add(b)
        left.setdefault(b, set()).add(a)
    paths = []
    for start in list(left):
        if not left[start]:
            continue
        walk, stack = [start], [start]
        while stack:
            here = stack[-1]
            if left[here]:
                there = left[here].pop()
                left[there].discard(here)
                stack.append(there)
                walk.append(there)
            else:
                stack.pop()
                walk.extend(stack[-1:])
        paths.append(mesh.vertices[walk])
    return paths


def sample_faces(mesh: Mesh, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points uniform on a mesh, (count, 3), and the faces they lie on, (count,).

    Raises:
        LevelsetError: the mesh has no area, or the count is below 1.
    """
    if count < 1 or mesh.area <= 0:
        raise LevelsetError(
            f"{count} points cannot be drawn from a mesh of {len(mesh.faces)} faces and area "
            f"{mesh.area:g}."
        )
    ends = np.cumsum(mesh.face_areas)
    faces = np.searchsorted(ends, rng.uniform(0, ends[-1], count), side="right")
    faces = np.minimum(faces, len(ends) - 1)
    u, v = rng.uniform(size=(2, count, 1))
    over = u + v > 1  # the other half of the parallelogram is folded back
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    a, b, c = mesh.triangles[faces].swapaxes(0, 1)
    return a + u * (b - a) + v * (c - a), faces
