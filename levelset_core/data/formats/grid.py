"""Heights on a grid as Esri's programs and GDAL write them as text: one point a cell."""

from __future__ import annotations

import re

import numpy as np

from levelset_core.data.formats.table import Reading, check_size, limit
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

_KEYS = ("ncols", "nrows", "xllcorner", "xllcenter", "yllcorner", "yllcenter", "cellsize", "dx",
         "dy", "nodata_value")  # fmt: skip
_LINE = re.compile(rb"[ \t]*([A-Za-z_]+)[ \t]+([-+.\dA-Za-z]+)[ \t]*\r?(?:\n|$)")


def is_grid(data: bytes) -> bool:
    """Whether a text is such a grid."""
    return re.match(rb"\s*ncols\s+\d", data[:200], re.IGNORECASE) is not None


def read_grid(data: bytes, reading: Reading) -> PointCloud:
    """The cells' centres with their heights; cells without data are no points.

    Raises:
        LevelsetError: the head does not say where the cells are, or the rows are not as many
            numbers as it declares.
    """
    label = reading.label
    head: dict[str, float] = {}
    at = len(data) - len(data.lstrip())
    try:
        while (line := _LINE.match(data, at)) and (name := line[1].decode().lower()) in _KEYS:
            head[name], at = float(line[2]), line.end()
        wide, high = (int(head[name]) for name in ("ncols", "nrows"))
        steps = [head[k] if k in head else head["cellsize"] for k in ("dx", "dy")]
        corner = [
            head[f"{a}llcenter"] if f"{a}llcenter" in head else head[f"{a}llcorner"] + step / 2
            for a, step in zip("xy", steps, strict=True)
        ]
        if min(wide, high) < 1 or min(steps) <= 0 or not np.isfinite([*corner, *steps]).all():
            raise ValueError
    except (KeyError, ValueError, OverflowError) as error:
        raise LevelsetError(
            f"{label}: a grid of heights begins with ncols, nrows, xllcorner, yllcorner and "
            "cellsize; one is missing or no number."
        ) from error
    limit(wide * high, label)
    words = data[at:].split()
    if len(words) != wide * high:
        raise LevelsetError(
            f"{label}: its head declares {wide * high:,} heights, it holds {len(words):,}."
        )
    try:
        heights = np.array([float(word) for word in words])
    except ValueError as error:
        raise LevelsetError(f"{label}: a height of the grid is no number.") from error
    row, column = np.divmod(np.arange(wide * high), wide)
    with np.errstate(over="ignore"):  # too large is told below
        x, y = corner[0] + steps[0] * column, corner[1] + steps[1] * (high - 1 - row)
    points = np.stack([x, y, heights], axis=1)[heights != head.get("nodata_value", -9999.0)]
    check_size(points, label)
    note = f"A grid of {wide:,} x {high:,} heights: its cells' centres are the points"
    return PointCloud.clean(points, None, label, notes=[f"{note}."])
