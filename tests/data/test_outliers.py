"""Outliers go, thin parts and places where a scan is thin stay."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from levelset_core.data import inliers
from levelset_core.random import numpy_generator


def sphere(rng: np.random.Generator, count: int = 4000) -> np.ndarray:
    directions = rng.normal(size=(count, 3))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def wire_cube(rng: np.random.Generator) -> np.ndarray:
    """Twelve rods, 1 long and 0.08 thick."""
    axis, t, angle = rng.integers(3, size=6000), rng.uniform(size=6000), rng.uniform(0, 7, 6000)
    corner = rng.integers(2, size=(6000, 3)).astype(float)
    around = 0.04 * np.stack([np.zeros(6000), np.cos(angle), np.sin(angle)], axis=1)
    corner[np.arange(6000), axis] = t
    turned = (np.arange(3) - axis[:, None]) % 3
    return corner + np.take_along_axis(around, turned, axis=1)


def uneven(rng: np.random.Generator) -> np.ndarray:
    """A ball, one side of it seen twenty times as often as the other."""
    points = sphere(rng, 12_000)
    return points[(points[:, 0] > 0) | (rng.uniform(size=12_000) < 0.05)]


def thin_plate(rng: np.random.Generator) -> np.ndarray:
    x, y = rng.uniform(-1, 1, (2, 6000))
    return np.stack([x, y, 0.02 * rng.choice([-1, 1], 6000)], axis=1)


def sparse_box(rng: np.random.Generator) -> np.ndarray:
    """A box with sharp edges, all but one end seen a twentieth as often, from one plane on."""
    points = rng.uniform(-1, 1, (60_000, 3))
    points[np.arange(60_000), rng.integers(3, size=60_000)] = rng.choice([-1.0, 1.0], 60_000)
    return points[rng.uniform(size=60_000) < np.where(points[:, 0] > 0.2, 0.2, 0.01)]


KINDS = [sphere, wire_cube, uneven, thin_plate]


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_cloud_stays(kind):
    points = kind(numpy_generator(0))
    assert inliers(points).mean() > 0.985


def test_edges_of_a_sparse_part_stay():
    points = sparse_box(numpy_generator(0))
    sparse = points[:, 0] < 0.2
    assert 250 < sparse.sum() < 450 and inliers(points)[sparse].mean() > 0.95  # it was 0.7


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_a_fifth_of_uniform_outliers_goes(kind, seed):
    rng = numpy_generator(seed)
    points = kind(rng)
    low, high = points.min(0) - 0.2, points.max(0) + 0.2
    strays = rng.uniform(low, high, (len(points) // 4, 3))
    kept = inliers(np.concatenate([points, strays]))
    assert kept[: len(points)].mean() > 0.95
    tree = cKDTree(points)
    spacing = np.median(tree.query(points, k=13)[0][:, 1:].mean(1))
    far = tree.query(strays)[0] > 3 * spacing
    assert kept[len(points) :][far].mean() < 0.03


@pytest.mark.parametrize("kind", KINDS)
def test_clusters_go(kind):
    rng = numpy_generator(3)
    points = kind(rng)
    size = len(points) // 150
    clumps = [points.max(0) + 0.5 * k + 0.03 * rng.normal(size=(size, 3)) for k in (1, 2, 3)]
    kept = inliers(np.concatenate([points, *clumps]))
    assert kept[: len(points)].mean() > 0.985
    assert not kept[len(points) :].any()


def test_a_small_object_is_no_cluster():
    rng = numpy_generator(0)
    points = np.concatenate([sphere(rng, 8000), 0.15 * sphere(rng, 150) + 2.0])
    assert inliers(points)[-150:].mean() > 0.9


def test_less_ratio_drops_more():
    rng = numpy_generator(0)
    points = np.concatenate([sphere(rng), rng.uniform(-1.5, 1.5, (600, 3))])
    counts = [int(inliers(points, ratio=ratio).sum()) for ratio in (1.5, 3.0, 10.0)]
    assert counts == sorted(counts) and counts[0] < counts[2]
