"""What is inside files of points: NPY and NPZ arrays, PLY headers, columns of text."""

from __future__ import annotations

import io
import warnings
import zipfile

import numpy as np

from levelset_core.errors import LevelsetError


def load_arrays(data: bytes, label: str, max_bytes: int) -> dict[str, np.ndarray]:
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
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise LevelsetError(f"{label}: the archive is damaged.") from error
    if not members:
        raise LevelsetError(f"{label}: the archive is empty.")
    return {name.removesuffix(".npy"): _number_array(m, label) for name, m in members.items()}


def _number_array(data: bytes, label: str) -> np.ndarray:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError, SyntaxError) as error:
        if "allow_pickle" in str(error) and data.startswith(b"\x93NUMPY"):
            raise LevelsetError(
                f"{label}: it holds pickled Python objects, which are never read; save plain "
                "arrays of numbers."
            ) from error
        raise LevelsetError(f"{label}: this is no readable NumPy file.") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise LevelsetError(f"{label}: it holds an array of {array.dtype}, not of numbers.")
    return array.astype(np.int64 if array.dtype.kind in "iu" else np.float64)


_SIZES = {
    **dict.fromkeys(("char", "uchar", "int8", "uint8"), 1),
    **dict.fromkeys(("short", "ushort", "int16", "uint16"), 2),
    **dict.fromkeys(("int", "uint", "float", "int32", "uint32", "float32"), 4),
    **dict.fromkeys(("double", "float64", "int64", "uint64"), 8),
}
#: Headers are a few hundred bytes.
_MAX_HEADER = 1 << 16


def check_ply(data: bytes, label: str) -> int:
    """The number of vertices a PLY file declares.

    Raises:
        LevelsetError: it is no PLY file, its header makes no sense, it has no vertices, or it
            ends before all that the header declares.
    """
    if not data.startswith(b"ply") or data[3:4] not in (b"\n", b"\r"):
        raise LevelsetError(f"{label}: this is no PLY file, it does not begin with 'ply'.")
    end = data.find(b"end_header", 0, _MAX_HEADER)
    if end < 0:
        raise LevelsetError(f"{label}: the PLY header has no end; the file is cut off or damaged.")
    body = data.find(b"\n", end) + 1 or len(data)
    kind, elements = _parse(data[:end].decode("latin-1"), label)
    counts = {name: count for name, count, _, _ in elements}
    if not counts.get("vertex"):
        raise LevelsetError(f"{label}: the PLY file declares no vertices.")
    if kind == "ascii":
        needed = sum(count for _, count, _, _ in elements)  # one line each
        found = sum(1 for line in data[body:].splitlines() if line.strip())
        unit = "lines"
    else:
        # Lists are as long as each row says: at least their count is there.
        needed = sum(count * size for _, count, size, _ in elements)
        needed += sum(count * 3 * item for name, count, _, item in elements if name == "face")
        found, unit = len(data) - body, "bytes"
    if found < needed:
        raise LevelsetError(
            f"{label}: the file is cut off, it has {found:,} {unit} after the header but "
            f"declares {needed:,}."
        )
    return counts["vertex"]


def _parse(header: str, label: str) -> tuple[str, list[tuple[str, int, int, int]]]:
    """The format, and of each element: name, count, bytes a row, bytes of a list's item."""
    kind = ""
    elements: list[tuple[str, int, int, int]] = []
    for line in header.splitlines()[1:]:
        words = line.split()
        try:
            if not words or words[0] in ("comment", "obj_info"):
                continue
            if words[0] == "format":
                kind = words[1]
            elif words[0] == "element":
                elements.append((words[1], int(words[2]), 0, 0))
                if elements[-1][1] < 0:
                    raise ValueError
            elif words[0] == "property":
                name, count, size, item = elements.pop()
                if words[1] == "list":
                    size, item = size + _SIZES[words[2]], _SIZES[words[3]]
                else:
                    size += _SIZES[words[1]]
                elements.append((name, count, size, item))
            else:
                raise ValueError
        except (ValueError, IndexError, KeyError) as error:
            raise LevelsetError(f"{label}: the PLY header line {line!r} makes no sense.") from error
    if kind not in ("ascii", "binary_little_endian", "binary_big_endian"):
        raise LevelsetError(f"{label}: the PLY header names no known format.")
    return kind, elements


def parse_text(data: bytes, label: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Coordinates, (n, 2) or (n, 3), and normals if columns 4 to 6 are unit vectors.

    A first line of words is a heading; lines that begin with # or // are left out. Further
    columns (colours, intensities) are ignored.

    Raises:
        LevelsetError: the file is no text, holds no numbers, or a line does not fit.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise LevelsetError(f"{label}: this is no text file.")
    lines = text.replace("//", "#").splitlines()
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
        reason = str(error).split(";")[0].rstrip(".")  # numpy's own words without its advice
        raise LevelsetError(
            f"{label}: a line does not hold the same count of numbers as the others "
            f"({reason}{f', after {first} skipped' if first else ''})."
        ) from error
    if not table.size:
        raise LevelsetError(f"{label}: no points found in it.")
    if table.shape[1] < 2:
        raise LevelsetError(f"{label}: every line needs two or three numbers, this has one.")
    if table.shape[1] == 2:
        return table, None
    if table.shape[1] < 6:
        return table[:, :3], None
    normals = table[:, 3:6]
    lengths = np.linalg.norm(normals[np.isfinite(normals).all(1)], axis=1)
    unit = len(lengths) and np.abs(np.median(lengths) - 1) <= 0.05  # else colours, more likely
    return table[:, :3], normals if unit else None


def _is_row(line: str) -> bool:
    words = line.split("#")[0].replace(",", " ").replace(";", " ").split()
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True
