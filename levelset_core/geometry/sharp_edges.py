"""The edges at which a mesh really bends, as few polylines: to draw them over another surface."""

from __future__ import annotations

import numpy as np
import trimesh

from levelset_core.geometry.meshes import Mesh

#: Radians between the normals of two faces that still count as one plane.
FLAT = 1e-6


def sharp_edge_paths(mesh: Mesh, angle: float = FLAT) -> list[np.ndarray]:
    """One walk, (k, 3), over every connected part of the edges sharper than an angle.

    A walk goes along every edge twice, there and back, so that it never has to jump.
    """
    shape = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    sharp = shape.face_adjacency_edges[shape.face_adjacency_angles > angle]
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
