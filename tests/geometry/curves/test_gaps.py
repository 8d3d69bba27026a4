"""Gaps of the data along a curve."""

import numpy as np
import pytest

from levelset_core.geometry import Polyline, curve_report, gaps
from levelset_core.geometry.curves.gaps import kept_parts, without_short_runs


def circle(count, start=0.0, end=2 * np.pi):
    t = np.linspace(start, end, count, endpoint=False)
    return np.stack([np.cos(t), np.sin(t)], axis=1)


RING = Polyline(circle(2000), closed=True)


def test_even_data_has_no_gap():
    assert gaps(RING, circle(60)) == []


@pytest.mark.parametrize("start", [0.0, 2.0, -0.5])  # also across the ring's own seam
def test_a_missing_quarter_is_found_with_its_length(start):
    points = circle(60, start, start + 1.5 * np.pi)
    (gap,) = gaps(RING, points)
    assert gap.length == pytest.approx(np.pi / 2, abs=0.12)
    ends = {tuple(np.round(gap.start, 1)), tuple(np.round(gap.end, 1))}
    assert tuple(np.round(points[-1], 1)) in ends


def test_an_open_curve_has_no_gap_between_its_ends():
    line = Polyline(circle(1000, 0, np.pi), closed=False)
    assert gaps(line, circle(40, 0, np.pi)) == []
    halves = np.concatenate([circle(20, 0, 1.0), circle(20, 2.0, np.pi)])
    (gap,) = gaps(line, halves)
    assert gap.length == pytest.approx(1.0, abs=0.1)


def test_a_report_tells_gaps_with_their_places_and_open_ends():
    aside = np.array([5.0, 0.0])
    other = Polyline(circle(500, 0, np.pi) + aside, closed=False)
    points = np.concatenate([circle(45, 0, 1.5 * np.pi), circle(30, 0, np.pi) + aside])
    told = curve_report([RING, other], points)
    assert (told["pieces"], told["closed"], told["vertices"]) == (2, 1, 2500)
    assert told["length"] == pytest.approx(3 * np.pi, rel=1e-2)
    (gap,) = told["gaps"]
    assert gap["length"] == pytest.approx(np.pi / 2, abs=0.2)
    np.testing.assert_allclose(gap["start"], [0.0, -1.0], atol=0.2)
    np.testing.assert_allclose(told["ends"], [[6, 0], [4, 0]], atol=0.02)
    empty = curve_report([], points)
    assert (empty["pieces"], empty["gaps"], empty["length"]) == (0, [], 0)


def test_parts_that_are_kept():
    kept = np.ones(2000, dtype=bool)
    assert kept_parts(RING, kept) == [RING]
    kept[500:1000] = False
    (part,) = kept_parts(RING, kept)  # across the ring's own seam
    assert not part.closed and len(part) == 1500
    np.testing.assert_array_equal(part.points[[0, -1]], RING.points[[1000, 499]])
    line = Polyline(RING.points, closed=False)
    assert [len(p) for p in kept_parts(line, kept)] == [500, 1000]
    assert kept_parts(line, ~np.ones(2000, dtype=bool)) == []


def test_short_runs_are_turned_over():
    kept = np.ones(2000, dtype=bool)
    kept[500:1000] = False
    ragged = kept.copy()
    ragged[[3, 700, 701, 1200]] ^= True
    for closed in (True, False):
        line = Polyline(RING.points, closed)
        np.testing.assert_array_equal(without_short_runs(line, ragged, 0.1), kept)
        assert without_short_runs(line, ragged, 10.0).all()
