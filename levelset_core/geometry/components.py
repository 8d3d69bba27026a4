"""The pieces of a mesh: listed, and the small ones removed."""

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
