"""Is a mesh a solid? Its edges, orientation, Euler number and boundary loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from levelset_core.geometry.meshes import Mesh


@dataclass(frozen=True)
class Soundness:
    """What a mesh must not have to be a solid that people can print.

    Attributes:
        open_edges: with one face only; an open sheet has them around it, a solid none.
        shared_edges: with more than two faces.
        turned_edges: whose two faces do not agree which side is out.
        flat_faces: without area.
        euler: Euler number V - E + F over the vertices that faces use: 2 (pieces - handles) of
            closed pieces.
    """

    open_edges: int
    shared_edges: int
    turned_edges: int
    flat_faces: int
    euler: int

    @property
    def watertight(self) -> bool:
        """Closed, two faces an edge, consistently oriented, every face with an area."""
        return not (self.open_edges or self.shared_edges or self.turned_edges or self.flat_faces)


def soundness(mesh: Mesh) -> Soundness:
    """Count what a :class:`Soundness` tells of."""
    directed = np.concatenate([mesh.faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    n = len(mesh.vertices)
    lower, upper = directed.min(1), directed.max(1)
    edges, own, uses = np.unique(lower * n + upper, return_inverse=True, return_counts=True)
    ahead = np.bincount(own, directed[:, 0] == lower, minlength=len(edges))
    return Soundness(
        open_edges=int((uses == 1).sum()),
        shared_edges=int((uses > 2).sum()),
        turned_edges=int(((uses == 2) & (ahead != 1)).sum()),
        flat_faces=int((mesh.face_areas <= 0).sum()),
        euler=len(np.unique(mesh.faces)) - len(edges) + len(mesh.faces),
    )


def boundary_loops(mesh: Mesh) -> list[np.ndarray]:
    """The vertices on each connected part of the boundary, (k,), the longest part first."""
    edges, labels = _boundary(mesh)
    parts = [np.unique(edges[labels == label]) for label in np.unique(labels)]
    return sorted(parts, key=lambda part: -len(part))


def boundary_lengths(mesh: Mesh) -> np.ndarray:
    """The length of each connected part of the boundary, (k,)."""
    edges, labels = _boundary(mesh)
    long = np.linalg.norm(mesh.vertices[edges[:, 0]] - mesh.vertices[edges[:, 1]], axis=1)
    return np.bincount(np.unique(labels, return_inverse=True)[1], long)


def _boundary(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Edges of one face, (k, 2), and the number of the part that each belongs to, (k,)."""
    directed = np.concatenate([mesh.faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    n = len(mesh.vertices)
    keys = directed.min(1) * n + directed.max(1)
    _, first, uses = np.unique(keys, return_index=True, return_counts=True)
    edges = directed[first[uses == 1]]
    graph = coo_matrix((np.ones(len(edges), dtype=bool), edges.T), shape=(n, n))
    return edges, connected_components(graph, directed=False)[1][edges[:, 0]]
