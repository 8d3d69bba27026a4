"""What a PLY file claims to hold, checked against its size before anything is built from it."""

from __future__ import annotations

from levelset_core.errors import LevelsetError

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
