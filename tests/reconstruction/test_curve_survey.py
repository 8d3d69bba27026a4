"""What is told of curves before training and after it; spirals to the end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial import cKDTree

from levelset_core.data import PointCloud
from levelset_core.geometry.curves.completion import complete_curves, strand_distance
from levelset_core.geometry.curves.finding import FoundCurves
from levelset_core.geometry.curves.smooth_curve import SmoothCurve
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.reconstruction.preparation.cloud import curve_octaves
from levelset_core.reconstruction.preparation.curve_survey import survey_curves
from tests.geometry.curves.known_curves import scattered, spiral


def half_circle(closed=False):
    t = np.pi * np.linspace(0, 1 + closed, 2000, endpoint=not closed)
    points = np.stack([np.cos(t), np.sin(t)], axis=1)
    return SmoothCurve(points, closed, 0.01, np.arange(0, 2000, 20), 5.0)


def survey_of(*curves, ends="auto"):
    kept = np.arange(210) < 200
    return survey_curves(FoundCurves(list(curves), kept, 0.01, 0.0314), ends)


def test_an_open_curve_is_told_with_its_evidence():
    seems = survey_of(half_circle())
    assert (seems.pieces, seems.closed, seems.outliers) == (1, 0, 10)
    assert seems.apart == pytest.approx(2, abs=1e-9)
    assert seems.told == (
        "The points seem to follow one open curve (its ends are 2 apart, 64 spacings); "
        "spacing 0.0314, noise 0.01. 10 points (4.8%) lie on none and are left out."
    )
    assert "since ends is set to open" in survey_of(half_circle(), ends="open").told


def test_several_curves_are_counted():
    seems = survey_of(half_circle(closed=True), half_circle())
    assert (seems.pieces, seems.closed) == (2, 1)
    assert "2 curves, 1 of them closed (the longest step along a closed one is 2.0" in seems.told
    assert seems.as_dict()["told"] == seems.told


def test_a_level_set_unlike_the_points_is_told_with_steps_and_advice():
    seems = survey_of(half_circle())
    assert seems.unlike(1, 0, 120) == ""
    told = seems.unlike(3, 2, 120)
    assert told.startswith("After 120 steps the level set has 3 pieces, 2 of them closed")
    assert "more seconds or steps" in told
    assert dataclasses.replace(seems, pieces=3, closed=2).unlike(3, 2, 120) == ""


def test_octaves_follow_the_distance_of_strands():
    assert [curve_octaves(apart, 6) for apart in (0.5, 0.2, 0.07, 0.001)] == [0, 3, 5, 6]
    assert curve_octaves(0.07, 0) == 0


def test_the_way_back_of_a_spiral_stays_between_its_turns():
    (whole,) = complete_curves(scattered([spiral()], 600, noise=0.003))
    away = cKDTree(whole.curve.points).query(whole.path[40:-40])[0]
    assert away.min() > 0.05  # half of what turns are apart
    assert strand_distance([whole]) == pytest.approx(0.09, abs=0.04)


@pytest.mark.slow
def test_a_spiral_of_three_close_turns_is_one_open_curve():
    cloud = PointCloud(scattered([spiral()], 600, noise=0.005))
    config = ReconstructionConfig.preset("curve2d", steps=1000, seconds=None)
    trainer = ReconstructionTrainer(config, cloud, threads=1)
    list(trainer)
    (line,) = trainer.extract_curve().polylines
    assert not line.closed
    assert line.length == pytest.approx(spiral().length, rel=0.03)
