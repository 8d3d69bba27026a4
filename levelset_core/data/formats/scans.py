"""The formats of scanners, by kept libraries: LAS and LAZ, PCD, E57."""

from __future__ import annotations

import io
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.data.formats.table import (
    MAX_BYTES,
    Reading,
    cloud_of_columns,
    joined,
    limit,
)
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError, optional

#: Points of a LAS file that are read at a time.
LAS_CHUNK = 500_000


def _library(name: str, label: str) -> Any:
    try:
        return optional(name, "scans")
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error


@contextmanager
def _damage_told(label: str, kind: str) -> Iterator[None]:
    """A library's error of any kind as one sentence."""
    try:
        yield
    except LevelsetError:
        raise
    except (Exception, MemoryError) as error:  # they raise whatever they stumble over
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise LevelsetError(
            f"{label}: this is no readable {kind} file ({reason[0][:120].rstrip('.')})."
        ) from error


def read_las(data: bytes, reading: Reading) -> PointCloud:
    """LAS and LAZ: scaled coordinates in double precision, colours, intensity.

    Raises:
        LevelsetError: laspy is missing, or the file is damaged or too large.
    """
    laspy = _library("laspy", reading.label)
    _check_las(data, reading.label)
    names = ["X", "Y", "Z", "intensity", "red", "green", "blue"]
    with _damage_told(reading.label, "LAS"), laspy.open(io.BytesIO(data)) as file:
        header = file.header
        limit(header.point_count, reading.label)
        packed = header.are_points_compressed
        if packed:
            _library("lazrs", reading.label)
        elif header.offset_to_point_data + header.point_count * header.point_format.size > len(
            data
        ):
            raise LevelsetError(
                f"{reading.label}: the file is cut off, it declares {header.point_count:,} points."
            )
        has = set(header.point_format.dimension_names)
        names = [name for name in names if name in has]
        parts: list[list[np.ndarray]] = [[] for _ in names]
        done = 0
        for chunk in file.chunk_iterator(LAS_CHUNK):
            for part, name in zip(parts, names, strict=True):
                part.append(np.array(chunk[name.lower() if name in "XYZ" else name]))
            done += len(chunk)
            reading.tell(done / max(header.point_count, 1))
        columns = [np.concatenate(part) if part else np.zeros(0) for part in parts]
    kept = [not (name in ("red", "green", "blue", "intensity") and not c.any())
            for name, c in zip(names, columns, strict=True)]  # fmt: skip
    if "red" in names:  # all three or none
        colour = any(
            k for k, name in zip(kept, names, strict=True) if name in ("red", "green", "blue")
        )
        kept = [
            colour if n in ("red", "green", "blue") else k for k, n in zip(kept, names, strict=True)
        ]
    chosen = [k for k, keep in enumerate(kept) if keep]
    return cloud_of_columns([names[k] for k in chosen], [columns[k] for k in chosen], reading)


def _check_las(data: bytes, label: str) -> None:
    """Compare what a header declares with the file: laspy makes every record first."""
    if not data.startswith(b"LASF") or len(data) < 227:
        raise LevelsetError(f"{label}: this is no LAS file, it does not begin with a LAS header.")
    size, points, records = struct.unpack_from("<HII", data, 94)
    later = struct.unpack_from("<I", data, 243)[0] if data[25] >= 4 and len(data) >= 375 else 0
    if points > len(data) or size + 54 * records + 60 * later > len(data):
        raise LevelsetError(
            f"{label}: the file is cut off or damaged, it declares {records + later:,} records and "
            f"points from byte {points:,}, but has {len(data):,} bytes."
        )


def read_pcd(data: bytes, reading: Reading) -> PointCloud:
    """PCD of the Point Cloud Library: text, binary and compressed; packed colours.

    Raises:
        LevelsetError: pypcd4 is missing, or the file is damaged or too large.
    """
    pypcd4, label = _library("pypcd4", reading.label), reading.label
    with _damage_told(label, "PCD"):
        head = data[: 1 << 14].decode("latin-1")
        _check_pcd(head, len(data), label)
        cloud = pypcd4.PointCloud.from_fileobj(io.BytesIO(data))
        names, columns = [], []
        for name in cloud.pc_data.dtype.names:
            column = np.asarray(cloud.pc_data[name]).reshape(-1)
            if name.lower() in ("rgb", "rgba") and column.dtype.itemsize == 4:
                packed = np.ascontiguousarray(column).view(np.uint32)
                names += ["red", "green", "blue"]
                columns += [(packed >> shift) & 255 for shift in (16, 8, 0)]
            elif column.dtype.kind in "fiu" and not name.startswith("#"):
                names.append(name)
                columns.append(column)
        viewpoint = (
            [float(v) for v in re.findall(r"(?m)^VIEWPOINT\s+(.*)$", head)[0].split()[:3]]
            if "VIEWPOINT" in head
            else []
        )
    others: dict[str, Any] = {}
    if len(viewpoint) == 3 and any(viewpoint):
        others = {"stations": np.array([viewpoint]), "station": np.zeros(len(columns[0]), int)}
    return cloud_of_columns(names, columns, reading, **others)


def _check_pcd(head: str, size: int, label: str) -> None:
    """Compare what a header declares with what is there."""

    def numbers(key: str) -> list[int]:
        found = re.search(rf"(?m)^{key}\s+([\d ]+)", head)
        return [int(word) for word in found.group(1).split()] if found else []

    points = (
        numbers("POINTS") or [int(np.prod([*numbers("WIDTH"), *numbers("HEIGHT")], dtype=object))]
    )[0]
    limit(points, label)
    kind = re.search(r"(?m)^DATA\s+(\w+)", head)
    if kind is None:
        raise LevelsetError(f"{label}: this is no PCD file, its header has no DATA.")
    sizes, counts = numbers("SIZE"), numbers("COUNT") or [1] * len(numbers("SIZE"))
    row = sum(a * b for a, b in zip(sizes, counts, strict=False))
    if kind.group(1) == "binary" and points * row > size:
        raise LevelsetError(
            f"{label}: the file is cut off, it declares {points:,} points of {row} bytes."
        )
    if row * points > MAX_BYTES:
        raise LevelsetError(f"{label}: {row * points >> 20} MB unpacked are too many.")


def read_e57(data: bytes, reading: Reading) -> PointCloud:
    """E57: all scans, each moved to where it belongs; where the scanner stood.

    Raises:
        LevelsetError: pye57 is missing, or the file is damaged or too large.
    """
    pye57, label = _library("pye57", reading.label), reading.label
    clouds: list[PointCloud] = []
    with tempfile.TemporaryDirectory() as folder, _damage_told(label, "E57"):
        path = Path(folder, "scan.e57")  # its library wants a name
        path.write_bytes(data)
        file = pye57.E57(str(path))
        try:
            counts = [file.get_header(k).point_count for k in range(file.scan_count)]
            limit(sum(counts), label)
            for k in range(file.scan_count):
                raw = file.read_scan(k, intensity=True, colors=True, ignore_missing_fields=True)
                header = file.get_header(k)
                station = {}
                if header.has_pose():
                    station = {
                        "stations": np.asarray(header.translation, dtype=np.float64)[None],
                        "station": np.zeros(len(raw["cartesianX"]), dtype=np.int64),
                    }
                names = [n for n in raw if not n.startswith("spherical")]
                clouds.append(
                    cloud_of_columns(
                        [_E57.get(n, n) for n in names], [raw[n] for n in names], reading, **station
                    )
                )
                reading.tell((k + 1) / file.scan_count)
        finally:
            file.close()
    if not clouds:
        raise LevelsetError(f"{label}: no points found in it.")
    return joined(clouds, label)


_E57 = {"colorRed": "red", "colorGreen": "green", "colorBlue": "blue"}
