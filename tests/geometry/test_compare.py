"""Metrics against distances known in closed form, and against a slow way to compute them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from levelset_core import LevelsetError, cli
from levelset_core.data import PointCloud, sample_surface
from levelset_core.geometry import Mesh, compare, distance_to, write_mesh


def ball(radius: float, centre: tuple[float, float, float] = (0, 0, 0)) -> Mesh:
    solid = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return Mesh(solid.vertices + centre, solid.faces)


def square(height: float = 0.0, side: float = 1.0) -> Mesh:
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]])
    return Mesh(np.column_stack([corners, np.full(4, height)]), [[0, 1, 2], [0, 2, 3]])


def brute_force(points: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Point to triangle by densely sampling every triangle."""
    t = np.linspace(0, 1, 60)
    u, v = (w.ravel() for w in np.meshgrid(t, t))
    u, v = u[u + v <= 1], v[u + v <= 1]
    a, b, c = mesh.triangles.swapaxes(0, 1)
    cover = a[:, None] + u[:, None] * (b - a)[:, None] + v[:, None] * (c - a)[:, None]
    gaps = points[:, None] - cover.reshape(1, -1, 3)
    return np.linalg.norm(gaps, axis=2).min(1)


def test_parallel_squares_are_their_height_apart():
    found = compare(square(0.0), square(0.25), threshold=0.3, samples=5000)
    assert found.point_to_surface == pytest.approx(0.25)
    assert found.hausdorff == pytest.approx(0.25)
    assert found.f_score == 1.0
    assert found.normal_consistency == pytest.approx(1.0)
    assert compare(square(0.0), square(0.25), threshold=0.2, samples=500).f_score == 0.0


def test_concentric_balls():
    found = compare(ball(1.0), ball(1.1), samples=5000, threshold=0.05)
    assert found.point_to_surface == pytest.approx(0.1, rel=0.02)
    assert found.normal_consistency == pytest.approx(1.0, abs=5e-3)
    assert found.f_score == 0.0


def test_chamfer_is_both_ways_times_1000_in_both_norms():
    x = np.array([[0.0, 0, 0], [1, 0, 0], [4, 1, 0]])
    y = np.array([[0.0, 0.3, 0.4], [1, 0, 0]])
    found = compare(x, y)
    # x -> y: 0.5, 0, sqrt(10); y -> x: 0.5, 0. In L1: 0.7, 0, 4; 0.7, 0.
    assert found.chamfer_l2 == pytest.approx(1000 * ((0.5 + np.sqrt(10)) / 3 + 0.25))
    assert found.chamfer_l1 == pytest.approx(1000 * ((0.7 + 4) / 3 + 0.35))
    assert found.hausdorff == pytest.approx(np.sqrt(10))
    assert found.normal_consistency is None


def test_the_floor_is_what_two_samplings_of_one_surface_give():
    # Neighbours in a Poisson process of density n on a plane are 1 / (2 sqrt n) away on average.
    found = compare(square(), square())
    assert found.chamfer_l2 == pytest.approx(2 * 1000 * 0.5 / np.sqrt(30_000), rel=0.02)
    assert found.point_to_surface == pytest.approx(0, abs=1e-12)


def test_open_truths_count_what_lies_beyond_them():
    small, large = square(0.0, 1.0), square(0.0, 2.0)
    found = compare(large, small, samples=20_000)
    assert found.completeness == pytest.approx(0, abs=1e-12)
    # Of [0, 2]^2 a quarter lies on [0, 1]^2, half at a mean of 1/2, a quarter at 0.7652 from
    # the corner.
    assert found.accuracy == pytest.approx(0.25 + 0.25 * 0.7652, rel=0.02)


def test_the_same_seed_gives_the_same_figures():
    a, b = ball(1.0), ball(1.01, (0.01, 0, 0))
    assert compare(a, b, samples=2000, seed=3) == compare(a, b, samples=2000, seed=3)
    assert compare(a, b, samples=2000, seed=3) != compare(a, b, samples=2000, seed=4)


def test_clouds_and_meshes_mix():
    mesh = ball(1.0)
    cloud = sample_surface(mesh, 40_000, seed=5)
    found = compare(cloud, mesh, samples=10_000)
    assert found.accuracy == pytest.approx(0, abs=1e-9)
    assert 0 < found.completeness < 0.02  # to the nearest of the cloud's points
    assert found.normal_consistency == pytest.approx(1, abs=1e-2)
    assert compare(cloud.without_normals(), mesh, samples=100).normal_consistency is None


@given(st.integers(0, 2**32 - 1))
def test_distances_to_triangles_are_exact(seed):
    rng = np.random.default_rng(seed)
    mesh = Mesh(rng.normal(size=(6, 3)), rng.permuted(np.tile(np.arange(6), (4, 1)), axis=1)[:, :3])
    points = rng.normal(size=(20, 3)) * 2
    exact, cover = distance_to(points, mesh), brute_force(points, mesh)
    assert (exact <= cover + 1e-9).all()
    np.testing.assert_allclose(exact, cover, atol=0.1)


def test_faces_without_area_do_no_harm():
    mesh = square()
    mesh = Mesh(mesh.vertices, np.concatenate([mesh.faces, [[0, 0, 1], [2, 2, 2]]]))
    np.testing.assert_allclose(distance_to(np.array([[0.5, 0.5, 3.0]]), mesh), 3.0)


@pytest.mark.parametrize(
    ("a", "b", "options", "what"),
    [
        (Mesh.empty(), np.zeros((3, 3)), {}, "0 faces"),
        (np.zeros((0, 3)), np.zeros((3, 3)), {}, "non-empty"),
        (np.zeros((3, 2)), np.zeros((3, 3)), {}, r"\(3, 2\)"),
        (np.zeros((3, 3)), np.full((3, 3), np.nan), {}, "finite"),
        (np.zeros((3, 3)), np.zeros((3, 3)), {"samples": 0}, "positive"),
        (np.zeros((3, 3)), np.zeros((3, 3)), {"threshold": -1.0}, "positive"),
    ],
)
def test_what_cannot_be_compared(a, b, options, what):
    with pytest.raises(LevelsetError, match=what):
        compare(a, b, **options)


def test_a_polygon_of_very_many_corners_is_refused_before_it_takes_all_memory():
    angles = np.linspace(0, 2 * np.pi, 300_000, endpoint=False)
    rim = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    first = np.arange(1, len(rim) - 1)
    fan = Mesh(rim, np.stack([0 * first, first, first + 1], axis=1))
    with pytest.raises(LevelsetError, match="has 299,998 faces, too long or too many in one place"):
        distance_to(np.zeros((1, 3)), fan)
    same = Mesh(rim[:: len(rim) // 3], np.tile([[0, 1, 2]], (30_000, 1)))
    with pytest.raises(LevelsetError, match="has 30,000 faces, too long or too many"):
        distance_to(np.zeros((1, 3)), same)
    few = Mesh(rim[::100], fan.faces[: len(rim) // 100 - 2])
    assert distance_to(np.array([[0.0, 0.0, 0.5]]), few) == pytest.approx(0.5)


def test_the_verb_prints_one_json_object(tmp_path, capsys):
    write_mesh(ball(1.0), tmp_path / "a.ply")
    write_mesh(ball(1.1), tmp_path / "b.stl")
    files = [str(tmp_path / name) for name in ("a.ply", "b.stl")]
    assert cli.main(["compare", *files, "--json", "--samples", "3000"]) == cli.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["point_to_surface"] == pytest.approx(0.1, rel=0.02)
    keys = "chamfer_l1 chamfer_l2 hausdorff normal_consistency f_score point_to_surface"
    assert set(keys.split()) <= found.keys()
    assert cli.main(["compare", *files, "--samples", "3000"]) == cli.DONE
    assert "point_to_surface    0.09990" in capsys.readouterr().out


def test_more_samples_than_fit_are_refused_in_one_sentence(tmp_path, capsys):
    path = tmp_path / "a.ply"
    write_mesh(ball(1.0), path)
    assert cli.main(["compare", str(path), str(path), "--samples", str(10**14)]) == cli.BAD_INPUT
    assert "more memory than there is" in capsys.readouterr().err


def test_the_verb_refuses_in_one_sentence(tmp_path, capsys):
    cloud = PointCloud(np.random.default_rng(0).normal(size=(50, 3)))
    np.save(tmp_path / "a.npy", cloud.points)
    (tmp_path / "b.ply").write_text("no mesh")
    for other, what in (("b.ply", "no PLY file"), ("c.ply", "no such file")):
        arguments = ["compare", str(tmp_path / "a.npy"), str(tmp_path / other)]
        assert cli.main(arguments) == cli.BAD_INPUT
        out, err = capsys.readouterr()
        assert not out and err.count("\n") == 1 and what in err
