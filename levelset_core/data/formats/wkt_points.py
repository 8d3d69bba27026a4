"""Tables of GIS programs whose points stand as text: ``POINT Z (1 2 3)`` in a column."""

from __future__ import annotations

import re

import numpy as np

from levelset_core.data.formats.table import Reading, check_size, limit
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

_POINT = re.compile(rb"\bPOINT\s*(?:(Z?M?)\s*)?\(\s*([^()\r\n]*?)\s*\)", re.IGNORECASE)
#: Bytes of a file in which its first point stands.
_HEAD = 20_000


def has_wkt_points(data: bytes) -> bool:
    """Whether a text has such points."""
    return _POINT.search(data[:_HEAD]) is not None


def read_wkt_points(data: bytes, reading: Reading) -> PointCloud:
    """The points; measures (M) and other columns are left out, and said.

    Raises:
        LevelsetError: a point has no two or three numbers, or not as many as the first one.
    """
    label = reading.label
    found = _POINT.findall(data)
    limit(len(found), label)
    rows = [numbers.split() for _, numbers in found]
    size = len(rows[0]) - found[0][0].upper().endswith(b"M")
    if size not in (2, 3) or any(len(row) != len(rows[0]) for row in rows):
        raise LevelsetError(f"{label}: its points (WKT) are not all of two or three numbers.")
    try:
        points = np.array([[float(word) for word in row[:size]] for row in rows])
    except ValueError as error:
        raise LevelsetError(f"{label}: a coordinate of its points (WKT) is no number.") from error
    check_size(points, label)
    note = "The points are those written as POINT (WKT); other columns are left out."
    return PointCloud.clean(points, None, label, notes=[note])
