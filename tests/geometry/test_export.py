"""Files as other programs read them: trimesh and PyVista."""

from __future__ import annotations

import io

import numpy as np
import pytest
import pyvista
import trimesh

from levelset_core import LevelsetError
from levelset_core.geometry import (
    Mesh,
    Polyline,
    mesh_bytes,
    polyline_bytes,
    write_mesh,
    write_polyline,
)
from levelset_core.geometry.export import how_written

BALL = trimesh.creation.icosphere()
MESH = Mesh(BALL.vertices, BALL.faces, BALL.vertices)
RING = Polyline(np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0.5]]), closed=True)
PATH = Polyline(np.array([[0.0, 0, 1], [1, 0, 1]]), closed=False)


@pytest.mark.parametrize("kind", ["ply", "obj", "stl", "glb"])
def test_meshes_open_elsewhere(kind, tmp_path):
    path = tmp_path / f"ball.{kind}"
    write_mesh(MESH, path)
    (read,) = trimesh.load_scene(path, process=False).geometry.values()
    assert len(read.faces) == len(MESH.faces)
    assert read.area == pytest.approx(MESH.area, rel=1e-5)
    assert read.volume == pytest.approx(BALL.volume, rel=1e-5)  # and the same side is out
    if kind != "stl":
        np.testing.assert_allclose(read.vertices, MESH.vertices, atol=1e-6)
        np.testing.assert_allclose(read.vertex_normals, MESH.normals, atol=1e-5)


def test_lines_open_elsewhere(tmp_path):
    write_polyline([RING, PATH], tmp_path / "lines.obj")
    read = pyvista.read(tmp_path / "lines.obj")
    assert read.n_points == 5 and read.n_lines == 2
    np.testing.assert_array_equal(read.lines, [4, 0, 1, 2, 0, 2, 3, 4])
    csv = io.BytesIO(polyline_bytes([RING, PATH], "csv"))
    table = np.genfromtxt(csv, delimiter=",", names=True)
    assert table.dtype.names == ("line", "x", "y", "z")
    np.testing.assert_array_equal(table["line"], [0, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(table["z"], [0, 0, 0.5, 0, 1, 1])
    ply = polyline_bytes(RING, "ply").decode().splitlines()
    assert "element edge 3" in ply and ply[-3:] == ["0 1", "1 2", "2 0"]


def test_lines_in_the_plane():
    flat = Polyline(np.eye(2), closed=False)
    assert polyline_bytes(flat, "csv").decode() == "line,x,y\n0,1,0\n0,0,1\n"
    assert polyline_bytes(flat, "obj").decode() == "v 1 0 0\nv 0 1 0\nl 1 2\n"


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: mesh_bytes(MESH, "dwg"), "'dwg'"),
        (lambda: mesh_bytes(Mesh.empty(), "ply"), "empty"),
        (lambda: polyline_bytes(RING, "stl"), "'stl'"),
        (lambda: polyline_bytes([], "csv"), "no curve"),
        (lambda: write_mesh(MESH, "no/such/folder/a.ply"), "cannot be written"),
    ],
)
def test_what_cannot_be_written(call, what):
    with pytest.raises(LevelsetError, match=what):
        call()


@pytest.mark.parametrize("kind", ["ply", "obj", "stl", "glb"])
@pytest.mark.parametrize("offset", [0.0, 100.0, 1e7])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_meshes_are_in_place_with_their_colours(kind, offset, scale):
    place = scale * offset * np.array([1.0, 0.45, -0.1])
    colours = np.random.default_rng(0).integers(0, 256, (len(BALL.vertices), 3)).astype(np.uint8)
    mesh = Mesh(scale * BALL.vertices + place, BALL.faces, BALL.vertices, colours=colours)
    data = mesh_bytes(mesh, kind, scalars={"intensity": np.arange(len(BALL.vertices))})
    read = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False).to_mesh()
    corners = read.vertices[read.faces]
    edge = np.median(np.linalg.norm(mesh.triangles[:, 0] - mesh.triangles[:, 1], axis=1))
    assert np.abs(corners - mesh.triangles).max() < 2e-3 * edge
    merged = trimesh.Trimesh((read.vertices - place) / scale, read.faces)
    merged.merge_vertices()
    assert merged.is_watertight and merged.is_winding_consistent
    if kind != "stl":
        seen = np.asarray(read.visual.vertex_colors)[:, :3]
        assert np.abs(seen.astype(int) - colours).max() <= 1
    assert (how_written(mesh, kind) is None) == (offset < 1e7)
    assert (b"property double x" in data[:400]) == (kind == "ply" and offset == 1e7)


@pytest.mark.parametrize("kind", ["csv", "obj", "ply"])
def test_lines_are_in_place(kind):
    t = np.linspace(0.01, 6, 100)
    far = np.stack([np.cos(t), np.sin(t), t], axis=1) + np.array([1e7, 4.5e6, 3.0])
    data = polyline_bytes(Polyline(far, closed=False), kind).decode()
    rows = [line.replace(",", " ").split()[-3:] for line in data.splitlines()]
    read = np.array([[float(w) for w in row] for row in rows if len(row) == 3 and "." in row[0]])
    assert np.abs(read - far).max() < 1e-5


@pytest.mark.parametrize("kind", ["ply", "obj", "stl", "glb"])
def test_a_sentence_goes_into_the_file(kind):
    mesh = Mesh(BALL.vertices + np.array([403_600.0, 4_503_700.0, 100.0]), BALL.faces)
    data = mesh_bytes(mesh, kind, told="Trimmed at 2 spacings:\n3 rims – µm.")
    assert (b"Trimmed at 2 spacings: 3 rims ? ?m." in data) == (kind in ("ply", "obj"))
    assert (b'"told":"Trimmed at 2 spacings:' in data) == (kind == "glb")
    assert (b'"shift":[403600.0,4503700.0,100.0]' in data) == (kind == "glb")
    assert len(trimesh.load_scene(io.BytesIO(data), file_type=kind).to_mesh().faces)
