"""Meshes, polylines and pieces, against solids known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from levelset_core import LevelsetError
from levelset_core.geometry import (
    Mesh,
    Polyline,
    components,
    keep_components,
    remove_small_components,
)


def box(size: float = 1.0, centre: tuple[float, float, float] = (0, 0, 0)) -> Mesh:
    solid = trimesh.creation.box((size,) * 3)
    return Mesh(solid.vertices + centre, solid.faces)


def joined(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0, *(len(m.vertices) for m in meshes)])
    faces = [m.faces + start for m, start in zip(meshes, starts, strict=False)]
    return Mesh(np.concatenate([m.vertices for m in meshes]), np.concatenate(faces))


def test_area_bounds_and_normals_of_a_box():
    mesh = box(2.0, (1, 2, 3))
    assert mesh.area == pytest.approx(24)
    np.testing.assert_allclose(mesh.bounds, [[0, 1, 2], [2, 3, 4]])
    np.testing.assert_allclose(np.abs(mesh.face_normals).max(1), 1)
    outward = mesh.triangles.mean(1) - [1, 2, 3]
    assert (np.einsum("ij,ij->i", mesh.face_normals, outward) > 0).all()
    outward = mesh.vertices - [1, 2, 3]
    assert (np.einsum("ij,ij->i", mesh.vertex_normals, outward) > 0).all()


def test_moving_undoes_a_normalization():
    mesh = box().moved(3.0, np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(mesh.bounds, [[-0.5, -1.5, -1.5], [2.5, 1.5, 1.5]])
    assert mesh.area == pytest.approx(54)


def test_pieces_are_listed_by_area_and_the_small_ones_go():
    mesh = joined(box(0.1, (3, 0, 0)), box(1.0), box(0.5, (0, 3, 0)))
    pieces = components(mesh)
    assert [round(p.area, 6) for p in pieces] == [6.0, 1.5, 0.06]
    np.testing.assert_allclose(pieces[2].bounds, [[2.95, -0.05, -0.05], [3.05, 0.05, 0.05]])
    assert remove_small_components(mesh, 0.1).area == pytest.approx(7.5)
    assert remove_small_components(mesh, 0.0).area == pytest.approx(7.56)
    only = keep_components(mesh, [pieces[1]])
    assert len(only.vertices) == 8 and only.bounds[1, 1] == 3.25
    assert components(Mesh.empty()) == []


def test_selection_takes_normals_and_values_along():
    mesh = joined(box(), box(1.0, (5, 0, 0)))
    mesh = Mesh(mesh.vertices, mesh.faces, mesh.vertex_normals, mesh.vertices[:, 0])
    right = mesh.select_faces(mesh.triangles[:, 0, 0] > 2)
    np.testing.assert_array_equal(right.values, right.vertices[:, 0])
    assert right.normals is not None and len(right.normals) == 8


def test_lengths_of_polylines():
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    assert Polyline(square, True).length == pytest.approx(4)
    assert Polyline(square, False).length == pytest.approx(3)
    assert Polyline(square, True).moved(2.0, np.zeros(2)).length == pytest.approx(8)
    assert Polyline(square, True).segments.shape == (4, 2, 2)


@pytest.mark.parametrize(
    ("build", "what"),
    [
        (lambda: Mesh(np.zeros((3, 2)), np.zeros((1, 3))), "vertices are"),
        (lambda: Mesh(np.zeros((3, 3)), np.array([[0, 1, 3]])), "there are 3"),
        (lambda: Mesh(np.zeros((3, 3)), np.array([[0, 1]])), "faces are"),
        (lambda: Mesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])), "must be finite"),
        (lambda: Mesh(np.zeros((3, 3)), [[0, 1, 2]], np.zeros((2, 3))), "2 for 3 vertices"),
        (lambda: Mesh(np.zeros((3, 3)), [[0, 1, 2]], None, np.zeros(2)), "one a vertex"),
        (lambda: Polyline(np.zeros((2, 3)), True), "at least 3"),
        (lambda: Polyline(np.zeros((1, 3)), False), "at least 2"),
        (lambda: remove_small_components(box(), 2.0), "got 2.0"),
    ],
)
def test_what_is_no_mesh_is_refused(build, what):
    with pytest.raises(LevelsetError, match=what):
        build()
