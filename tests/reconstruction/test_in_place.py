"""From a cloud far away, or tiny, or huge, to files, errors and colours in the same place."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from levelset_core.data import PointCloud
from levelset_core.geometry import Mesh, distance_to
from levelset_core.random import numpy_generator
from levelset_core.reconstruction.colours import carried
from levelset_core.reconstruction.shapes import cloud_bytes, read_cloud, read_shape
from levelset_core.runs import work_here
from levelset_core.runs.files import read_arrays

SMALL = {
    "depth": 2, "width": 16, "octaves": 2, "data_batch": 128, "projected": 128, "near": 128,
    "resolution": 24,
}  # fmt: skip
DIRECTIONS = numpy_generator(0).normal(size=(400, 3))
DIRECTIONS /= np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
RED = np.where(DIRECTIONS[:, :1] > 0, [[255, 0, 0]], [[0, 0, 255]])


def surface(store, place, scale, turn):
    cloud = PointCloud(
        scale * DIRECTIONS @ turn.T + place, colours=RED, intensity=DIRECTIONS[:, 2],
        stations=place[None], station=np.zeros(400),
    )  # fmt: skip
    inputs = {"cloud.npz": cloud_bytes(cloud)}
    run = store.create("reconstruct", {"config": SMALL}, device="cpu", inputs=inputs, steps=60)
    assert work_here(store, run).state == "done", run.status().message
    return run


@pytest.mark.parametrize(
    ("offset", "scale", "seed"), [(1e7, 1.0, None), (0.0, 1e-6, 1), (1e6, 1e6, 2)]
)
def test_a_run_stays_in_place(store, offset, scale, seed):
    near = surface(store, np.zeros(3), 1.0, np.eye(3))
    place = scale * offset * np.array([1.0, 0.45, 0.01])
    turn = np.eye(3) if seed is None else Rotation.random(random_state=seed).as_matrix()
    run = surface(store, place, scale, turn)
    mesh = trimesh.load_scene(run.artifacts / "mesh.ply", process=False).to_mesh()
    usual = read_shape(near.artifacts / "shape.npz").meshes[0]
    shape = read_shape(run.artifacts / "shape.npz").meshes[0]
    for vertices in (mesh.vertices, shape.vertices):
        found = (vertices - place) @ turn / scale
        np.testing.assert_allclose(found, usual.vertices, atol=1e-7)
    np.testing.assert_array_equal(shape.faces, usual.faces)
    np.testing.assert_allclose(shape.normals @ turn, usual.normals, atol=1e-5)
    assert shape.colours is not None
    east = found[:, 0]
    assert shape.colours[east > 0.4, 0].min() > 200 and shape.colours[east < -0.4, 0].max() < 60
    np.testing.assert_array_equal(mesh.visual.vertex_colors[:, :3], shape.colours)
    errors = read_arrays(run.artifacts / "errors.npz")
    expected = read_arrays(near.artifacts / "errors.npz")
    for name in ("to_cloud", "to_shape"):
        np.testing.assert_allclose(errors[name] / scale, expected[name], atol=1e-6)
    at_home = Mesh(found, shape.faces)
    np.testing.assert_allclose(
        errors["to_shape"] / scale, distance_to(DIRECTIONS, at_home), atol=1e-6
    )
    height = found[:, 2]
    assert np.abs(errors["intensity"] - height).mean() < 0.2
    kept = read_cloud(run)
    assert kept.colours is not None and kept.intensity is not None and kept.station is not None


def test_intensity_alone_gives_grey():
    mesh = Mesh(np.eye(3), np.array([[0, 1, 2]]))
    cloud = PointCloud(np.eye(3) + 0.01, intensity=np.array([0.0, 50.0, np.nan]))
    coloured, scalars = carried(mesh, cloud)
    assert coloured.colours is not None and np.ptp(coloured.colours, axis=1).max() == 0
    assert (
        coloured.colours[0, 0] < coloured.colours[1, 0] and np.isfinite(scalars["intensity"]).all()
    )
    same, none = carried(mesh, PointCloud(np.eye(3)))
    assert same is mesh and none == {}
