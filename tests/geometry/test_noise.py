"""The noise of a cloud, where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from levelset_core.geometry.clouds import noise_level
from levelset_core.random import numpy_generator


@pytest.mark.parametrize("sigma", [0.001, 0.003, 0.008])
def test_the_noise_of_a_sphere_and_of_a_plane(sigma):
    rng = numpy_generator(1)
    ball = rng.normal(size=(20_000, 3))
    ball *= (1 + sigma * rng.normal(size=(20_000, 1))) / np.linalg.norm(ball, axis=1)[:, None]
    flat = np.column_stack([4 * rng.random((20_000, 2)), sigma * rng.normal(size=20_000)])
    assert noise_level(ball) == pytest.approx(sigma, rel=0.25)
    assert noise_level(flat) == pytest.approx(sigma, rel=0.25)


def test_exact_points_and_too_few_have_none():
    rng = numpy_generator(1)
    flat = np.column_stack([rng.random((500, 2)), np.zeros(500)])
    assert noise_level(flat) < 1e-8
    for seed in range(4):  # turned, sums of squares may round below 0
        turn = Rotation.random(random_state=seed).as_matrix()
        assert 0 <= noise_level((flat + 0.3) @ turn.T) < 1e-7
    assert noise_level(rng.random((5, 3))) == 0.0


def test_thin_rods_and_two_close_sheets_are_not_noise():
    rng = numpy_generator(1)
    turn = 2 * np.pi * rng.random(8000)
    rod = np.column_stack([0.04 * np.cos(turn), 0.04 * np.sin(turn), 8 * rng.random(8000)])
    assert noise_level(rod) < 0.002
    assert noise_level(rod + 0.004 * rng.normal(size=rod.shape)) == pytest.approx(0.004, rel=0.3)
    sheets = np.column_stack([rng.random((7000, 2)), rng.choice([0.0, 0.012], 7000)])
    sheets[:, 2] += 0.0015 * rng.normal(size=7000)
    assert noise_level(sheets) == pytest.approx(0.0015, rel=0.6)
