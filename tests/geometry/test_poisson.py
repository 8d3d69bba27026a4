"""Screened Poisson: on a sphere where Open3D is there, and one sentence where it is not."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from levelset_core.errors import LevelsetError
from levelset_core.geometry import components, poisson_surface


@pytest.fixture
def sphere() -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 3))
    x *= rng.normal(1, 1e-3, (3000, 1)) / np.linalg.norm(x, axis=1, keepdims=True)
    return x + np.array([0.0, 0.0, 5.0])


@pytest.fixture
def open3d() -> None:
    """The optional extra, or no test."""
    try:
        poisson_surface(np.eye(4, 3), np.eye(4, 3), depth=2)
    except LevelsetError as error:
        if "Open3D" in str(error):
            pytest.skip(str(error))


@pytest.mark.usefixtures("open3d")
@pytest.mark.parametrize("oriented", [False, True])
def test_a_sphere_comes_back_turned_outward(sphere, oriented):
    middle = np.array([0.0, 0.0, 5.0])
    mesh = poisson_surface(sphere, sphere - middle if oriented else None, depth=6)
    radius = np.linalg.norm(mesh.vertices - middle, axis=1)
    np.testing.assert_allclose(radius, 1, atol=0.01)
    assert len(components(mesh)) == 1
    outward = np.einsum("ij,ij->i", mesh.face_normals, mesh.triangles.mean(1) - middle)
    assert np.median(outward) > 0.99


@pytest.mark.usefixtures("open3d")
def test_an_open_side_can_be_cut_off(sphere):
    cap = sphere[sphere[:, 2] > 4.5]
    normals = cap - [0.0, 0.0, 5.0]
    whole, cut = (poisson_surface(cap, normals, depth=6, trimmed=part) for part in (0.0, 0.2))
    assert cut.vertices[:, 2].min() > whole.vertices[:, 2].min() + 0.1


def test_without_open3d_one_sentence_says_what_to_install(sphere, monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(LevelsetError, match=r"levelset-lab\[poisson\]"):
        poisson_surface(sphere)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"points": np.zeros((3, 3))}, r"\(3, 3\)"),
        ({"points": np.full((9, 3), np.nan)}, "finite points"),
        ({"normals": np.zeros((2, 3))}, r"\(2, 3\)"),
        ({"depth": 20}, "got 20"),
        ({"trimmed": 1.0}, "1.0"),
    ],
)
def test_impossible_requests(sphere, arguments, what):
    with pytest.raises(LevelsetError, match=what):
        poisson_surface(**{"points": sphere, "depth": 5, **arguments})


@pytest.mark.usefixtures("open3d")
def test_far_away_it_is_the_same_surface(sphere):
    place = np.array([1e7, 4.5e6, 0.0])
    near, far = (poisson_surface(sphere + shift, depth=5) for shift in (np.zeros(3), place))
    assert len(near.faces) == pytest.approx(len(far.faces), rel=0.02)
    radius = np.linalg.norm(far.vertices - place - [0.0, 0.0, 5.0], axis=1)
    np.testing.assert_allclose(radius, 1, atol=0.03)
