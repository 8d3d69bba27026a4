"""NPY and NPZ: plain and structured arrays, by their names; nothing pickled is read."""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np

from levelset_core.data.formats.table import MAX_BYTES, Reading, cloud_of_columns
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

#: What NumPy and zipfile raise over damaged files.
_DAMAGE = (
    ValueError, EOFError, OSError, SyntaxError, TypeError, OverflowError, NotImplementedError,
    RuntimeError, LookupError, struct.error, tokenize.TokenError, zlib.error,
)  # fmt: skip
#: Names of an archive's arrays.
_POINTS = ("points", "xyz", "vertices", "positions")
_OTHERS = {"normals": "normals", "colours": "colours", "colors": "colours", "rgb": "colours",
           "intensity": "intensity"}  # fmt: skip
#: Fields of a structured array that hold several numbers.
_PARTS = {
    name: parts.split()
    for names, parts in (
        ((*_POINTS, "position", "pos"), "x y z"), (("normals", "normal"), "nx ny nz"),
        (("rgb", "colors", "colours", "color", "colour"), "r g b"),
    )
    for name in names
}  # fmt: skip
#: More columns are no table of points.
MOST_COLUMNS = 64


def load_arrays(data: bytes, label: str, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """All arrays of numbers in a file, by name; a lone NPY array is called "points".

    Raises:
        LevelsetError: the file is damaged, too large once unpacked, or holds pickled objects.
    """
    try:
        if not zipfile.is_zipfile(io.BytesIO(data)):
            return {"points": _number_array(data, label)}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > max_bytes:
                raise LevelsetError(
                    f"{label}: {size / 2**20:.0f} MB unpacked are too many, at most "
                    f"{max_bytes >> 20} MB are read."
                )
            members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except LevelsetError:
        raise
    except (zipfile.BadZipFile, *_DAMAGE) as error:
        raise LevelsetError(f"{label}: the archive is damaged.") from error
    if not members:
        raise LevelsetError(f"{label}: the archive is empty.")
    return {name.removesuffix(".npy"): _number_array(m, label) for name, m in members.items()}


def _number_array(data: bytes, label: str) -> np.ndarray:
    try:
        shape, dtype = _header(data)
        count = int(np.prod(shape, dtype=object))  # Python's integers do not overflow
        if not dtype.hasobject and count * dtype.itemsize > len(data):
            raise LevelsetError(
                f"{label}: the file is cut off, it has {len(data):,} bytes but declares "
                f"{count * dtype.itemsize:,}."
            )
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except LevelsetError:
        raise
    except (MemoryError, *_DAMAGE) as error:
        if "allow_pickle" in str(error) and data.startswith(b"\x93NUMPY"):
            raise LevelsetError(
                f"{label}: it holds pickled Python objects, which are never read; save plain "
                "arrays of numbers."
            ) from error
        raise LevelsetError(f"{label}: this is no readable NumPy file.") from error
    if array.dtype.names is None and array.dtype.kind not in "fiu":
        raise LevelsetError(f"{label}: it holds an array of {array.dtype}, not of numbers.")
    if array.dtype.names is not None:
        return np.asarray(array)
    return np.asarray(array.astype(np.int64 if array.dtype.kind in "iu" else np.float64))


def _header(data: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """What an NPY file declares, before anything is made for it."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def cloud_of_arrays(arrays: dict[str, np.ndarray], reading: Reading) -> PointCloud:
    """A cloud from a file's arrays: one of points, or one a coordinate.

    Raises:
        LevelsetError: none of them holds points.
    """
    label = reading.label
    others: dict[str, Any] = {}
    note = ""
    found = next((arrays[name] for name in _POINTS if name in arrays), None)
    if found is None:
        lone = {k: a for k, a in arrays.items() if a.ndim == 1 and a.dtype.names is None}
        lengths = {len(a) for a in lone.values()}
        if {"x", "y"} <= {k.lower() for k in lone} and len(lengths) == 1:
            return cloud_of_columns(list(lone), list(lone.values()), reading)
        tables = [
            key for key, a in arrays.items()
            if a.dtype.names is not None or (a.ndim == 2 and a.shape[1] in (2, 3, 6))
        ]  # fmt: skip
        if not tables:
            shapes = ", ".join(f"{key} {array.shape}" for key, array in arrays.items())
            raise LevelsetError(f"{label}: no (n, 3) array of points in it, only {shapes}.")
        found = arrays[tables[0]]
        if len(tables) > 1:
            note = f"The array {tables[0]!r} is read, not {', '.join(map(repr, tables[1:4]))}."
    for name, role in _OTHERS.items():
        if name in arrays and len(arrays[name]) == len(found):
            others[role] = arrays[name]
    names, columns = columns_of(found, label)
    cloud = cloud_of_columns(names, columns, reading, **others)
    return cloud.noted(note) if note else cloud


def columns_of(found: np.ndarray, label: str) -> tuple[list[str], list[np.ndarray]]:
    """An (n, k) array's columns, or a structured array's; a field of several is one each.

    Raises:
        LevelsetError: the array has another shape.
    """
    if found.dtype.names is None:
        if found.ndim != 2 or not 2 <= found.shape[1] <= MOST_COLUMNS:
            raise LevelsetError(
                f"{label}: points are (n, 2) or (n, 3) numbers, but the array is {found.shape}."
            )
        return [""] * found.shape[1], list(found.T)
    names, columns = [], []
    for name in found.dtype.names:
        values = found[name].reshape(found.size, -1)
        if values.dtype.kind not in "fiub" or values.shape[1] > MOST_COLUMNS:
            continue  # words, dates
        parts = _PARTS.get(name.lower(), [f"{name}_{k}" for k in range(values.shape[1])])
        names += [name] if values.shape[1] == 1 else parts[: values.shape[1]]
        columns += list(values.T)
    return names, columns
