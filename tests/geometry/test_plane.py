from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.geometry import contours, evaluate_grid, nearest_on_contours

BOUNDS = (-1.0, 3.0, -2.0, 1.0)  # unequal on purpose: x and y must not be mixed up


def circle(x: torch.Tensor) -> torch.Tensor:
    return (x - torch.tensor([1.0, -0.5], device=x.device)).norm(dim=1) - 0.8


def test_rows_run_along_y_and_columns_along_x(device):
    field = evaluate_grid(lambda x: 10 * x[:, 0] + x[:, 1], BOUNDS, 5, device=device)
    x, y = np.linspace(-1, 3, 5), np.linspace(-2, 1, 5)
    np.testing.assert_allclose(field, 10 * x[None] + y[:, None], rtol=1e-6)


def test_a_grid_larger_than_one_chunk_is_whole():
    field = evaluate_grid(lambda x: x[:, 0], (0, 1, 0, 1), 100)
    np.testing.assert_allclose(field, np.tile(np.linspace(0, 1, 100), (100, 1)), atol=1e-6)


def test_contours_of_a_circle():
    (line,) = contours(evaluate_grid(circle, BOUNDS, 129), BOUNDS)
    radius = np.linalg.norm(line - [1.0, -0.5], axis=1)
    np.testing.assert_allclose(radius, 0.8, atol=1e-3)
    np.testing.assert_array_equal(line[0], line[-1])  # closed
    length = np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    assert length == pytest.approx(2 * np.pi * 0.8, rel=1e-2)


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_contours_of_a_line_are_exact(level):
    field = evaluate_grid(lambda x: 2 * x[:, 0] - x[:, 1], BOUNDS, 33)
    (line,) = contours(field, BOUNDS, level)
    np.testing.assert_allclose(2 * line[:, 0] - line[:, 1], level, atol=1e-5)


@pytest.mark.parametrize("value", [1.0, -1.0, 0.0, float("nan")])
def test_without_a_level_set_there_is_no_contour(value):
    field = np.full((8, 8), value)
    assert sum(len(line) for line in contours(field, BOUNDS)) == 0


def test_distance_to_a_circle():
    lines = contours(evaluate_grid(circle, BOUNDS, 257), BOUNDS)
    xy = np.random.default_rng(0).uniform([-1, -2], [3, 1], (100, 2))
    distance, places = nearest_on_contours(xy, lines)
    exact = np.abs(np.linalg.norm(xy - [1.0, -0.5], axis=1) - 0.8)
    np.testing.assert_allclose(distance, exact, atol=1e-4)  # though vertices are 0.016 apart
    np.testing.assert_allclose(np.linalg.norm(places - xy, axis=1), distance)


@pytest.mark.parametrize(("norm", "expected"), [(2.0, np.sqrt(2)), (np.inf, 1.0)])
@pytest.mark.parametrize("vertices", [2, 3, 20001])
def test_distance_to_a_line_between_its_vertices(norm, expected, vertices):
    along = np.linspace(-9, 9.5, vertices)
    line = [np.stack([along, -along], axis=1)]  # x + y = 0
    distance, place = nearest_on_contours(np.array([[1.0, 1.0], [-1.0, -1.0]]), line, norm=norm)
    np.testing.assert_allclose(distance, expected, rtol=1e-9)
    np.testing.assert_allclose(place, 0, atol=1e-9)


@pytest.mark.parametrize("norm", [2.0, np.inf])
def test_no_place_on_the_segments_is_nearer(norm):
    rng = np.random.default_rng(0)
    lines = [np.cumsum(rng.normal(size=(40, 2)), axis=0) * 0.1 for _ in range(3)]
    xy = rng.uniform(-1, 1, (50, 2))
    distance, places = nearest_on_contours(xy, lines, norm=norm)
    fine = [line[:-1, None] + np.linspace(0, 1, 999)[:, None] * np.diff(line, axis=0)[:, None]
            for line in lines]  # fmt: skip
    fine = np.concatenate([part.reshape(-1, 2) for part in fine])
    brute = np.linalg.norm(xy[:, None] - fine, ord=norm, axis=-1).min(1)
    np.testing.assert_allclose(distance, brute, atol=3e-3)
    assert (distance <= brute + 1e-9).all()
    np.testing.assert_allclose(np.linalg.norm(places - xy, ord=norm, axis=1), distance)


def test_no_contour_is_infinitely_far():
    distance, places = nearest_on_contours(np.zeros((2, 2)), [])
    assert np.isinf(distance).all() and np.isnan(places).all()
    distance, places = nearest_on_contours(np.zeros((0, 2)), [np.zeros((1, 2))])
    assert distance.shape == (0,) and places.shape == (0, 2)
