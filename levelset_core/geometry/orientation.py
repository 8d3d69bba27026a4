"""Sides of an open sheet: planes through neighbours, their normals all to the same side.

Hoppe, DeRose, Duchamp, McDonald, Stuetzle: *Surface Reconstruction from Unorganized Points*
(SIGGRAPH 1992): each normal takes the side of its neighbour along a minimum spanning tree in which
near and parallel planes are joined first. A place is on the side of the plane nearest to it.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree
from torch import Tensor

#: Neighbours that a plane goes through.
NEIGHBOURS = 12
#: Added to what two planes differ by, so that no edge weighs nothing.
LEAST = 1e-3
#: Planes that tell the side of a place, and the share of a part's points, those nearest to another
#: part, that tell whether the two face each other.
PLANES, FACING = 3, 0.2


def plane_normals(points: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normals of the planes through the points nearest to each place, and which these are.

    Args:
        points: (n, 3).
        places: (m, 3), some of the points: each counts as its own neighbour.

    Returns:
        Unit normals (m, 3), either way round; rows of the points (m, k + 1), the nearest first.
    """
    k = min(NEIGHBOURS, len(points) - 1)
    _, near = cKDTree(points).query(places, k=k + 1)
    offset = points[near] - points[near].mean(1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("mki,mkj->mij", offset, offset))
    return axes[:, :, 0].copy(), np.asarray(near)


def oriented_normals(points: np.ndarray) -> np.ndarray:
    """Unit normals of points (n, 3) on a surface, on one side of each connected part.

    Parts that lie against each other, such as parallel sheets, face each other.
    """
    normals, near = plane_normals(points, points)
    k = near.shape[1] - 1
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
    _face_each_other(points, normals, part)
    return np.asarray(normals)


def _face_each_other(points: np.ndarray, normals: np.ndarray, part: np.ndarray) -> None:
    """Turn parts of an oriented surface, the smaller after the larger, in place."""
    order = np.argsort(-np.bincount(part), kind="stable")
    done = np.flatnonzero(part == order[0])
    for number in order[1:]:
        own = np.flatnonzero(part == number)
        distance, row = cKDTree(points[done]).query(points[own])
        near = np.argsort(distance)[: max(1, int(FACING * len(own)))]
        way = points[done[row[near]]] - points[own[near]]
        there = (normals[own[near]] * way).sum(1)
        back = -(normals[done[row[near]]] * way).sum(1)
        if (there * back).sum() < 0:
            normals[own] *= -1
        done = np.concatenate([done, own])


class TangentPlanes:
    """Signed distance to the planes of an open sheet nearest to a place: no side is left open.

    Halfway between two layers of a sheet that do not face each other the sign changes at once.

    Args:
        points: places on the sheet, (n, 3).
        normals: theirs, (n, 3).

    Attributes:
        middle: on the sheet, 0; larger is inside.
    """

    middle = 0.0

    def __init__(self, points: Tensor, normals: Tensor) -> None:
        self.points, self.normals = points, normals
        self.tree = cKDTree(points.cpu().numpy())

    def __call__(self, x: Tensor) -> Tensor:
        """(m, 3) -> (m,): the mean over ``PLANES`` planes, weighted by 1 / distance^2."""
        distance, near = self.tree.query(x.cpu().numpy(), k=min(PLANES, len(self.points)))
        rows = torch.from_numpy(near.reshape(len(x), -1)).to(x.device)
        weight = torch.from_numpy(distance.reshape(len(x), -1)).to(x).square().clamp_min(1e-12)
        weight = weight.reciprocal() / weight.reciprocal().sum(1, keepdim=True)
        off = ((x[:, None] - self.points[rows]) * self.normals[rows]).sum(2)
        return -(weight * off).sum(1)

    def inside(self, x: Tensor) -> Tensor:
        """Whether x is inside, (m,) bool."""
        return self(x) > self.middle
