from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelset_core.data import BOUNDS, HELD_OUT, PRESETS, make_points
from levelset_core.errors import LevelsetError


@settings(max_examples=50)
@given(
    preset=st.sampled_from(list(PRESETS)),
    n=st.integers(2, 300),
    noise=st.floats(0, 1),
    seed=st.integers(0, 2**31 - 1),
)
def test_points_are_balanced_and_stay_in_the_plane(preset, n, noise, seed):
    points = make_points(preset, n, noise, seed=seed)
    assert len(points) == n
    assert points.xy.shape == (n, 2)
    assert points.labels.sum() == n % 2  # +1 has the odd one
    assert np.abs(points.labels).all()
    assert (points.xy >= BOUNDS[0::2]).all() and (points.xy <= BOUNDS[1::2]).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_they_fill_the_plane_without_being_cut_off(preset):
    xy = make_points(preset, 400, 0.0).xy
    assert 0.8 < np.abs(xy[:, 0]).max() <= 1.25
    assert 0.4 < np.abs(xy[:, 1]).max() <= 1.5
    assert np.mean(np.abs(xy) >= 1.5) < 0.01


@pytest.mark.parametrize("preset", PRESETS)
def test_seed_and_stream_decide_the_points(preset):
    points = make_points(preset, 60, 0.1, seed=3)
    assert points == make_points(preset, 60, 0.1, seed=3)
    assert points != make_points(preset, 60, 0.1, seed=4)
    held_out = make_points(preset, 60, 0.1, seed=3, stream=HELD_OUT)
    assert not (points.xy[:, None] == held_out.xy).all(-1).any()


def test_circles_have_the_positive_class_inside():
    points = make_points("circles", 100, 0.0)
    radius = np.linalg.norm(points.xy, axis=1)
    assert radius[points.labels > 0].max() < 0.5 < 0.9 < radius[points.labels < 0].min()


def test_xor_has_equal_signs_in_the_positive_class():
    points = make_points("xor", 100, 0.0)
    assert (np.sign(points.xy.prod(axis=1)) == points.labels).all()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"preset": "moon"}, "moon"),
        ({"n": 1}, "2 to 2000, got 1"),
        ({"n": 2001}, "got 2001"),
        ({"noise": -0.1}, "got -0.1"),
        ({"noise": float("nan")}, "got nan"),
    ],
)
def test_bad_arguments_are_named(arguments, what):
    with pytest.raises(LevelsetError, match=what):
        make_points(**{"preset": "blobs", **arguments})
