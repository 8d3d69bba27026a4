"""Knots and links from noisy points among outliers: as many curves, as often linked."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from levelset_core.geometry import Polyline, distance_to
from levelset_core.geometry.curves.finding import find_curves
from tests.geometry.curves.known_curves import T, borromean_rings, scattered, torus_knot
from tests.geometry.curves.linking import linking_number

KNOTS = {
    "torus knot 2, 3": torus_knot(2, 3),
    "torus knot 2, 5": torus_knot(2, 5),
    "torus knot 3, 4": torus_knot(3, 4),
    "torus link 2, 4": torus_knot(2, 4),
    "borromean rings": borromean_rings(),
}
COUNT = 1000


def linked(curves):
    return sorted(abs(linking_number(a, b)) for a, b in itertools.combinations(curves, 2))


def right(name, seed):
    """Whether number, closedness, linking numbers and places are those of the truth."""
    truth = KNOTS[name]
    points = scattered(truth, COUNT, noise=0.01, outliers=0.05, seed=seed)
    found = find_curves(points).curves
    if [c.closed for c in found] != [True] * len(truth) or linked(found) != linked(truth):
        return False
    exact = np.concatenate([c.points for c in truth])
    places = np.concatenate([c.points for c in found])
    side = float(np.ptp(exact, axis=0).max())
    return max(distance_to(places, exact).max(), distance_to(exact, places).max()) < 0.05 * side


def test_linking_numbers_of_known_links():
    assert linked(torus_knot(2, 4)) == [2]
    assert linked(torus_knot(3, 3)) == [1, 1, 1]
    assert linked(borromean_rings()) == [0, 0, 0]
    first, second = (Polyline(np.stack(x, axis=1), True) for x in (
        (np.cos(T), np.sin(T), 0 * T), (1 + np.cos(T), 0 * T, np.sin(T))))  # fmt: skip
    assert abs(linking_number(first, second)) == 1
    assert linking_number(second, Polyline(second.points + np.array([9.0, 0, 0]), True)) == 0


@pytest.mark.parametrize("name", KNOTS)
def test_one_draw_is_right(name):
    assert right(name, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOTS)
def test_fifty_draws_are_right(name):
    assert [seed for seed in range(50) if not right(name, seed)] == []
