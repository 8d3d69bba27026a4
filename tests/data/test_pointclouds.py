"""Cleaning, thinning and sampling of clouds."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from levelset_core import LevelsetError
from levelset_core.data import (
    PointCloud,
    downsample,
    remove_outliers,
    sample_surface,
)
from levelset_core.data.pointclouds import check_spread
from levelset_core.geometry import Mesh


@pytest.fixture
def cloud() -> PointCloud:
    points = np.random.default_rng(0).uniform(-1, 1, (3000, 3))
    return PointCloud(points, points / np.linalg.norm(points, axis=1, keepdims=True))


def test_samples_are_uniform_and_on_the_surface():
    box = trimesh.creation.box((4.0, 1.0, 1.0))
    cloud = sample_surface(Mesh(box.vertices, box.faces), 18_000, seed=1)
    on = np.isclose(np.abs(cloud.points), [2, 0.5, 0.5])
    assert on.any(1).all()
    # 18 units of area: the two ends have one each.
    ends = np.isclose(np.abs(cloud.points[:, 0]), 2).sum()
    assert ends == pytest.approx(2000, abs=200)
    assert (np.einsum("ij,ij->i", cloud.normals, cloud.points) > 0).all()
    np.testing.assert_allclose(cloud.points[ends:].mean(0), 0, atol=0.1)


def test_far_points_go_and_are_counted(cloud):
    strays = np.array([[5.0, 0, 0], [0, 9, 0], [4, 4, 4]])
    dirty = PointCloud(np.concatenate([cloud.points, strays]))
    clean = remove_outliers(dirty, ratio=6.0)
    assert clean.outliers == 3 and len(clean) == 3000
    np.testing.assert_array_equal(clean.points, cloud.points)


@pytest.mark.parametrize("method", ["random", "voxel", "farthest"])
def test_thinned_clouds_are_parts_of_the_whole(cloud, method):
    thin = downsample(cloud, 200, method, seed=1)
    assert 100 < len(thin) <= 200
    rows = [np.flatnonzero((cloud.points == p).all(1)).item() for p in thin.points]
    assert rows == sorted(set(rows))
    np.testing.assert_array_equal(thin.normals, cloud.normals[rows])
    again = downsample(cloud, 200, method, seed=1)
    np.testing.assert_array_equal(thin.points, again.points)
    assert downsample(cloud, 3000, method) is cloud


def test_farthest_points_keep_apart(cloud):
    def least_gap(method: str) -> float:
        points = downsample(cloud, 100, method).points
        gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
        return gaps[~np.eye(len(points), dtype=bool)].min()

    assert least_gap("farthest") > 3 * least_gap("random")


@pytest.mark.parametrize("offset", [0.0, 1e5])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3])
def test_flat_clouds_are_refused_at_any_size_and_place(cloud, scale, offset):
    flat = cloud.points * [1, 1, 0] @ np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 1.5)[0]
    flat = (scale * flat + offset).astype(np.float32)
    with pytest.raises(LevelsetError, match=r"one (plane|line)"):
        check_spread(PointCloud(flat), "surface")
    if offset == 0:
        check_spread(PointCloud(scale * cloud.points), "surface")


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda c: downsample(c, 10, "best"), "'best'"),
        (lambda c: downsample(c, 0), "got 0"),
        (lambda c: remove_outliers(c, neighbours=0), "got 0"),
        (lambda c: remove_outliers(c, ratio=-1.0), "-1.0"),
        (lambda c: sample_surface(Mesh.empty(), 5), "0 faces"),
    ],
)
def test_impossible_requests(cloud, call, what):
    with pytest.raises(LevelsetError, match=what):
        call(cloud)
