"""Curvature of a mesh at its vertices."""

from __future__ import annotations

import numpy as np

from levelset_core.geometry.meshes import Mesh


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
    curvature: np.ndarray = np.divide(
        0.5 * total, area, out=np.zeros(len(mesh.vertices)), where=area > 0
    )
    return curvature
