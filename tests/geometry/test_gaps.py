"""Gaps of the data along a curve."""

import numpy as np
import pytest

from levelset_core.geometry import Polyline, gaps


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
