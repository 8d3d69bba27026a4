"""Curves of many kinds, found in scattered points: right in number, open or closed, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from levelset_core import LevelsetError
from levelset_core.data.shapes import helix, trefoil
from levelset_core.geometry import Polyline
from levelset_core.geometry.curves.finding import find_curves
from tests.geometry.curves.known_curves import T, scattered, spiral


def ring(*coordinates):
    return Polyline(np.stack(coordinates, axis=1), closed=True)


def line(start, end):
    s = np.linspace(0, 1, 500)[:, None]
    return Polyline(np.array(start) * (1 - s) + np.array(end) * s, closed=False)


def arc(degrees):
    t = np.radians(np.linspace(0, degrees, 1000))
    return Polyline(np.stack([np.cos(t), np.sin(t)], axis=1), closed=False)


def without(curve, start, end):
    """The two parts of an open curve beside a gap."""
    n = len(curve.points)
    return [
        Polyline(curve.points[: round(start * n)], False),
        Polyline(curve.points[round(end * n) :], False),
    ]


CIRCLE = ring(np.cos(T), np.sin(T))
#: Name -> the true curves, points, noise, outliers, and how far off the found may be at most.
CASES = {
    "spiral of three close turns": ([spiral()], 600, 0.005, 0.0, 0.04),
    "helix": ([helix()], 300, 0.01, 0.0, 0.06),
    "helix without 40 %": (without(helix(turns=4), 0.3, 0.7), 400, 0.005, 0.0, 0.06),
    "arc with 5 % noise": ([arc(180)], 300, 0.05, 0.0, 0.2),
    "two close parallel lines": ([line([0, 0], [1, 0]), line([0, 0.08], [1, 0.08])], 400, 0.004,
                                 0.0, 0.06),
    "long thin ellipse": ([ring(np.cos(T), 0.1 * np.sin(T))], 400, 0.003, 0.0, 0.08),
    "cusp": ([ring((1 - np.sin(T)) * np.cos(T), (1 - np.sin(T)) * np.sin(T))], 400, 0.003, 0.0,
             0.1),
    "circle among 20 % outliers": ([CIRCLE], 500, 0.01, 0.2, 0.04),
    "trefoil with 3 % noise": ([trefoil(2000)], 1000, 0.03, 0.0, 0.15),
}  # fmt: skip


def off(found, truth):
    """Largest distance between found and true curves, both ways."""
    there = np.concatenate([curve.points for curve in found])
    exact = np.concatenate([curve.points for curve in truth])
    return max(cKDTree(exact).query(there)[0].max(), cKDTree(there).query(exact)[0].max())


@pytest.mark.parametrize("name", CASES)
def test_they_are_found_right_in_number_open_or_closed(name):
    truth, count, noise, outliers, most = CASES[name]
    points = scattered(truth, count, noise=noise, outliers=outliers)
    found = find_curves(points)
    assert [c.closed for c in found.curves] == [c.closed for c in truth]
    assert off(found.curves, truth) < most
    lost = (~found.kept).sum()  # an outlier may lie on the curve
    assert 0.7 * outliers * count <= lost <= outliers * count + 0.02 * len(points)


@pytest.mark.parametrize(
    "branches",
    [
        [line([0, 0], [np.cos(a), np.sin(a)]) for a in np.radians([90, 210, 330])],
        [line([0, 0, 0], [np.cos(a), np.sin(a), 0.3]) for a in np.radians([90, 210, 330])],
        [ring(np.sin(T), np.sin(2 * T) / 2)],
        [line([-1, 0], [1, 0]), line([0, 0], [0, 1])],
    ],
    ids=["Y", "Y in space", "figure eight", "T"],
)
def test_junctions_are_refused_with_their_place(branches):
    with pytest.raises(LevelsetError, match=r"near \(-?0\.0.*no junctions or crossings"):
        find_curves(scattered(branches, 300, noise=0.005))


def test_a_gap_on_the_way_is_bridged():
    (found,) = find_curves(scattered(without(arc(180), 0.4, 0.6), 150, noise=0.005)).curves
    assert not found.closed
    assert off([found], [arc(180)]) < 0.06


def test_uneven_points_are_one_curve():
    even = scattered([CIRCLE], 900, noise=0.005)
    sparse = (even[:, 1] > 0) | (np.arange(900) % 8 == 0)
    (found,) = find_curves(even[sparse]).curves
    assert found.closed and off([found], [CIRCLE]) < 0.06


@pytest.mark.parametrize("offset", [0.0, 5e6])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_twenty_points_in_any_units_anywhere(scale, offset):
    t = 2 * np.pi * np.arange(20) / 20
    points = scale * np.stack([np.cos(t), 0.6 * np.sin(t)], axis=1) + offset * scale
    (found,) = find_curves(np.random.default_rng(0).permutation(points)).curves
    exact = scale * np.stack([np.cos(T), 0.6 * np.sin(T)], axis=1) + offset * scale
    assert found.closed and cKDTree(exact).query(found.points)[0].max() < 0.02 * scale


@pytest.mark.parametrize(
    ("ends", "part", "closed"),
    [("auto", 270, True), ("auto", 180, False), ("open", 270, False), ("closed", 180, True),
     ("open", 360, False)],
)  # fmt: skip
def test_what_becomes_of_ends(ends, part, closed):
    points = arc(part).points[:-1:15]
    (found,) = find_curves(points, ends).curves
    assert found.closed is closed


def test_what_it_refuses():
    with pytest.raises(LevelsetError, match="Unknown ends 'both'"):
        find_curves(CIRCLE.points, "both")
    with pytest.raises(LevelsetError, match="different places"):
        find_curves(np.zeros((10, 2)))


@pytest.mark.parametrize("seed", [6, 573])
def test_a_noisy_trefoil_of_few_points_is_one_ring(seed):
    rng = np.random.default_rng(seed)
    points = trefoil(120).points + 0.01 * rng.normal(size=(120, 3))
    (found,) = find_curves(rng.permutation(points)).curves
    assert found.closed and off([found], [trefoil(2000)]) < 0.1
