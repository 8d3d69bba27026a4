"""Every format read back; every kind of bad input refused in one sentence."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import trimesh

from levelset_core import LevelsetError
from levelset_core.data.formats import table
from levelset_core.data.pointclouds import PointCloud
from levelset_core.data.readers import read_geometry, read_point_cloud
from levelset_core.geometry import Mesh, mesh_bytes

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(200, 3)).round(5)
NORMALS = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)


def text(rows: np.ndarray, mark: str = " ", heading: str = "") -> bytes:
    lines = [mark.join(f"{x:.5f}" for x in row) for row in rows]
    return "\n".join([*([heading] if heading else []), *lines]).encode()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def npy(array: np.ndarray, **options: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def ply(points: np.ndarray = POINTS, extra: str = "", rows: np.ndarray | None = None) -> bytes:
    """ASCII, with further properties."""
    names = ["x", "y", "z", *extra.split()]
    header = ["ply", "format ascii 1.0", f"element vertex {len(points)}"]
    header += [f"property double {name}" for name in names] + ["end_header"]
    return "\n".join(header).encode() + b"\n" + text(points if rows is None else rows) + b"\n"


BINARY_PLY = trimesh.PointCloud(POINTS).export(file_type="ply")
BOX = trimesh.creation.box()
MESH = Mesh(BOX.vertices, BOX.faces)


def read(data: bytes, name: str, **options):
    return read_point_cloud(io.BytesIO(data), name, **options)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (text(POINTS), "a.xyz"),
        (text(POINTS, ",", "x,y,z"), "a.csv"),
        (text(POINTS, ";"), "a.txt"),
        (b"# by hand\n\n" + text(POINTS, "\t") + b"\n\n", "A.TXT"),
        (b"200\n" + text(POINTS), "a.pts"),
        (b"\xef\xbb\xbf" + text(POINTS, ", "), "a.csv"),
        (text(np.hstack([POINTS, 255 * np.abs(NORMALS)])), "a.xyz"),  # colours are no normals
        (npy(POINTS), "a.npy"),
        (npz(points=POINTS), "a.npz"),
        (npz(whatever=POINTS), "a.npz"),
        (ply(), "a.ply"),
        (BINARY_PLY, "a.ply"),
        (b"\n".join(b"v %.5f %.5f %.5f" % tuple(p) for p in POINTS), "a.obj"),
    ],
)
def test_clouds_in_every_format(data, name):
    cloud = read(data, name)
    np.testing.assert_allclose(cloud.points, POINTS, atol=1e-6)
    assert cloud.normals is None and cloud.source == name
    assert cloud.non_finite == cloud.duplicates == 0


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (text(np.hstack([POINTS, NORMALS])), "a.xyz"),
        (text(np.hstack([POINTS, NORMALS]), ",", "x,y,z,nx,ny,nz"), "a.csv"),
        (npy(np.hstack([POINTS, NORMALS])), "a.npy"),
        (npz(xyz=POINTS, normals=NORMALS), "a.npz"),
        (ply(extra="nx ny nz", rows=np.hstack([POINTS, NORMALS])), "a.ply"),
    ],
)
def test_normals_are_kept(data, name):
    cloud = read(data, name)
    np.testing.assert_allclose(cloud.points, POINTS, atol=1e-6)
    np.testing.assert_allclose(cloud.normals, NORMALS, atol=1e-4)


def test_points_in_the_plane():
    assert read(text(POINTS[:, :2]), "a.xyz").points.shape == (200, 2)


@pytest.mark.parametrize("kind", ["ply", "obj", "stl", "off"])
def test_meshes_in_every_format(kind):
    data = BOX.export(file_type=kind)
    data = data if isinstance(data, bytes) else data.encode()
    mesh = read_geometry(io.BytesIO(data), f"box.{kind}")
    assert isinstance(mesh, Mesh)
    assert len(mesh.vertices) == 8 and len(mesh.faces) == 12  # STL's corners are joined
    assert mesh.area == pytest.approx(6)
    cloud = read(data, f"box.{kind}", samples=500)
    np.testing.assert_allclose(np.abs(cloud.points).max(1), 0.5, atol=1e-6)
    assert len(cloud) == 500 and cloud.normals is not None
    assert len(np.unique(cloud.points.round(9), axis=0)) == 500
    again = read(data, f"box.{kind}", samples=500)
    np.testing.assert_array_equal(cloud.points, again.points)


def test_a_mesh_may_give_its_vertices():
    ball = trimesh.creation.icosphere()
    data = ball.export(file_type="ply")
    assert len(read(data, "ball.ply", samples=None)) == len(ball.vertices)


def test_a_mesh_in_an_archive():
    mesh = read_geometry(io.BytesIO(npz(vertices=BOX.vertices, faces=BOX.faces)), "box.npz")
    assert isinstance(mesh, Mesh) and mesh.area == pytest.approx(6)


def test_a_path_is_read_too(tmp_path):
    (tmp_path / "scan.xyz").write_bytes(text(POINTS))
    assert read_point_cloud(tmp_path / "scan.xyz").source == "scan.xyz"
    assert len(read_point_cloud(str(tmp_path / "scan.xyz"))) == 200


def test_what_is_dropped_is_counted():
    rows = np.concatenate([POINTS, POINTS[:7], np.full((3, 3), np.nan), [[np.inf, 0, 0]]])
    cloud = read(npy(rows), "a.npy")
    assert (len(cloud), cloud.duplicates, cloud.non_finite) == (200, 7, 4)
    np.testing.assert_array_equal(cloud.points, POINTS)


def test_faces_with_damaged_corners_are_left_out():
    vertices = np.array(BOX.vertices)
    vertices[0] = np.nan
    mesh = read_geometry(io.BytesIO(npz(vertices=vertices, faces=BOX.faces)), "box.npz")
    assert isinstance(mesh, Mesh)
    assert len(mesh.vertices) == 7 and 0 < len(mesh.faces) < 12


def plane() -> np.ndarray:
    tilted = POINTS.copy()
    tilted[:, 2] = 0.3 * tilted[:, 0] - 0.2 * tilted[:, 1] + 5
    return tilted.astype(np.float32)


#: A triangle whose last corner is to be filled in.
CORNERS = (
    b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
    b"property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
    b"0 0 0\n1 0 0\n0 1 0\n3 0 1 %s\n"
)
BAD = [
    (b"", "a.ply", "the file is empty"),
    (b"", "a.npz", "the file is empty"),
    (text(POINTS[:3]), "a.xyz", "3 different points are too few"),
    (npy(np.full((50, 3), np.nan)), "a.npy", "50 of 50 points are not finite"),
    (text(np.full((50, 3), np.nan)), "a.xyz", "50 of 50 points are not finite"),
    (b"Dear all,\nthis is no mesh.\n", "a.ply", "this is no PLY file"),
    (b"ply\nformat ascii 1.0\n", "a.ply", "has no end"),
    (b"ply\nformat ascii 1.0\nelement vertex two\nend_header\n", "a.ply", "makes no sense"),
    (b"ply\nformat ascii 1.0\nelement face 3\nend_header\n", "a.ply", "no vertices"),
    (b"ply\nformat morse 1.0\nelement vertex 3\nend_header\n", "a.ply", "no known format"),
    (BINARY_PLY[:-100], "a.ply", "the file is cut off"),
    (BOX.export(file_type="ply")[:-30], "a.ply", "the file is cut off"),
    (ply()[:-500], "a.ply", "the file is cut off"),
    (npy(np.ones((50, 3))), "a.npy", "all 50 points are at the same place"),
    (npy(plane()), "a.npy", "all points lie in one plane"),
    (text(plane()), "a.xyz", "all points lie in one plane"),
    (npy(POINTS[:, :1] * [1.0, 2.0, -1.0] + 7), "a.npy", "all points lie on one line"),
    (npy(POINTS[:, :2]), "a.npy", "all points lie in one plane"),
    (npz(points=np.array([{}, None])), "a.npz", "pickled Python objects"),
    (npz(vertices=POINTS, faces=np.array([[0.0, 1, 2.5]])), "a.npz", "whole numbers, got 2.5"),
    (npz(vertices=POINTS, faces=np.array([[0, 1, np.nan]])), "a.npz", "whole numbers, got nan"),
    (CORNERS % b"inf", "a.ply", "whole numbers, got inf"),
    (CORNERS % (b"9" * 400), "a.ply", "whole numbers, got inf"),
    (CORNERS % b"1.5", "a.ply", "whole numbers, got 1.5"),
    (npy(np.array([{}]), allow_pickle=True), "a.npy", "pickled Python objects"),
    (npz(points=np.array(["a", "b"])), "a.npz", "not of numbers"),
    (npz(points=np.zeros((4, 4, 4))), "a.npz", r"points are \(n, 2\) or"),
    (npz(other=np.zeros((4, 4, 4))), "a.npz", "no .n, 3. array"),
    (npz(points=POINTS)[:-200], "a.npz", "no readable NumPy file|damaged"),
    (b"PK\x03\x04 nonsense", "a.npz", "NumPy file|damaged"),
    (b"just text", "a.npy", "no readable NumPy file"),
    (b"solid of nothing", "a.stl", "no points found|no readable"),
    (b"OFF of course", "a.off", "no points found|no readable"),
    (b"nothing here", "a.obj", "no points found|no readable"),
    (b"# only a comment\n", "a.txt", "no points found"),
    (b"x y z\n", "a.txt", "no points found"),
    (b"1 2 3\n4 5\n", "a.txt", "same count of numbers"),
    (b"1 2 3\nfour five six\n", "a.txt", "line 2, .four five six"),
    (b"1\n2\n3\n", "a.csv", "two or three numbers"),
    (bytes(range(256)), "a.txt", "no text file"),
    (text(POINTS), "a.doc", r"ending in \.doc are not read"),
    (text(POINTS), "points", "ending in nothing"),
]


@pytest.mark.parametrize(("data", "name", "what"), BAD)
def test_bad_input_is_one_sentence(data, name, what):
    with pytest.raises(LevelsetError, match=what) as raised:
        read(data, name, purpose="surface")
    message = str(raised.value)
    assert message.startswith((name, "files")) and message.endswith(".") and "\n" not in message


def test_a_plane_may_hold_a_curve():
    assert len(read(npy(plane()), "a.npy", purpose="curve")) == 200
    with pytest.raises(LevelsetError, match="on one line"):
        read(npy(POINTS[:, :1] * [1.0, 2.0]), "a.npy", purpose="curve")


def test_a_missing_file_and_a_nameless_one():
    with pytest.raises(LevelsetError, match=r"^gone\.ply: there is no such file\.$"):
        read_point_cloud("nowhere/gone.ply")
    with pytest.raises(LevelsetError, match="needs a name"):
        read_point_cloud(io.BytesIO(b"1 2 3"))


def test_a_huge_upload_is_refused_unread():
    class Huge(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return 2 << 30 if whence == io.SEEK_END else super().seek(offset, whence)

        def read(self, *_: object) -> bytes:
            raise AssertionError("a file this large is not read")

    with pytest.raises(LevelsetError, match=r"^scan\.ply: 2048 MB are too many"):
        read_point_cloud(Huge(), "scan.ply")


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "scan.xyz"
    with path.open("wb") as file:
        file.truncate(2 << 30)  # sparse: takes no room
    with pytest.raises(LevelsetError, match="2048 MB are too many"):
        read_point_cloud(path)


def test_too_many_points_and_bombs(monkeypatch):
    monkeypatch.setattr(table, "MAX_POINTS", 100)
    for data, name in ((BINARY_PLY, "a.ply"), (text(POINTS), "a.xyz"), (npy(POINTS), "a.npy")):
        with pytest.raises(LevelsetError, match="200 points are too many, at most 100"):
            read(data, name)
    monkeypatch.setattr(table, "MAX_BYTES", 1 << 20)
    with pytest.raises(LevelsetError, match="unpacked are too many"):
        read(npz(points=np.zeros((100_000, 3))), "a.npz")


def test_of_many_materials_none_is_kept():
    rows = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
    faces = (b"f 1 2 3\n", b"f 1 2 4\n", b"f 1 3 4\n", b"f 2 3 4\n")
    many = b"mtllib a.mtl\n" + rows
    for k in range(200):
        many += b"usemtl m%d\n" % k + faces[k % 4]
    mesh = read_geometry(io.BytesIO(many), "many.obj")
    plain = read_geometry(io.BytesIO(rows + b"".join(faces * 50)), "plain.obj")
    np.testing.assert_array_equal(mesh.vertices, plain.vertices)
    np.testing.assert_array_equal(mesh.faces, plain.faces)


def test_what_was_written_is_read_back():
    for kind in ("ply", "obj", "stl"):
        mesh = read_geometry(io.BytesIO(mesh_bytes(MESH, kind)), f"a.{kind}")
        assert isinstance(mesh, Mesh) and mesh.area == pytest.approx(6)


def test_colours_of_a_mesh_go_to_its_samples():
    tints = np.where(MESH.vertices[:, :1] > 0, [[200, 0, 0]], [[0, 0, 200]]).astype(np.uint8)
    data = mesh_bytes(Mesh(MESH.vertices, MESH.faces, colours=tints), "ply")
    mesh = read_geometry(io.BytesIO(data), "a.ply")
    assert isinstance(mesh, Mesh) and mesh.colours is not None
    np.testing.assert_array_equal(mesh.colours[:, 0] > 0, mesh.vertices[:, 0] > 0)
    cloud = read(data, "a.ply", samples=200)
    assert cloud.colours is not None
    side = np.abs(cloud.points[:, 0]) > 0.499  # of one colour
    np.testing.assert_array_equal(cloud.colours[side, 0] == 200, cloud.points[side, 0] > 0)


def test_a_cloud_is_refused_as_the_class_says():
    with pytest.raises(LevelsetError, match=r"\(n, 2\) or \(n, 3\)"):
        PointCloud(np.zeros(3))
    with pytest.raises(LevelsetError, match="finite number"):
        PointCloud(np.full((3, 3), np.nan))
    with pytest.raises(LevelsetError, match="Normals"):
        PointCloud(np.zeros((3, 3)), np.zeros((2, 3)))


def test_a_binary_stl_may_have_bytes_after_its_faces():
    import trimesh

    box = trimesh.creation.box()
    data = box.export(file_type="stl") + b"made by a scanner" + bytes(40)
    found = read_geometry(io.BytesIO(data), "box.stl")
    assert len(found.faces) == 12
    assert np.isclose(found.area, 6)


@pytest.mark.parametrize("faces", [b"", b"f 1 2 3\nf 2 3 4\n"])
def test_colours_and_normals_of_an_obj(faces):
    lines = [f"v {k} {k * k} {k**3} {k / 10} 0.2 1" for k in range(10)]
    data = ("\n".join(lines) + "\n").encode()
    found = read_geometry(io.BytesIO(data + faces), "a.obj")
    places = found.vertices if faces else found.points
    np.testing.assert_allclose(found.colours[:, 0], places[:, 0] * 25.5, atol=1)
    assert (found.colours[:, 1:] == [51, 255]).all()
    lines = [f"v {k} {k * k} {k**3} {25.5 * k:.1f} 51 255" for k in range(10)]
    other = read_geometry(io.BytesIO("\n".join([*lines, ""]).encode() + faces), "a.obj")
    np.testing.assert_allclose(other.colours.astype(int), found.colours, atol=1)
    normals = b"vn 0 0 1\n" * 10
    plain = read_geometry(io.BytesIO(re.sub(rb"( [\d.]+){3}\n", b"\n", data) + normals), "a.obj")
    np.testing.assert_array_equal(plain.normals, np.tile([0, 0, 1.0], (10, 1)))
