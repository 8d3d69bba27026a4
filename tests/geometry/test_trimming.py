"""A surface cut off where it has no data: at the right place, with clean rims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from levelset_core.geometry import boundary_loops, extract_mesh, soundness
from levelset_core.geometry.orientation import oriented_normals
from levelset_core.geometry.trimming import data_distance, empty_regions, spacings, trim
from levelset_core.random import numpy_generator


def ball(x: torch.Tensor) -> torch.Tensor:
    return x.norm(dim=1) - 0.7


def on_ball(count: int, lowest: float = -1.0) -> np.ndarray:
    points = numpy_generator(0).normal(size=(count, 3))
    points *= 0.7 / np.linalg.norm(points, axis=1, keepdims=True)
    return points[points[:, 2] > 0.7 * lowest]


def test_spacings_are_sides_of_squares():
    points = on_ball(5000)
    assert np.median(spacings(points)) == pytest.approx(
        np.sqrt(4 * np.pi * 0.49 / len(points)), rel=0.1
    )


def test_half_a_ball_is_cut_at_its_rim():
    mesh = extract_mesh(ball, (-1, 1), 48)
    points = on_ball(8000, lowest=0.0)
    values = data_distance(mesh, points)
    spacing = np.median(spacings(points))
    half = trim(mesh, values, 2.0)
    sound = soundness(half)
    assert sound.euler == 1 and not sound.shared_edges and not sound.flat_faces
    loops = boundary_loops(half)
    assert len(loops) == 1 and len(loops[0]) == sound.open_edges  # one loop, no vertex twice
    rim = half.vertices[loops[0]]
    assert np.abs(rim[:, 2] + 2 * spacing).max() < 2.2 * spacing  # below the last points
    np.testing.assert_allclose(np.linalg.norm(half.vertices, axis=1), 0.7, atol=2e-3)
    assert half.area == pytest.approx(2 * np.pi * 0.49, rel=0.12)
    assert soundness(trim(mesh, values, 1e9)).watertight


def test_colours_and_values_come_along():
    mesh = extract_mesh(ball, (-1, 1), 24)
    height = mesh.vertices[:, 2]
    grey = np.repeat(np.rint(255 * (0.5 + height / 2))[:, None], 3, axis=1).astype(np.uint8)
    half = trim(replace(mesh, values=height, colours=grey), height, 0.1)
    np.testing.assert_allclose(half.values, half.vertices[:, 2], atol=1e-12)
    assert np.abs(half.colours[:, 0] - 255 * (0.5 + half.values / 2)).max() <= 1


def test_a_hole_is_one_region():
    mesh = extract_mesh(ball, (-1, 1), 48)
    points = on_ball(8000)
    away = np.linalg.norm(points - [0, 0, 0.7], axis=1) > 0.25
    regions = empty_regions(mesh, data_distance(mesh, points[away]), 2.5)
    assert len(regions) == 1
    np.testing.assert_allclose(mesh.vertices[regions[0]].mean(0), [0, 0, 0.68], atol=0.05)
    assert empty_regions(mesh, data_distance(mesh, points), 2.5) == []


@pytest.mark.parametrize("ratio", [10, 30])
def test_where_dense_points_border_on_sparse_ones_is_no_hole(ratio):
    mesh = extract_mesh(ball, (-1, 1), 48)
    points = on_ball(20_000)
    seen = numpy_generator(1).uniform(size=len(points)) < np.where(points[:, 0] > 0, 1, 1 / ratio)
    values = data_distance(mesh, points[seen])
    assert sum(len(region) for region in empty_regions(mesh, values, 1.5)) < 10
    seen &= np.linalg.norm(points - [0, 0, 0.7], axis=1) > 0.3  # one on the border is
    assert len(empty_regions(mesh, data_distance(mesh, points[seen]), 1.5)[0]) > 50


def test_normals_of_a_sheet_are_all_on_one_side():
    x, y = numpy_generator(1).uniform(-1, 1, (2, 2000))
    normals = oriented_normals(np.stack([x, y, 0.3 * np.sin(3 * x)], axis=1))
    assert np.abs(np.sign(normals[:, 2]).mean()) == 1.0
    points = on_ball(2000)
    outward = (oriented_normals(points) * points).sum(1)
    assert np.abs(np.sign(outward).mean()) == 1.0
