"""Points from text: one a line, numbers separated by blanks, tabs, commas or semicolons."""

from __future__ import annotations

import io
import warnings

import numpy as np

from levelset_core.errors import LevelsetError


def parse_text(data: bytes, label: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Coordinates, (n, 2) or (n, 3), and normals if columns 4 to 6 are unit vectors.

    A first line of words is a heading; lines that begin with # or // are left out. Further
    columns (colours, intensities) are ignored.

    Raises:
        LevelsetError: the file is no text, holds no numbers, or a line does not fit.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LevelsetError(f"{label}: this is no text file.") from error
    if "\0" in text:
        raise LevelsetError(f"{label}: this is no text file.")
    text = text.replace("//", "#") if "//" in text else text
    lines = text.splitlines()
    first = next((k for k, line in enumerate(lines) if line.split("#")[0].strip()), None)
    if first is None:
        raise LevelsetError(f"{label}: no points found in it.")
    if not _is_row(lines[first]):
        first += 1  # a heading
    if first < len(lines) and len(lines[first].split()) == 1 and lines[first].strip().isdigit():
        first += 1  # some formats begin with the number of points
    body = "\n".join(lines[first:])
    for mark in ",;\t":
        body = body.replace(mark, " ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "input contained no data"
            table = np.loadtxt(io.StringIO(body), ndmin=2)
    except ValueError as error:
        raise LevelsetError(
            f"{label}: a line does not hold the same count of numbers as the others "
            f"({_reason(error, first)})."
        ) from error
    if not table.size:
        raise LevelsetError(f"{label}: no points found in it.")
    if table.shape[1] < 2:
        raise LevelsetError(f"{label}: every line needs two or three numbers, this has one.")
    if table.shape[1] == 2:
        return table, None
    normals = table[:, 3:6] if table.shape[1] >= 6 else None
    if normals is not None:
        lengths = np.linalg.norm(normals[np.isfinite(normals).all(1)], axis=1)
        if not len(lengths) or np.abs(np.median(lengths) - 1) > 0.05:
            normals = None  # colours, more likely
    return table[:, :3], normals


def _is_row(line: str) -> bool:
    words = line.split("#")[0].replace(",", " ").replace(";", " ").split()
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True


def _reason(error: ValueError, skipped: int) -> str:
    """numpy's own words without its advice."""
    return str(error).split(";")[0].rstrip(".") + (f", after {skipped} skipped" if skipped else "")
