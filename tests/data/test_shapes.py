"""Generated shapes: their topology and where their points lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.data import SURFACES, closed_spline, helix, make_surface, trefoil
from levelset_core.errors import LevelsetError
from levelset_core.geometry import components


def euler(mesh):
    edges = np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, 1:], mesh.faces[:, ::2]])
    return len(mesh.vertices) - len(np.unique(np.sort(edges, axis=1), axis=0)) + len(mesh.faces)


@pytest.mark.parametrize(("name", "genus"), [("genus_two", 2), ("flange", 7)])
def test_surfaces_have_their_genus_and_face_outward(name, genus):
    mesh = make_surface(name, 64)
    assert len(components(mesh)) == 1
    assert euler(mesh) == 2 - 2 * genus
    assert np.abs(mesh.vertices).max() < 1
    volume = np.einsum(
        "ij,ij->", mesh.triangles[:, 0], mesh.face_normals * mesh.face_areas[:, None]
    )
    assert volume > 0
    values = SURFACES[name](torch.from_numpy(mesh.vertices))
    assert values.abs().median() < 1e-5


def test_the_flange_is_solid_between_its_holes():
    holes = [[0, 0, 0], [0.64, 0, -0.3], [0.32, 0.554, -0.3]]  # the bore, and two bolts
    outside = [[0.74, 0.43, 0.2], [0.62, 0.36, -0.45]]  # above the plate and below it
    solid = [[0.33, 0, 0.3], [0.554, 0.32, -0.3]]  # the hub, and the plate between two bolts
    value = SURFACES["flange"](torch.tensor([*holes, *outside, *solid], dtype=torch.float64))
    assert (value[:5] > 0.01).all() and (value[5:] < -0.04).all()


def test_the_trefoil_has_three_fold_symmetry_and_no_doubled_point():
    curve = trefoil(999)
    assert curve.closed and curve.points.shape == (999, 3)
    turn = 2 * np.pi / 3
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned = np.concatenate([curve.points[:, :2] @ rotation.T, curve.points[:, 2:]], axis=1)
    gaps = np.linalg.norm(turned[:, None] - curve.points[None], axis=2).min(1)
    assert gaps.max() < 1e-9
    assert np.linalg.norm(np.diff(curve.points, axis=0), axis=1).min() > 1e-3


def test_the_helix_has_its_length_and_is_open():
    curve = helix(4000, turns=2)
    assert not curve.closed
    assert curve.length == pytest.approx(np.hypot(2 * np.pi * 2 * 0.6, 1.6), rel=1e-5)


def test_the_spline_closes_smoothly_and_follows_its_seed():
    curve = closed_spline(4000, seed=1)
    steps = np.diff(np.concatenate([curve.points, curve.points[:2]]), axis=0)
    turns = np.linalg.norm(np.diff(steps, axis=0), axis=1) / np.linalg.norm(steps[1:], axis=1)
    assert turns[-2:].max() <= 2 * turns.max()  # the seam bends no more than the rest
    np.testing.assert_array_equal(curve.points, closed_spline(4000, seed=1).points)
    assert not np.allclose(curve.points, closed_spline(4000, seed=2).points)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: make_surface("cube"), "'cube'"),
        (lambda: closed_spline(knots=2), "got 2"),
        (lambda: closed_spline(5, knots=8), "8 and 5"),
    ],
)
def test_impossible_shapes(call, what):
    with pytest.raises(LevelsetError, match=what):
        call()
