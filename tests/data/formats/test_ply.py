"""PLY of any types, lists of any length, both byte orders; what is damaged is said."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levelset_core import LevelsetError
from levelset_core.data.readers import read_geometry, read_point_cloud
from levelset_core.geometry import Mesh

RNG = np.random.default_rng(0)
POINTS = RNG.integers(-100, 100, (40, 3)).astype(float)
POINTS[:, 0] += np.arange(40)
TYPES = {
    "char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I", "float": "f",
    "double": "d", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i",
    "uint32": "I", "float32": "f", "float64": "d",
}  # fmt: skip
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


def ply(kind: str, *elements: tuple[str, list[str], list[list[Any]]]) -> bytes:
    """Each element: its name, its properties as the header has them, its rows."""
    header, body = [f"ply\nformat {kind} 1.0\ncomment made by a test\nobj_info num_cols 5"], []
    for name, properties, rows in elements:
        header.append(f"element {name} {len(rows)}")
        header += [f"property {p}" for p in properties]
        for row in rows:
            parts: list[tuple[str, float]] = []
            for p, value in zip(properties, row, strict=True):
                words = p.split()
                if words[0] == "list":
                    assert isinstance(value, list)
                    parts += [(TYPES[words[1]], len(value)), *((TYPES[words[2]], v) for v in value)]
                else:
                    parts.append((TYPES[words[0]], value))
            if kind == "ascii":
                line = " ".join(f"{v:.9g}" if isinstance(v, float) else str(v) for _, v in parts)
                body.append(line.encode() + b"\n")
            else:
                code = ORDERS[kind] + "".join(c for c, _ in parts)
                values = [v if c in "fd" else int(v) for c, v in parts]
                body.append(struct.pack(code, *values))
    return "\n".join([*header, "end_header", ""]).encode() + b"".join(body)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(list(ORDERS)),
    types=st.tuples(*[st.sampled_from(["float", "double", "int", "short", "int16"])] * 3),
    names=st.sampled_from([("x", "y", "z"), ("X", "Y", "Z")]),
    tags=st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=40, max_size=40),
    before=st.booleans(),
)  # fmt: skip
def test_clouds_of_any_types(kind, types, names, tags, before):
    properties = [f"{t} {n}" for t, n in zip(types, names, strict=True)]
    properties[1:1] = ["list uchar int tags"]
    rows = [[float(x), tag, float(y), float(z)]
            for (x, y, z), tag in zip(POINTS.tolist(), tags, strict=True)]  # fmt: skip
    grid = ("range_grid", ["list uchar int vertex_indices"], [[tag] for tag in tags])
    vertex = ("vertex", properties, rows)
    data = ply(kind, *([grid, vertex] if before else [vertex, grid]))
    cloud = read_point_cloud(io.BytesIO(data), "a.ply")
    np.testing.assert_array_equal(cloud.points, POINTS)


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize(("colour", "scale"), [("uchar", 1), ("ushort", 257), ("float", 1 / 255)])
def test_colours_of_any_type(kind, colour, scale):
    tints = RNG.integers(0, 256, (40, 3))
    names = ["float x", "float y", "float z", f"{colour} Red", f"{colour} Green", f"{colour} Blue",
             "float intensity", "float nx", "float ny", "float nz"]  # fmt: skip
    normals = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
    rows = np.hstack([POINTS, tints * scale, POINTS[:, :1], normals]).tolist()
    cloud = read_point_cloud(io.BytesIO(ply(kind, ("vertex", names, rows))), "a.ply")
    np.testing.assert_array_equal(cloud.colours, tints)
    np.testing.assert_array_equal(cloud.intensity, POINTS[:, 0])
    np.testing.assert_allclose(cloud.normals, normals, atol=1e-6)


@pytest.mark.parametrize("kind", ORDERS)
def test_polygons_become_triangles(kind):
    corners = [[float(x), float(y), float(z)] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4]]
    faces = [[quad] for quad in quads] + [[[1, 5, 7]], [[1, 7, 3]]]
    for name in ("vertex_indices", "vertex_index"):
        data = ply(
            kind, ("vertex", ["float x", "float y", "float z"], corners),
            ("face", [f"list uchar int {name}"], faces),
        )  # fmt: skip
        mesh = read_geometry(io.BytesIO(data), "a.ply")
        assert isinstance(mesh, Mesh) and len(mesh.faces) == 12
        assert mesh.area == pytest.approx(6)
        volume = (mesh.triangles[:, 0] * np.cross(*mesh.triangles[:, 1:].swapaxes(0, 1))).sum() / 6
        assert abs(volume) == pytest.approx(1)


def test_other_names_are_chosen_or_refused():
    rows = np.hstack([POINTS, POINTS[:, ::-1]]).tolist()
    names = [f"float {n}" for n in "abcdef"]
    data = ply("ascii", ("vertex", names, rows))
    with pytest.raises(LevelsetError, match=r"\(a, b, c, d, e, f\) does not say .* --columns"):
        read_point_cloud(io.BytesIO(data), "a.ply")
    cloud = read_point_cloud(io.BytesIO(data), "a.ply", columns=["f", "e", "4"])
    np.testing.assert_array_equal(cloud.points, POINTS)


@pytest.mark.parametrize("kind", ORDERS)
def test_what_is_cut_off_or_out_of_range_is_one_sentence(kind):
    vertex = ("vertex", ["float x", "float y", "float z"], POINTS.tolist())
    far = ply(kind, vertex, ("face", ["list uchar int vertex_indices"], [[[0, 1, 2**31 - 1]]]))
    long = ply(kind, ("note", ["list int uchar text"], [[[1, 2]]]), vertex)
    cut = ply(kind, vertex)[:-40]
    if kind == "ascii":  # its rows end where the lines do
        long = far.replace(b"\n3 0 1", b"\n2000000000 0 1")
    else:
        mark = struct.pack(ORDERS[kind] + "i", 2)
        long = long.replace(mark, struct.pack(ORDERS[kind] + "i", 2_000_000_000), 1)
    for data in (far, long, cut):
        with pytest.raises(LevelsetError, match=r"^a\.ply: ") as raised:
            read_geometry(io.BytesIO(data), "a.ply")
        assert "\n" not in str(raised.value)


def test_a_raw_range_scan_knows_where_it_was_seen_from():
    data = ply("ascii", ("vertex", ["float x", "float y", "float z"], POINTS.tolist()))
    scan = data.replace(b"obj_info num_cols 5", b"obj_info is_cyberware_data 1")
    cloud = read_point_cloud(io.BytesIO(scan), "a.ply")
    assert cloud.stations is not None and "its z axis" in cloud.notes[0]
    assert cloud.stations[0, 2] > 1000 and not cloud.station.any()
    assert read_point_cloud(io.BytesIO(data), "a.ply").stations is None
