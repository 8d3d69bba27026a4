"""Points of known curves come back in their order, open or closed as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelset_core import LevelsetError
from levelset_core.data.shapes import helix, trefoil
from levelset_core.geometry.curves.chains import goes_on, order_points, thinned, turning


def circle(count, start=0.0, end=2 * np.pi, centre=(0.0, 0.0)):
    t = start + (end - start) * np.arange(count) / count
    return np.stack([np.cos(t), np.sin(t)], axis=1) + centre


def in_order(chain, whole):
    """Whether the chain passes the points of ``whole`` one after the other, either way round."""
    rows = [int(np.argmin(np.linalg.norm(whole - p, axis=1))) for p in chain.points]
    steps = np.diff(rows + rows[:1]) if chain.closed else np.diff(rows)
    steps = (steps + len(whole) // 2) % len(whole) - len(whole) // 2
    return bool(np.all(steps > 0) or np.all(steps < 0))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3))
def test_a_shuffled_knot_is_a_ring_in_its_order(seed, scale):
    whole = scale * trefoil(120).points
    rng = np.random.default_rng(seed)
    noisy = whole + 0.01 * scale * rng.normal(size=whole.shape)
    (chain,) = order_points(rng.permutation(noisy))
    assert chain.closed and len(chain.points) > 100
    assert in_order(chain, whole)


def test_a_helix_has_ends():
    whole = helix(100).points
    (chain,) = order_points(np.random.default_rng(0).permutation(whole))
    assert not chain.closed and in_order(chain, whole)
    ends = np.sort(chain.points[[0, -1], 2])
    np.testing.assert_allclose(ends, [-0.8, 0.8], atol=1e-9)


def test_linked_rings_are_two_chains():
    flat, upright = np.zeros((60, 3)), np.zeros((60, 3))
    flat[:, :2], upright[:, ::2] = circle(60), circle(60, centre=(1.0, 0.0))
    chains = order_points(np.concatenate([flat, upright]))
    assert [(chain.closed, len(chain.points)) for chain in chains] == [(True, 60), (True, 60)]


@pytest.mark.parametrize(
    ("ends", "part", "closed"),
    [("auto", 0.75, True), ("auto", 0.5, False), ("open", 0.75, False), ("closed", 0.5, True),
     ("open", 1.0, False)],
)  # fmt: skip
def test_what_becomes_of_a_gap(ends, part, closed):
    (chain,) = order_points(circle(60, end=2 * np.pi * part), ends)
    assert chain.closed is closed


def test_a_gap_on_the_way_is_bridged():
    line = np.stack([np.linspace(0, 1, 101), np.zeros(101)], axis=1)
    (chain,) = order_points(np.concatenate([line[:45], line[60:]]))
    assert not chain.closed and len(chain.points) == 86


def test_dense_noisy_points_are_thinned_until_they_look_like_a_line():
    rng = np.random.default_rng(0)
    points = circle(2000) + 0.02 * rng.normal(size=(2000, 2))
    nodes = thinned(points)
    assert 40 < len(nodes) < 400
    assert np.abs(np.linalg.norm(nodes, axis=1) - 1).mean() < 0.015
    (chain,) = order_points(points)
    assert chain.closed


def test_turning_of_a_join():
    right, up = np.array([1.0, 0]), np.array([0, 1.0])
    assert turning(-right, right, right) == pytest.approx(0)  # straight on
    assert turning(-right, up, -right) == pytest.approx(180)  # a hairpin
    assert goes_on(90, 0.3) and not goes_on(180, 0.3) and goes_on(180, 0.1)


def test_what_it_refuses():
    with pytest.raises(LevelsetError, match="Unknown ends 'both'"):
        order_points(circle(20), "both")
    with pytest.raises(LevelsetError, match="different places"):
        order_points(np.zeros((10, 2)))
