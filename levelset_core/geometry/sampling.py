"""Points drawn uniformly from a mesh."""

from __future__ import annotations

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh


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
