"""Half solid angles against closed forms and against what topology asks."""

from __future__ import annotations

import numpy as np
import pytest

from levelset_core.data.shapes import trefoil
from levelset_core.geometry.curves.solid_angle import half_angle

T = 2 * np.pi * np.arange(600) / 600
FLAT = np.stack([np.cos(T), np.sin(T), 0 * T], axis=1)
LINKED = np.stack([1 + np.cos(T), 0 * T, np.sin(T)], axis=1)


def test_a_disc_seen_from_its_axis():
    z = np.array([-2.0, -0.7, 0.1, 0.5, 3.0])
    found = np.exp(1j * half_angle(np.stack([0 * z, 0 * z, z], axis=1), [FLAT]))
    exact = np.pi * (1 - np.abs(z) / np.hypot(1, z)) * np.sign(z)
    # The sign is the orientation's.
    np.testing.assert_allclose(found, np.exp(-1j * exact), atol=1e-4)


@pytest.mark.parametrize("rings", [[FLAT], [FLAT, LINKED], [trefoil(600).points]])
def test_once_round_the_curve_it_grows_by_a_full_turn(rings):
    ring = rings[0]
    for k in (3, 200, 410):
        tangent = ring[k + 1] - ring[k - 1]
        u = np.cross(tangent, [0.3, 0.5, 0.8])
        v = np.cross(tangent, u)
        u, v = u / np.linalg.norm(u), v / np.linalg.norm(v)
        loop = ring[k] + 0.1 * (np.cos(T)[:, None] * u + np.sin(T)[:, None] * v)
        angles = np.unwrap(half_angle(np.concatenate([loop, loop[:1]]), rings))
        assert abs(angles[-1] - angles[0]) == pytest.approx(2 * np.pi, abs=1e-2)
        # Around and off the curve it grows evenly, but for the pull of its curvature.
        assert np.abs(np.diff(angles)).max() < 6 * 2 * np.pi / 600


def test_off_the_curves_it_is_smooth():
    line = np.stack([np.linspace(-3, 3, 4000), 0.21 + 0 * np.linspace(0, 1, 4000),
                     0.33 + 0 * np.linspace(0, 1, 4000)], axis=1)  # fmt: skip
    turns = np.exp(1j * half_angle(line, [FLAT, LINKED]))
    assert np.abs(np.diff(turns)).max() < 0.02


def test_in_the_plane_its_cosine_is_a_side():
    inner = 0.5 * FLAT[:, :2]
    x = np.array([[0, 0], [0.7, 0.1], [1.2, 0], [-3, 2]])
    np.testing.assert_allclose(np.cos(half_angle(x, [FLAT[:, :2]])), [-1, -1, 1, 1], atol=1e-9)
    both = np.cos(half_angle(x, [FLAT[:, :2], inner]))
    np.testing.assert_allclose(both, [1, -1, 1, 1], atol=1e-9)
