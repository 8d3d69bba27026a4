"""Normals of an open sheet, all to the same side: planes through neighbours, one after another.

Hoppe, DeRose, Duchamp, McDonald, Stuetzle: *Surface Reconstruction from Unorganized Points*
(SIGGRAPH 1992): each normal takes the side of its neighbour along a minimum spanning tree in which
near and parallel planes are joined first.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree

#: Neighbours that a plane goes through.
NEIGHBOURS = 12
#: Added to what two planes differ by, so that no edge weighs nothing.
LEAST = 1e-3


def oriented_normals(points: np.ndarray) -> np.ndarray:
    """Unit normals of points (n, 3) on a surface; each connected part has a side of its own."""
    k = min(NEIGHBOURS, len(points) - 1)
    _, near = cKDTree(points).query(points, k=k + 1)
    offset = points[near] - points[near].mean(1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("mki,mkj->mij", offset, offset))
    normals = axes[:, :, 0].copy()
    first, second = np.repeat(np.arange(len(points)), k), near[:, 1:].ravel()
    differ = 1 - np.abs((normals[first] * normals[second]).sum(1)) + LEAST
    graph = coo_matrix((differ, (first, second)), shape=(len(points),) * 2).tocsr()
    tree = minimum_spanning_tree(graph.maximum(graph.T))
    _, part = connected_components(tree, directed=False)
    for root in np.unique(part, return_index=True)[1]:
        order, before = breadth_first_order(tree, root, directed=False)
        for row in order[1:]:
            if normals[row] @ normals[before[row]] < 0:
                normals[row] *= -1
    return np.asarray(normals)
