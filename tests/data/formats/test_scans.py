"""LAS, LAZ, PCD, E57, PTX, several scans with poses, .gz: round trips and what is refused."""

from __future__ import annotations

import gzip
import importlib
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from levelset_core import LevelsetError, errors
from levelset_core.data import PointCloud, read_point_cloud, read_scans

RNG = np.random.default_rng(0)
CENTRE = np.array([400_000, 4_500_000, 100])
POINTS = RNG.uniform(-50, 50, (300, 3)).round(3) + CENTRE
COLOURS = RNG.integers(0, 256, (300, 3))
INTENSITY = RNG.integers(1, 4000, 300)
#: Whole numbers: of random digits, the writer of compressed PCD files would write plain ones.
NEAR = (POINTS - POINTS.mean(0)).round().astype(np.float32)


def read(data: bytes, name: str, **options: object) -> PointCloud:
    return read_point_cloud(io.BytesIO(data), name, **options)  # type: ignore[arg-type]


def las(kind: str) -> bytes:
    laspy = pytest.importorskip("laspy")
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.scales, header.offsets = [0.001] * 3, [400_000, 4_500_000, 0]
    file = laspy.LasData(header)
    file.x, file.y, file.z = POINTS.T
    file.red, file.green, file.blue = 257 * COLOURS.T
    file.intensity = INTENSITY
    out = io.BytesIO()
    file.write(out, do_compress=kind == "laz")
    return out.getvalue()


@pytest.mark.parametrize("place", ["nan 0 0", "inf 0 0", "1e999 0 0", "1e200 0 0"])
def test_a_scanner_that_stood_nowhere_is_left_out_and_told(place):
    pytest.importorskip("pypcd4")
    head = "VERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 300\nHEIGHT 1\n"
    rows = "".join(f"{x:g} {y:g} {z:g}\n" for x, y, z in NEAR.tolist())
    text = f"{head}VIEWPOINT {place} 1 0 0 0\nPOINTS 300\nDATA ascii\n{rows}"
    cloud = read(text.encode(), "a.pcd")
    assert cloud.stations is None and any("left out" in note for note in cloud.notes)


def test_scans_without_rows_are_passed_over_in_silence():
    empty = "0\n0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    with pytest.raises(LevelsetError, match="no points found"):
        read((empty * 1000).encode(), "a.ptx")


@pytest.mark.parametrize("kind", ["las", "laz"])
def test_las(kind):
    cloud = read(las(kind), f"a.{kind}")
    np.testing.assert_allclose(cloud.points, POINTS, atol=1e-6)
    np.testing.assert_array_equal(cloud.colours, COLOURS)
    np.testing.assert_array_equal(cloud.intensity, INTENSITY)
    whole = las(kind)
    for cut in (200, 400, len(whole) - 1000):
        with pytest.raises(LevelsetError, match=rf"^a\.{kind}: ") as raised:
            read(whole[:cut], f"a.{kind}")
        assert "\n" not in str(raised.value)


def pcd(encoding: str) -> bytes:
    pypcd4 = pytest.importorskip("pypcd4")
    packed = pypcd4.PointCloud.encode_rgb(COLOURS.astype(np.uint8))
    made = pypcd4.PointCloud.from_xyzrgb_points(np.column_stack([NEAR, packed]))
    out = io.BytesIO()
    made.save(out, encoding=getattr(pypcd4.Encoding, encoding))
    if encoding == "ASCII":  # the library's own writer rounds packed colours to 0
        head = out.getvalue().partition(b"DATA")[0].replace(b"F F F F", b"F F F U")
        numbers = packed.astype(np.float32).view(np.uint32).ravel().tolist()
        rows = (f"{x} {y} {z} {c}\n" for (x, y, z), c in zip(NEAR, numbers, strict=True))
        out = io.BytesIO(head + b"DATA ascii\n" + "".join(rows).encode())
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["ASCII", "BINARY", "BINARY_COMPRESSED"])
def test_pcd(encoding):
    whole = pcd(encoding)
    assert f"DATA {encoding.lower()}\n".encode() in whole
    cloud = read(whole, "a.pcd")
    np.testing.assert_allclose(cloud.points, NEAR, rtol=1e-5)
    np.testing.assert_array_equal(cloud.colours, COLOURS)
    with pytest.raises(LevelsetError, match=r"^a\.pcd: "):
        read(whole[: len(whole) // 2], "a.pcd")
    if encoding == "BINARY_COMPRESSED":
        at = whole.index(b"DATA binary_compressed\n") + 23
        with pytest.raises(LevelsetError, match=r"says that 4,294,967,295 bytes are packed"):
            read(whole[: at + 4] + b"\xff" * 4 + whole[at + 8 :], "a.pcd")
    huge = whole.replace(b"POINTS 300", b"POINTS 3000000000")
    with pytest.raises(LevelsetError, match="too many"):
        read(huge, "a.pcd")
    with pytest.raises(LevelsetError, match="no PCD file"):
        read(b"VERSION 0.7\n" * 50, "a.pcd")


def e57(path: Path) -> None:
    pye57 = pytest.importorskip("pye57")
    file = pye57.E57(str(path), mode="w")
    own = POINTS - POINTS.mean(0)
    turned = np.array([np.cos(0.5), 0, 0, np.sin(0.5)])  # about z by 1
    for shift in ([1000.0, 0, 0], [0, 2000.0, 50]):
        columns = dict(zip(("cartesianX", "cartesianY", "cartesianZ"), own.T, strict=True))
        tints = zip(
            ("colorRed", "colorGreen", "colorBlue"), COLOURS.T.astype(np.uint8), strict=True
        )
        file.write_scan_raw(
            {**columns, **dict(tints), "intensity": INTENSITY.astype(float)},
            rotation=turned, translation=np.array(shift),
        )  # fmt: skip
    file.close()


def test_e57_with_two_scans(tmp_path):
    path, own = tmp_path / "a.e57", POINTS - POINTS.mean(0)
    turn = np.array([[np.cos(1), -np.sin(1), 0], [np.sin(1), np.cos(1), 0], [0, 0, 1]])
    e57(path)
    cloud = read_point_cloud(path)
    np.testing.assert_allclose(cloud.points[:300], own @ turn.T + [1000, 0, 0], atol=1e-3)
    np.testing.assert_allclose(cloud.points[300:], own @ turn.T + [0, 2000, 50], atol=1e-3)
    np.testing.assert_allclose(cloud.stations, [[1000, 0, 0], [0, 2000, 50]])
    np.testing.assert_array_equal(cloud.station, np.repeat([0, 1], 300))
    np.testing.assert_array_equal(cloud.colours[:300], COLOURS)
    np.testing.assert_array_equal(cloud.intensity[300:], INTENSITY)
    (tmp_path / "cut.e57").write_bytes(path.read_bytes()[:3000])
    with pytest.raises(LevelsetError, match=r"^cut\.e57: this is no readable E57 file") as raised:
        read_point_cloud(tmp_path / "cut.e57")
    assert "\n" not in str(raised.value)


def ptx(own: np.ndarray, shift: list[float], extra: np.ndarray) -> str:
    turn = [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]  # rows: x, y, z of the scanner in the common frame
    head = ["3", str(len(own) // 3 + 1), " ".join(map(str, shift)), "1 0 0", "0 1 0", "0 0 1"]
    head += [f"{a} {b} {c} 0" for a, b, c in turn] + [" ".join(map(str, shift)) + " 1"]
    rows = [" ".join(f"{v:.6g}" for v in row) for row in np.column_stack([own, extra])]
    return "\n".join([*head, *rows, *["0 0 0 0.5 0 0 0"] * 3, ""])


def test_ptx_with_two_scans():
    own = (POINTS - POINTS.mean(0)).round(3)
    extra = np.column_stack([np.full(300, 0.5), COLOURS])
    text = ptx(own, [10.5, 20, 30], extra) + ptx(own, [-100, 0, 0], extra)
    cloud = read(text.encode(), "a.ptx")
    moved = np.column_stack([-own[:, 1], own[:, 0], own[:, 2]])
    np.testing.assert_allclose(cloud.points[:300], moved + np.array([10.5, 20, 30]), atol=1e-3)
    np.testing.assert_allclose(cloud.points[300:], moved + np.array([-100, 0, 0]), atol=1e-3)
    np.testing.assert_allclose(cloud.stations, [[10.5, 20, 30], [-100, 0, 0]])
    np.testing.assert_array_equal(cloud.colours[:300], COLOURS)
    assert "2 scans" in cloud.notes[0]
    for broken in (text[: len(text) // 2], text.replace("\n3\n", "\n-3\n"), "1 2 3\n" * 40):
        with pytest.raises(LevelsetError, match=r"^a\.ptx: "):
            read(broken.encode(), "a.ptx")


@pytest.mark.parametrize("name", ["a.las", "a.laz", "a.pcd", "a.e57"])
def test_a_missing_library_is_one_sentence(name, monkeypatch):
    def missing(wanted: str) -> object:
        raise ImportError(wanted)

    monkeypatch.setattr(errors.importlib, "import_module", missing)
    with pytest.raises(LevelsetError, match=r'pip install "levelset-lab\[scans\]"') as raised:
        read(b"some bytes", name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["a.las", "a.laz", "a.pcd", "a.e57", "a.ptx", "a.xyz.gz"])
@pytest.mark.parametrize("data", [b"nothing of the kind", b"LASF" + bytes(400), b"\x1f\x8b" * 9])
def test_nonsense_is_one_sentence(name, data):
    with pytest.raises(LevelsetError, match=rf"^{name}: ") as raised:
        read(data, name)
    assert "\n" not in str(raised.value)


def test_gz_of_each():
    text = "\n".join(" ".join(f"{v:.3f}" for v in row) for row in POINTS).encode()
    out = io.BytesIO()
    np.save(out, POINTS)
    for name, data in (("a.xyz", text), ("a.npy", out.getvalue()), ("a.laz", las("laz"))):
        cloud = read(gzip.compress(data), f"{name}.gz")
        np.testing.assert_allclose(cloud.points, POINTS, atol=1e-6)
    with pytest.raises(LevelsetError, match="no readable gzip"):
        read(gzip.compress(text)[:-500], "a.xyz.gz")


def test_a_bomb_in_a_gz(monkeypatch):
    from levelset_core.data.formats import table

    monkeypatch.setattr(table, "MAX_BYTES", 1 << 20)
    with pytest.raises(LevelsetError, match="unpacked are too many"):
        read(gzip.compress(bytes(20 << 20)), "a.xyz.gz")


def test_a_conf_moves_its_scans(tmp_path):
    own = RNG.uniform(-1, 1, (200, 3))
    half = 0.3
    quaternion = [0, 0, np.sin(half), np.cos(half)]  # the frame turns by 0.6, the points by -0.6
    turn = np.array([[np.cos(0.6), np.sin(0.6), 0], [-np.sin(0.6), np.cos(0.6), 0], [0, 0, 1]])
    np.savetxt(tmp_path / "one.xyz", own)
    np.savetxt(tmp_path / "two.xyz", (own + 3 - [1, 2, 3]) @ turn)  # two goes back to own + 3
    words = " ".join(str(v) for v in [1, 2, 3, *quaternion])
    conf = tmp_path / "two.conf"
    conf.write_text(f"camera 0 0 0 0 0 0 1\nbmesh one.xyz 0 0 0 0 0 0 1\nbmesh two.xyz {words}\n")
    cloud = read_scans([conf])
    np.testing.assert_allclose(cloud.points, np.concatenate([own, own + 3]), atol=1e-9)
    assert "2 scans" in cloud.source and "poses" in cloud.notes[0]
    # The same as files of a browser, which have names and no folder.
    files = [io.BytesIO((tmp_path / n).read_bytes()) for n in ("two.xyz", "two.conf", "one.xyz")]
    again = read_scans(files, ["two.xyz", "two.conf", "one.xyz"])
    assert len(again) == 400 and set(map(tuple, again.points)) == set(map(tuple, cloud.points))
    with pytest.raises(LevelsetError, match=r"'one.xyz' that it names is not there"):
        read_scans(files[:2], ["two.xyz", "two.conf"])
    for text in ("bmesh ../one.xyz 0 0 0 0 0 0 1", "bmesh one.xyz 0 0", "nothing"):
        conf.write_text(text)
        with pytest.raises(LevelsetError, match=r"^two\.conf: "):
            read_scans([conf])


def test_files_in_one_frame_and_a_pose_beside(tmp_path):
    own = RNG.uniform(-1, 1, (50, 3))
    np.savetxt(tmp_path / "a.xyz", own)
    np.savetxt(tmp_path / "b.xyz", own + 5)
    cloud = read_scans([tmp_path / "a.xyz", tmp_path / "b.xyz"])
    assert len(cloud) == 100 and "one frame" in cloud.notes[-1]
    np.savetxt(
        tmp_path / "b.xf", np.array([[0, -1, 0, 7], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    )
    cloud = read_scans([tmp_path / "a.xyz", tmp_path / "b.xyz"])
    moved = (own + 5)[:, [1, 0, 2]] * [-1, 1, 1] + [7, 0, 0]
    np.testing.assert_allclose(cloud.points[50:], moved)
    assert "1 file" in cloud.notes[-1]


def test_the_libraries_are_those_of_the_extra():
    for name in ("laspy", "lazrs", "pypcd4", "pye57"):
        assert importlib.util.find_spec(name) or name in sys.modules


def test_a_las_that_declares_records_without_end_is_refused_at_once():
    whole = bytearray(las("las"))
    whole[100:104] = (2**32 - 1).to_bytes(4, "little")
    with pytest.raises(LevelsetError, match="declares 4,294,967,295 records"):
        read(bytes(whole), "a.las")


def test_a_file_that_makes_its_reader_abort_harms_nobody():
    """lazrs asks for 73 GB where a chunk claims so many points, and ends its process."""
    whole = las("laz")
    at = whole.index(b"\x50\xc3\x00\x00")  # points a chunk
    with pytest.raises(LevelsetError, match=r"^a\.laz: this is no readable LAS file"):
        read(whole[:at] + b"\xff\xff\xff\x7f" + whole[at + 4 :], "a.laz")
