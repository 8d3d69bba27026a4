"""A cloud in its own frame is the same numbers, wherever and however it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from levelset_core.errors import LevelsetError
from levelset_core.geometry.frames import own_box, own_frame, rounded
from levelset_core.random import numpy_generator

RNG = numpy_generator(0)
SPHERE = RNG.normal(size=(500, 3))
SPHERE /= np.linalg.norm(SPHERE, axis=1, keepdims=True)
ANGLES = np.linspace(0, 2 * np.pi, 36, endpoint=False)
CLOUDS = {
    "blob": RNG.normal(size=(800, 3)) * [3.0, 2.0, 1.0],
    "sphere": SPHERE,
    "lattice": np.stack(np.meshgrid(*[np.arange(6.0)] * 3), -1).reshape(-1, 3),
    "cylinder": np.array([[np.cos(a), np.sin(a), h] for a in ANGLES for h in np.arange(0, 3, 0.2)]),
    "sheet": RNG.normal(size=(500, 3)) * [1.0, 1.0, 0.0],
    "circle": np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1),
}


def turned(seed: int, dimension: int) -> np.ndarray:
    if dimension == 3:
        return Rotation.random(random_state=seed).as_matrix()
    return Rotation.from_euler("z", seed).as_matrix()[:2, :2]


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(CLOUDS)), seed=st.integers(0, 10_000),
    exponent=st.floats(-6, 6), offset=st.floats(0, 1e4),
)  # fmt: skip
def test_the_same_numbers_turned_moved_and_in_other_units(name, seed, exponent, offset):
    points, scale = CLOUDS[name], 10.0**exponent
    turn = turned(seed, points.shape[1])
    direction = numpy_generator(seed).normal(size=points.shape[1])
    moved = scale * (points @ turn.T + offset * direction)
    box, own = own_box(points)
    other, again = own_box(moved)
    off = np.abs(own - again)
    # A coordinate halfway between two rounded ones may go either way.
    assert (off > 0).sum() <= 1 and off.max() < 1e-4
    assert other.scale == pytest.approx(scale * box.scale, rel=1e-9)
    np.testing.assert_allclose(other.undo(again), moved, atol=1e-4 * scale * np.ptp(points))


def test_a_box_and_back():
    points = CLOUDS["blob"]
    box, own = own_box(points)
    assert np.abs(own).max() == pytest.approx(0.9)
    np.testing.assert_allclose(box.axes @ box.axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(box.axes) == pytest.approx(1)
    np.testing.assert_allclose(box.apply(box.undo(own)), own, atol=1e-12)
    off = np.abs(box.undo(own) - points)
    assert 0 < off.max() < 1e-4 * np.ptp(points)  # of the rounding
    assert np.abs(box.axes[0] @ [1, 0, 0]) > 0.95  # the longest axis first
    np.testing.assert_array_equal(rounded(rounded(points)), rounded(points))


@pytest.mark.parametrize("name", CLOUDS)
def test_axes_turn_and_do_not_mirror(name):
    axes = own_frame(CLOUDS[name]).axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(len(axes)), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)


def test_outliers_do_not_make_the_rounding_coarse():
    points = CLOUDS["blob"]
    far = np.concatenate([points, 1e5 * RNG.normal(size=(40, 3))])
    frame, alone = own_frame(far), own_frame(points)
    assert frame.scale < 1.5 * alone.scale
    assert np.linalg.norm(frame.center - alone.center) < 0.2 * alone.scale


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.ones((5, 3)), np.full((5, 3), np.nan)])
def test_no_frame(points):
    with pytest.raises(LevelsetError):
        own_frame(points)
