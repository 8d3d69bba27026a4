"""Tables as text: XYZ, CSV, TXT, ASC, PTS, of any delimiter, decimal sign, heading and encoding."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from levelset_core.data.formats.dialect import (
    Dialect,
    check_commas,
    number,
    plain_text,
    sniff,
    tidy,
    without_comment,
)
from levelset_core.data.formats.grid import is_grid, read_grid
from levelset_core.data.formats.roles import Roles, assign, counts_rows, names_coordinates
from levelset_core.data.formats.table import SAMPLED, Reading, cloud_of_roles, limit
from levelset_core.data.formats.wkt_points import has_wkt_points, read_wkt_points
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

#: Bytes that are parsed at a time.
CHUNK = 8 << 20
#: Of the beginning, by which the table's kind is told.
HEAD = 1 << 18
#: Lines of it that are tried with every delimiter.
SNIFFED = 300
#: Characters of a line.
LONGEST = 20_000
#: One line in so many may be no row: it is left out and counted.
BAD = 50


@dataclass(frozen=True)
class Table:
    """A table's layout, as its beginning tells it.

    Attributes:
        dialect: delimiter and decimal sign.
        names: of the heading, "" where a column has none, one a column.
        rows: (m, k) of its first rows, NaN where there is no number.
        cells: the same rows as they are written.
        start: the line of the first row, from 0.
        notes: what is left out above it.
        declared: numbers of points that lines above it tell.
    """

    dialect: Dialect
    names: tuple[str, ...]
    rows: np.ndarray
    cells: list[list[str]]
    start: int
    notes: tuple[str, ...] = ()
    declared: tuple[int, ...] = ()


@dataclass
class _Rows:
    """What is found line by line."""

    bad: int = 0
    first_bad: str = ""
    declared: list[int] = field(default_factory=list)


def read_text(data: bytes, reading: Reading, *, pts: bool = False) -> PointCloud:
    """A cloud from a table.

    Args:
        data: the file's content.
        reading: label, chosen columns, who hears of the progress.
        pts: seven columns are x, y, z, intensity, red, green, blue.

    Raises:
        LevelsetError: the file is no text, holds no numbers, its columns are not to be told, or
            more than every ``BAD``-th line is no row.
    """
    label = reading.label
    data = plain_text(data, label)
    if is_grid(data):
        return read_grid(data, reading)
    if reading.columns is None and has_wkt_points(data):
        return read_wkt_points(data, reading)
    table = layout(data, reading)
    roles = assign(table.names, table.rows, label, columns=reading.columns, intensity_first=pts)
    values, found = _load(data, table, roles, reading)
    limit(len(values), label)
    notes = [*table.notes, *_about(found, table, len(values), label)]
    place = {k: j for j, k in enumerate(roles.used)}
    return cloud_of_roles(roles, lambda k: values[:, place[k]], label, notes=notes)


def layout(data: bytes, reading: Reading) -> Table:
    """How a table is written, from its beginning.

    Args:
        data: of :func:`plain_text`.
        reading: label and chosen columns.

    Raises:
        LevelsetError: there are no rows of numbers, or commas that may mean two things.
    """
    head, label = data[:HEAD], reading.label
    if len(data) > HEAD:
        head = head[: head.rfind(b"\n") + 1 or None]
    lines = tidy(head).decode("utf-8", errors="replace").splitlines()
    if max(map(len, lines), default=0) > LONGEST:
        raise LevelsetError(f"{label}: a line of more than {LONGEST:,} characters is no row.")
    bare = [without_comment(line) for line in lines]
    if not any(line.strip() for line in bare):
        raise LevelsetError(f"{label}: no points found in it.")
    dialect, width = sniff([line for line in bare if line.strip()][-SNIFFED:], label)
    start, cells = -1, []
    for at, line in enumerate(bare):
        row = dialect.split(line)
        if len(row) == width and sum(dialect.number(c) is not None for c in row) >= min(2, width):
            start = at if start < 0 else start
            cells.append(row)
            if len(cells) == SAMPLED:
                break
    if start < 0:
        raise LevelsetError(f"{label}: no points found in it.")
    rows = np.array([[_value(dialect, c) for c in row] for row in cells], dtype=np.float64)
    names, notes = _heading(lines[:start], rows[:, 0], width, dialect, reading)
    if dialect.delimiter == ",":
        check_commas(cells, names, lines[:start], dialect, label)
    if dialect.decimal == ",":
        notes.append("Commas are read as decimal signs.")
    declared = tuple(int(line) for line in bare[:start] if line.strip().isdecimal())
    return Table(dialect, names, rows, cells, start, tuple(notes), declared)


def _value(dialect: Dialect, cell: str) -> float:
    value = dialect.number(cell)
    return np.nan if value is None else value


def _heading(
    above: list[str], first: np.ndarray, width: int, dialect: Dialect, reading: Reading
) -> tuple[tuple[str, ...], list[str]]:
    """The columns' names from the lines above the first row, and what is said of the others.

    Args:
        above: these lines.
        first: (m,) the first column of the first rows, NaN where it holds words.
        width: cells of a row.
        dialect: of the table.
        reading: label and chosen columns.

    Raises:
        LevelsetError: a heading names coordinates, but not as many columns as the rows have, and
            commas inside of numbers may be why.
    """
    best: tuple[bool, int, list[str]] = (False, -1, [""] * width)
    other = ""
    for at, line in enumerate(above):
        bare = re.sub(r"^\s*(#+|//+|;+|%+|!+)\s*", "", line)
        for cells in (dialect.split(bare), dialect.split(re.sub(r"[\[(].*?[\])]", "", bare))):
            known = names_coordinates(cells)
            if len(cells) == width - 1 and (counts_rows(first) or not np.isfinite(first).any()):
                cells = ["", *cells]  # as R writes a table with the rows' names
            if known and len(cells) < width and dialect.delimiter != ",":
                cells = [*cells, *[""] * (width - len(cells))]
            if len(cells) == width and sum(number(c) is None for c in cells) * 2 > width:
                best = max(best, (known, at, cells))
            elif known:
                other = f"{line.strip()[:60]!r} has {len(cells)} names"
    if other and not best[0] and dialect.delimiter == "," and not reading.columns:
        raise LevelsetError(
            f"{reading.label}: its heading {other}, but its rows have {width} cells; name the "
            "columns of the coordinates by number: --columns 1,2,3."
        )
    left = [
        line.strip() for at, line in enumerate(above)
        if at != best[1] and without_comment(line).strip() and not line.strip().isdecimal()
    ]  # fmt: skip
    notes = []
    if len(left) == 1:
        notes.append(f"A line before the first row is skipped: {left[0][:60]!r}.")
    elif left:
        notes.append(f"{len(left)} lines before the first row are skipped: {left[0][:60]!r}, ….")
    return tuple(best[2]), notes


def _load(data: bytes, table: Table, roles: Roles, reading: Reading) -> tuple[np.ndarray, _Rows]:
    """The columns that are used, (n, len(roles.used)), and what is no row."""
    parts: list[np.ndarray] = []
    found, line, count = _Rows(), 0, 0
    for at, chunk in _chunks(data):
        lines = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        clean = tidy(chunk)
        skip = max(0, table.start - line)
        values = _fast(clean, table, roles, skip)
        if values is None:
            values = _slow(clean, table, roles, skip, line, found)
        parts.append(values)
        line, count = line + lines, count + len(values)
        limit(count, reading.label)
        reading.tell(at / len(data))
    return np.concatenate(parts), found


def _chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        end = min(at + CHUNK, len(data))
        if end < len(data):
            end = data.rfind(b"\n", at, end) + 1 or data.find(b"\n", end) + 1 or len(data)
        yield end, data[at:end]
        at = end


def _fast(chunk: bytes, table: Table, roles: Roles, skip: int) -> np.ndarray | None:
    """By NumPy's reader, if every line is a row of numbers; else None."""
    if b'"' in chunk or b"//" in chunk or not np.isfinite(table.rows).any(0).all():
        return None
    dialect = table.dialect
    if dialect.decimal == "," and dialect.delimiter != ",":
        chunk = chunk.replace(b",", b".")
    if dialect.mixed:
        chunk = chunk.replace(b",", b" ").replace(b";", b" ")
    try:
        values = np.loadtxt(
            io.BytesIO(chunk), delimiter=dialect.delimiter or None, ndmin=2, skiprows=skip,
            encoding="latin-1",
        )  # fmt: skip
    except (ValueError, UserWarning):
        return None
    if values.shape[1] != len(table.names) or not len(values):
        return None
    return np.ascontiguousarray(values[:, roles.used])


def _slow(
    chunk: bytes, table: Table, roles: Roles, skip: int, before: int, found: _Rows
) -> np.ndarray:
    """Line by line; what is no row is counted."""
    rows, width, used = [], len(table.names), roles.used
    for at, line in enumerate(chunk.decode("utf-8", errors="replace").splitlines()):
        bare = without_comment(line)
        if at < skip or not bare.strip():
            continue
        cells = table.dialect.split(bare)
        values = None
        if len(cells) == width:
            values = [table.dialect.number(cells[k]) for k in used]
        elif len(cells) == 1 and width > 1 and cells[0].isdecimal():
            found.declared.append(int(cells[0]))
            continue
        if values is None or any(v is None for v in values):
            found.bad += 1
            found.first_bad = found.first_bad or f"line {before + at + 1}, {bare.strip()[:60]!r}"
        else:
            rows.append(values)
    return np.array(rows, dtype=np.float64).reshape(-1, len(used))


def _about(found: _Rows, table: Table, rows: int, label: str) -> list[str]:
    if not rows:
        raise LevelsetError(f"{label}: no points found in it.")
    notes = []
    if found.bad * BAD > rows + found.bad:
        raise LevelsetError(
            f"{label}: {found.bad:,} of {rows + found.bad:,} lines do not hold the same count of "
            f"numbers as the others, {len(table.names)}, or hold words; the first is "
            f"{found.first_bad}."
        )
    if found.bad:
        several = (
            f"{found.bad:,} lines that are no rows are"
            if found.bad > 1
            else "A line that is no row is"
        )
        notes.append(f"{several} left out: {found.first_bad}{', …' if found.bad > 1 else ''}.")
    declared = sum(table.declared) + sum(found.declared)
    if declared > rows + found.bad:
        notes.append(f"The file declares {declared:,} points and holds {rows + found.bad:,}.")
    return notes
