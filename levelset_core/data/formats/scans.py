"""The formats of scanners, by kept libraries in a process of their own: LAS and LAZ, PCD, E57."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.confined import is_confined
from levelset_core.confined.limits import clean_environment
from levelset_core.data.formats import native
from levelset_core.data.formats.table import (
    LARGEST,
    MAX_BYTES,
    Reading,
    cloud_of_columns,
    joined,
    limit,
)
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError, optional

_NOWHERE = "Where its scanner stood is no place in the file, and is left out."
#: Seconds after which a reader is ended.
PATIENCE = 240.0


def read_las(data: bytes, reading: Reading) -> PointCloud:
    """LAS and LAZ: scaled coordinates in double precision, colours, intensity.

    Raises:
        LevelsetError: a library is missing, or the file is damaged or too large.
    """
    _need(reading.label, "laspy", "lazrs")
    _check_las(data, reading.label)
    return _read("las", data, reading)


def read_pcd(data: bytes, reading: Reading) -> PointCloud:
    """PCD of the Point Cloud Library: text, binary and compressed; packed colours.

    Raises:
        LevelsetError: a library is missing, or the file is damaged or too large.
    """
    _need(reading.label, "pypcd4")
    _check_pcd(data, reading.label)
    return _read("pcd", data, reading)


def read_e57(data: bytes, reading: Reading) -> PointCloud:
    """E57: all scans, each moved to where it belongs; where the scanner stood.

    Raises:
        LevelsetError: a library is missing, or the file is damaged or too large.
    """
    _need(reading.label, "pye57")
    if not data.startswith(b"ASTM-E57"):
        raise LevelsetError(f"{reading.label}: this is no E57 file, it has no E57 header.")
    return _read("e57", data, reading)


def _need(label: str, *libraries: str) -> None:
    try:
        for name in libraries:
            optional(name, "scans")
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error


def _read(kind: str, data: bytes, reading: Reading) -> PointCloud:
    """All scans of a file, read by :mod:`~levelset_core.data.formats.native`."""
    label = reading.label
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / f"scan.{'laz' if label.lower().endswith(('.laz', '.laz.gz')) else kind}"
        file.write_bytes(data)
        about = _run(kind, file, folder, reading)
        clouds = []
        for k, scan in enumerate(about):
            columns = [np.load(folder / f"{k}_{j}.npy") for j in range(len(scan["names"]))]
            limit(len(columns[0]) if columns else 0, label)
            station: dict[str, Any] = {}
            place = np.array(scan["place"] or [], dtype=np.float64)
            unknown = not np.isfinite(place).all() or np.abs(place).max(initial=0.0) > LARGEST
            if len(place) and not unknown:
                rows = np.zeros(len(columns[0]), dtype=np.int64)
                station = {"stations": place[None], "station": rows}
            cloud = cloud_of_columns(scan["names"], columns, reading, **station)
            clouds.append(cloud.noted(_NOWHERE) if unknown else cloud)
    if not clouds:
        raise LevelsetError(f"{label}: no points found in it.")
    whole = joined(clouds, label)
    return whole.noted(f"{len(clouds)} scans in one cloud.") if len(clouds) > 1 else whole


def _run(kind: str, file: Path, folder: Path, reading: Reading) -> list[dict[str, Any]]:
    """What the reader found, its columns in the folder.

    Raises:
        LevelsetError: it found the file damaged, was broken off by it, or took too long.
    """
    if is_confined():  # this is such a process
        return _found(native.main(kind, file, folder), kind, reading.label)
    late = threading.Event()
    with subprocess.Popen(
        [sys.executable, native.__file__, kind, str(file), str(folder)], env=clean_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(PATIENCE, end)
        timer.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                reading.tell(float(line))
        finally:
            timer.cancel()
            process.kill()  # it has ended, or nobody waits for it
    told = folder / "about.json"
    if late.is_set():
        raise LevelsetError(f"{reading.label}: reading it took more than {PATIENCE:.0f} s.")
    about: dict[str, Any] = {"error": "its reader broke off"}
    if told.exists():
        about = json.loads(told.read_text("utf-8"))
    return _found(about, kind, reading.label)


def _found(about: dict[str, Any], kind: str, label: str) -> list[dict[str, Any]]:
    if "error" in about:
        raise LevelsetError(f"{label}: this is no readable {kind.upper()} file ({about['error']}).")
    scans: list[dict[str, Any]] = about["scans"]
    return scans


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
    kind, row, count = struct.unpack_from("<BHI", data, 104)
    if data[25] >= 4 and len(data) >= 255:
        count = struct.unpack_from("<Q", data, 247)[0]
    limit(count, label)
    if kind & 0xC0:
        if points + 8 <= len(data):
            _check_chunks(data, points, label)
    elif points + count * row > len(data):
        raise LevelsetError(
            f"{label}: the file is cut off or damaged, it declares {count:,} points of {row:,} "
            f"bytes, but has {len(data):,} bytes."
        )


def _check_chunks(data: bytes, points: int, label: str) -> None:
    """The table of a LAZ file's chunks: lazrs makes room for as many as it claims, or aborts."""
    table = struct.unpack_from("<q", data, points)[0]
    if table == -1:
        table = struct.unpack_from("<q", data, len(data) - 8)[0]
    chunks = -1
    if points < table <= len(data) - 8:
        chunks = struct.unpack_from("<I", data, table + 4)[0]
    if not 0 <= chunks <= len(data):
        raise LevelsetError(f"{label}: the file is cut off or damaged in its table of chunks.")


def _check_pcd(data: bytes, label: str) -> None:
    """Compare what a header declares with what is there."""
    head, size = data[: 1 << 14].decode("latin-1"), len(data)

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
    start = head.find("\n", kind.end()) + 1
    if kind.group(1) == "binary_compressed" and 0 < start <= size - 8:
        packed, unpacked = struct.unpack_from("<II", data, start)
        if packed > size - start - 8 or unpacked != points * row:
            raise LevelsetError(
                f"{label}: the file is cut off or damaged, it says that {unpacked:,} bytes are "
                f"packed in {packed:,}, and declares {points:,} points of {row} bytes."
            )
    if row * points > MAX_BYTES:
        raise LevelsetError(f"{label}: {row * points >> 20} MB unpacked are too many.")
