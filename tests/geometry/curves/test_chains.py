"""Points of known curves come back in their order, open or closed as they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from levelset_core.data.shapes import helix, trefoil
from levelset_core.geometry.curves.chains import link_places, turning


def circle(count, start=0.0, end=2 * np.pi, centre=(0.0, 0.0)):
    t = start + (end - start) * np.arange(count) / count
    return np.stack([np.cos(t), np.sin(t)], axis=1) + centre


def order_points(points, **how):
    """Chains through points as they are, each as wide as its second neighbour is far."""
    return link_places(points, cKDTree(points).query(points, k=3)[0][:, 2], **how)


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
    noisy = whole + 0.001 * scale * rng.normal(size=whole.shape)
    (chain,) = order_points(rng.permutation(noisy))
    assert chain.closed and len(chain.points) == 120
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


def test_turning_of_a_join():
    right, up = np.array([1.0, 0]), np.array([0, 1.0])
    assert turning(-right, right, right) == pytest.approx(0)  # straight on
    assert turning(-right, up, -right) == pytest.approx(180)  # a hairpin


def test_a_ring_stays_open_if_it_shall():
    (chain,) = order_points(circle(60), close=False)
    assert not chain.closed and len(chain.points) == 60


def test_tangents_keep_strands_apart_that_are_near():
    x = np.linspace(0, 1, 60)
    strands = [np.stack([x, np.full(60, y)], axis=1) for y in (0, 0.02)]
    places = np.random.default_rng(0).permutation(np.concatenate(strands))
    tangents = np.tile([1.0, 0.0], (120, 1))
    chains = link_places(places, np.full(120, 0.02), tangents)
    assert [len(np.unique(chain.points[:, 1])) for chain in chains] == [1, 1]
