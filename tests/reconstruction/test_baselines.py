"""Baselines as runs: the mesh, its errors, and a resume that changes nothing."""

import numpy as np
import pytest

from levelset_core.data import PointCloud
from levelset_core.errors import LevelsetError
from levelset_core.geometry import extract_mesh
from levelset_core.geometry.poisson import load_open3d
from levelset_core.reconstruction.assess import ERRORS
from levelset_core.reconstruction.shapes import (
    CLOUD,
    SHAPE,
    TRUTH,
    Shape,
    cloud_bytes,
    read_arrays,
    read_shape,
    shape_bytes,
)
from levelset_core.runs import RunStore, get_kind, work_here


@pytest.fixture(scope="module")
def inputs():
    points = np.random.default_rng(0).normal(size=(1500, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    truth = extract_mesh(lambda x: x.norm(dim=1) - 1, (-1.2, 1.2), 24)
    return {CLOUD: cloud_bytes(PointCloud(points)), TRUTH: shape_bytes(Shape((truth,)))}


def work(tmp_path, inputs, kind, config):
    store = RunStore(tmp_path)
    run = store.create(kind, {"config": config, "about": {}}, inputs=inputs, device="cpu")
    status = work_here(store, run)
    assert status.state == "done", status.message
    return run


def test_an_atlas_of_a_sphere_comes_near_the_sphere(tmp_path, inputs):
    run = work(tmp_path, inputs, "atlasnet", {"atlas": "atlasnet-1-sphere", "steps": 30})
    result = run.result()
    assert result["steps"] == 30 and result["comparison"]["against"] == "the truth"
    assert result["comparison"]["point_to_surface"] < 0.2
    shape = read_shape(run.artifacts / SHAPE)
    errors = read_arrays(run.artifacts / ERRORS)
    assert errors["to_truth"].shape == (len(shape.meshes[0].vertices),)
    assert errors["to_shape"].shape == (1500,)


def test_a_restored_atlas_goes_on_bit_for_bit(tmp_path, inputs):
    store = RunStore(tmp_path)
    config = {"atlas": "atlasnet-1-patch", "steps": 8}
    run = store.create("atlasnet", {"config": config}, inputs=inputs, device="cpu")
    kind = get_kind("atlasnet")
    whole, first, second = (kind.build(run) for _ in range(3))
    for _ in range(3):
        next(first)
    second.restore(first.checkpoint())
    losses = [s.loss for s in whole]
    assert [s.loss for s in second] == losses[3:]


def test_poisson_reconstructs_a_sphere(tmp_path, inputs):
    try:
        load_open3d()
    except LevelsetError as error:
        pytest.skip(str(error))
    run = work(tmp_path, inputs, "poisson", {})
    assert run.result()["comparison"]["point_to_surface"] < 0.01
    assert run.result()["components"] == 1


def test_unknown_settings_are_refused(tmp_path):
    for kind in ("poisson", "atlasnet"):
        with pytest.raises(LevelsetError, match="Unknown setting 'width'"):
            RunStore(tmp_path).create(kind, {"config": {"width": 3}})
    with pytest.raises(LevelsetError, match="Unknown AtlasNet"):
        RunStore(tmp_path).create("atlasnet", {"config": {"atlas": "x"}})
