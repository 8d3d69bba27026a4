"""PTX: several scans, each a grid with a pose above it."""

from __future__ import annotations

import io
import itertools

import numpy as np

from levelset_core.data.formats.dialect import plain_text, tidy
from levelset_core.data.formats.roles import Roles
from levelset_core.data.formats.table import Reading, cloud_of_roles, joined, limit
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

#: Lines above each grid: its columns, its rows, where the scanner stood, its three axes, and the
#: four rows of the matrix that moves a row (x, y, z, 1) to the common frame.
_HEAD = 10


def read_ptx(data: bytes, reading: Reading) -> PointCloud:
    """All scans in the common frame, with the scanner's places; (0, 0, 0) is no point.

    Raises:
        LevelsetError: a header makes no sense, a grid is cut off, or there are too many points.
    """
    label = reading.label
    file = io.BytesIO(tidy(plain_text(data, label)))
    rows = (line for line in file if line.strip())
    clouds: list[PointCloud] = []
    total = 0
    while head := list(itertools.islice(rows, _HEAD)):
        count, pose = _parse_head(head, len(clouds) + 1, label)
        total += count
        limit(total, label)
        if not count:
            continue
        try:
            table = np.loadtxt(itertools.islice(rows, count), ndmin=2, encoding="latin-1")
        except (ValueError, UserWarning) as error:
            raise LevelsetError(
                f"{label}: a line of scan {len(clouds) + 1} is no row of numbers."
            ) from error
        if len(table) < count or table.shape[1] not in (3, 4, 7):
            raise LevelsetError(
                f"{label}: the file is cut off, scan {len(clouds) + 1} declares {count:,} rows of "
                f"4 or 7 numbers and has {len(table):,} of {table.shape[1]}."
            )
        table = table[table[:, :3].any(1)]
        if len(table):
            clouds.append(_cloud(table, pose, reading))
        reading.tell(file.tell() / len(data))
    if not clouds:
        raise LevelsetError(f"{label}: no points found in it.")
    whole = joined(clouds, label)
    return whole.noted(f"{len(clouds)} scans in one cloud.") if len(clouds) > 1 else whole


def _parse_head(head: list[bytes], number: int, label: str) -> tuple[int, np.ndarray]:
    try:
        columns, rows = int(head[0]), int(head[1])
        pose = np.array([[float(word) for word in line.split()] for line in head[6:_HEAD]])
        if columns < 0 or rows < 0 or pose.shape != (4, 4) or not np.isfinite(pose).all():
            raise ValueError
    except (ValueError, IndexError) as error:
        raise LevelsetError(
            f"{label}: the {_HEAD} lines above scan {number} are no PTX header: columns, rows, "
            "four vectors, four rows of a matrix."
        ) from error
    return columns * rows, pose


def _cloud(table: np.ndarray, pose: np.ndarray, reading: Reading) -> PointCloud:
    table[:, :3] = table[:, :3] @ pose[:3, :3] + pose[3, :3]
    wide = table.shape[1]
    roles = Roles((0, 1, 2), (), (4, 5, 6) if wide == 7 else (), 3 if wide > 3 else None)
    return cloud_of_roles(
        roles, lambda k: table[:, k], reading.label, stations=pose[3:, :3],
        station=np.zeros(len(table), dtype=np.int64),
    )  # fmt: skip
