"""Files as Open3D reads them: closed, oriented, in place, with their colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trimesh

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, soundness, write_mesh
from levelset_core.geometry.export import how_written
from levelset_core.geometry.poisson import load_open3d
from levelset_core.random import numpy_generator

TORUS = trimesh.creation.torus(1.0, 0.4, 24, 12)
BALL = trimesh.creation.icosphere(2)
#: Two pieces, one of them with a handle.
TWO = trimesh.util.concatenate([TORUS, BALL.apply_translation([3, 0, 0])])
COLOURS = numpy_generator(0).integers(0, 256, (len(TWO.vertices), 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def open3d() -> Any:
    """The optional extra, or no test."""
    try:
        return load_open3d()
    except LevelsetError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kind", ["ply", "obj", "stl", "glb"])
@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1.0), (100.0, 1e-3), (1e7, 1.0), (0.0, 1e6)])
def test_a_mesh_is_sound_and_in_place(open3d, kind, offset, scale, tmp_path):
    place = scale * offset * np.array([1.0, 0.45, -0.1])
    mesh = Mesh(scale * TWO.vertices + place, TWO.faces, colours=COLOURS)
    path = tmp_path / f"two.{kind}"
    write_mesh(mesh, path)
    read = open3d.io.read_triangle_mesh(str(path))
    corners = np.asarray(read.vertices)[np.asarray(read.triangles)]
    assert corners.shape == mesh.triangles.shape
    if kind != "ply" and offset == 1e7:  # all but PLY it reads in single precision: that is told
        np.testing.assert_allclose(corners, mesh.triangles, rtol=1e-7)
        assert how_written(mesh, kind) is not None
        return
    edge = np.linalg.norm(mesh.triangles[:, 0] - mesh.triangles[:, 1], axis=1).min()
    assert np.abs(corners - mesh.triangles).max() < 2e-3 * edge
    if kind in ("ply", "obj"):
        seen = np.asarray(read.vertex_colors)[np.asarray(read.triangles)]  # OBJ: in another order
        np.testing.assert_allclose(seen, COLOURS[TWO.faces] / 255, atol=1 / 255)
    read.translate(-place).merge_close_vertices(1e-6 * scale)
    assert read.is_edge_manifold() and read.is_vertex_manifold() and read.is_orientable()
    assert read.is_watertight()
    assert read.get_volume() == pytest.approx(scale**3 * TWO.volume, rel=1e-4)  # outward
    assert read.euler_poincare_characteristic() == soundness(mesh).euler
