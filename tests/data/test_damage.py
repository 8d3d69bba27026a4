"""Damage on purpose: each kind does what it says, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelset_core.data import PointCloud
from levelset_core.data.damage import HOLE_RADIUS, Damage, damage
from levelset_core.errors import LevelsetError


@pytest.fixture(scope="module")
def cloud():
    points = np.random.default_rng(0).normal(size=(4000, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return PointCloud(points, points)


def rows_of(part, whole):
    """Which points of ``whole`` are in ``part``."""
    return (whole[:, None, 0] == part[None, :, 0]).any(1)


def test_none_gives_the_same_cloud(cloud):
    assert damage(cloud, Damage(seed=3)) is cloud


def test_fewer_points_are_some_of_them(cloud):
    less = damage(cloud, Damage(keep=0.25))
    assert len(less) == 1000
    assert rows_of(less.points, cloud.points).sum() == 1000
    np.testing.assert_array_equal(less.points, less.normals)


def test_noise_has_the_deviation_it_says(cloud):
    diagonal = np.linalg.norm(np.ptp(cloud.points, axis=0))
    moved = damage(cloud, Damage(noise=0.01))
    offset = moved.points - cloud.points
    assert offset.std() == pytest.approx(0.01 * diagonal, rel=0.03)
    assert abs(offset.mean()) < 0.001 * diagonal


def test_a_hole_is_an_empty_ball(cloud):
    left = damage(cloud, Damage(holes=1))
    radius = HOLE_RADIUS * np.linalg.norm(np.ptp(cloud.points, axis=0))
    gone = cloud.points[~rows_of(left.points, cloud.points)]
    assert len(gone) > 20
    # The middle of the hole is one of the points that are gone.
    apart = np.linalg.norm(gone[:, None] - gone[None], axis=2).max(1)
    middle = gone[apart.argmin()]
    assert (np.linalg.norm(left.points - middle, axis=1) > radius).all()


def test_outliers_are_added_and_have_no_normal(cloud):
    more = damage(cloud, Damage(outliers=0.1))
    assert len(more) == 4400
    np.testing.assert_array_equal(more.points[:4000], cloud.points)
    assert not more.normals[4000:].any()
    assert np.abs(more.points).max() > 1.05


@settings(max_examples=20, deadline=None)
@given(
    st.builds(
        Damage, keep=st.floats(0.1, 1), noise=st.floats(0, 0.1), holes=st.integers(0, 5),
        outliers=st.floats(0, 1), seed=st.integers(0, 9),
    )
)  # fmt: skip
def test_the_same_seed_gives_the_same_cloud(cloud, how):
    first, second = damage(cloud, how), damage(cloud, how)
    np.testing.assert_array_equal(first.points, second.points)
    assert np.isfinite(first.points).all() and first.normals.shape == first.points.shape


@pytest.mark.parametrize(
    "wrong", [{"keep": 0}, {"keep": 1.1}, {"noise": -1}, {"holes": 99}, {"outliers": float("nan")}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(LevelsetError, match=f"{next(iter(wrong))} must be"):
        Damage(**wrong)


def test_a_cloud_that_would_be_gone_is_refused(cloud):
    with pytest.raises(LevelsetError, match="leaves 4 points"):
        damage(cloud, Damage(keep=0.001))
