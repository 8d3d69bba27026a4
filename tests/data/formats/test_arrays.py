"""NPY and NPZ: structured arrays, arrays a coordinate, and what a header may not claim."""

from __future__ import annotations

import io

import numpy as np
import pytest

from levelset_core import LevelsetError
from levelset_core.data import PointCloud, read_point_cloud

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(50, 3))
NORMALS = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
COLOURS = RNG.integers(0, 256, (50, 3))


def read(array: np.ndarray, **options: object) -> PointCloud:
    file = io.BytesIO()
    np.save(file, array)
    return read_point_cloud(file, "a.npy", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        [("x", "f8"), ("y", "f8"), ("z", "f8"), ("red", "u1"), ("green", "u1"), ("blue", "u1")],
        [("name", "U4"), *((n, "f8") for n in "ZYX"), *((n, "i4") for n in "rgb")],
        [("xyz", "f8", (3,)), ("rgb", "u1", (3,)), ("normals", "f4", (3,))],
    ],
)  # fmt: skip
def test_structured_arrays(fields):
    rows = np.zeros(50, fields)
    for k, axis in enumerate("xyz"):
        for name in (axis, axis.upper()):
            if name in rows.dtype.names:
                rows[name] = POINTS[:, k]
    for k, names in enumerate((("red", "r"), ("green", "g"), ("blue", "b"))):
        for name in names:
            if name in rows.dtype.names:
                rows[name] = COLOURS[:, k]
    for name, values in (("xyz", POINTS), ("rgb", COLOURS), ("normals", NORMALS)):
        if name in rows.dtype.names:
            rows[name] = values
    cloud = read(rows)
    np.testing.assert_array_equal(cloud.points, POINTS)
    np.testing.assert_array_equal(cloud.colours, COLOURS)
    assert (cloud.normals is not None) == ("normals" in rows.dtype.names)


def test_plain_arrays_with_more_columns():
    cloud = read(np.hstack([POINTS, COLOURS, NORMALS]))
    np.testing.assert_array_equal(cloud.colours, COLOURS)
    np.testing.assert_allclose(cloud.normals, NORMALS)
    assert "4, 5, 6 are red, green, blue" in cloud.notes[0]
    chosen = read(np.hstack([COLOURS, POINTS]), columns=["4", "5", "6"])
    np.testing.assert_array_equal(chosen.points, POINTS)


def test_archives():
    file = io.BytesIO()
    np.savez(file, points=POINTS, colors=COLOURS / 255, normals=NORMALS, intensity=POINTS[:, 0])
    cloud = read_point_cloud(file, "a.npz")
    np.testing.assert_array_equal(cloud.colours, COLOURS)
    np.testing.assert_array_equal(cloud.intensity, POINTS[:, 0])
    assert cloud.normals is not None
    file = io.BytesIO()
    np.savez(file, x=POINTS[:, 0], y=POINTS[:, 1], z=POINTS[:, 2])
    np.testing.assert_array_equal(read_point_cloud(file, "a.npz").points, POINTS)


def test_a_header_that_claims_too_much_is_refused_before_anything_is_made():
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)}
    )
    with pytest.raises(LevelsetError, match="cut off"):
        read_point_cloud(file, "a.npy")
    for shape in ("('a', 3)", "(-5, 3)", "(3,)"):
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        head = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        with pytest.raises(LevelsetError, match=r"^a\.npy: "):
            read_point_cloud(io.BytesIO(head + bytes(400)), "a.npy")
    with pytest.raises(LevelsetError, match="larger than any"):
        read(np.full((50, 3), 1e300) * POINTS)
