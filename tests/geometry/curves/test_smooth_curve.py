"""Smooth curves through noisy points, against the curves they were drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from levelset_core.data.shapes import helix, trefoil
from levelset_core.geometry.curves.completion import complete_curves
from levelset_core.geometry.curves.finding import find_curves
from levelset_core.geometry.frames import Normalization


def noisy(points, sigma, seed=0):
    rng = np.random.default_rng(seed)
    return rng.permutation(points + sigma * rng.normal(size=points.shape))


def circle(count, end=2 * np.pi):
    t = end * np.arange(count) / count
    return np.stack([np.cos(t), np.sin(t)], axis=1)


def test_a_circle_is_a_circle_and_its_noise_is_found():
    (curve,) = find_curves(noisy(circle(200), 0.02)).curves
    assert curve.closed
    assert np.abs(np.linalg.norm(curve.points, axis=1) - 1).mean() < 0.006
    assert curve.noise == pytest.approx(0.02, rel=0.2)
    assert curve.length == pytest.approx(2 * np.pi, rel=0.01)
    assert len(curve.feet) == 200 and np.all(np.diff(curve.feet) >= 0)


def test_exact_points_are_met():
    (curve,) = find_curves(trefoil(150).points).curves
    assert cKDTree(curve.points).query(trefoil(150).points)[0].max() < 3e-3


@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_knot_is_smoothed(seed):
    knot = trefoil(100).points
    points = noisy(knot, 0.01, seed)
    dense = cKDTree(trefoil(5000).points)
    (curve,) = find_curves(points).curves
    assert curve.closed
    assert dense.query(curve.points)[0].mean() < 0.7 * dense.query(points)[0].mean()


def test_a_gap_goes_on_with_the_curvature_around_it():
    (curve,) = find_curves(circle(75, 1.5 * np.pi)).curves
    assert curve.closed
    assert np.abs(np.linalg.norm(curve.points, axis=1) - 1).max() < 0.04


def test_a_helix_ends_where_its_points_end_and_finds_a_way_back():
    points = helix(120).points
    (whole,) = complete_curves(points)
    assert not whole.curve.closed
    ends = whole.curve.points[[0, -1]]
    assert np.sort(ends[:, 2]) == pytest.approx([-0.8, 0.8], abs=0.02)
    ring = whole.ring
    steps = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
    assert steps.max() < 0.05  # no jump, the seam included
    away = cKDTree(points).query(whole.path[100:-100])[0]
    assert away.min() > 0.25
    closing = whole.closing()
    assert cKDTree(whole.path).query(closing)[0].max() < 1e-9
    assert 10 < len(closing) < 100  # about as far apart as the data


def test_points_join_a_gap_and_only_there():
    (whole,) = complete_curves(circle(75, 1.5 * np.pi))
    angles = np.degrees(np.arctan2(*whole.closing().T[::-1])) % 360
    assert np.all((angles > 265) & (angles < 360)) and 15 < len(angles) < 40
    (full,) = complete_curves(circle(75))
    assert len(full.closing()) == 0 and len(full.path) == 0


def test_moved_curves():
    (whole,) = complete_curves(helix(80).points)
    moved = whole.in_box(Normalization(np.array([1.0, 0, 0]), 2.0))
    np.testing.assert_allclose(moved.ring * 2 + [1, 0, 0], whole.ring)
    assert moved.curve.noise == whole.curve.noise / 2
