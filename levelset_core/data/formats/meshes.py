"""OBJ, STL and OFF: what trimesh's reader takes on trust, takes otherwise or leaves out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError

#: Of an OBJ with more materials they are left out first: its reader takes a time that grows by the
#: square of their number, to keep apart what becomes one mesh.
MATERIALS = 100
#: A vertex of an OBJ with a colour.
_COLOURED = re.compile(rb"(?m)^([ \t]*v(?:[ \t]+\S+){3})" + 3 * rb"[ \t]+(\S+)" + rb"[ \t]*\r?$")
#: A binary STL: bytes before its faces, and of each.
_STL_HEAD, _STL_FACE = 84, 50


def prepared(data: bytes, kind: str, label: str) -> bytes:
    """The file as its reader understands it: "obj", "stl" or "off".

    Raises:
        LevelsetError: an OFF's face has other corners than it claims.
    """
    if kind == "off":
        _check_off(data, label)
    elif kind == "stl":
        return _until_its_end(data)
    elif kind == "obj":
        if data.count(b"usemtl") > MATERIALS:
            data = re.sub(rb"(?m)^[ \t]*(?:usemtl|mtllib)\b.*$", b"", data)
        return _with_colours_to_1(data)
    return data


def _until_its_end(data: bytes) -> bytes:
    """A binary STL without what some programs write after its faces."""
    end = _STL_HEAD + _STL_FACE * int.from_bytes(data[80:_STL_HEAD], "little")
    is_text = b"facet" in data[:1000]
    return data if is_text or len(data) < _STL_HEAD else data[:end]


def _with_colours_to_1(data: bytes) -> bytes:
    """An OBJ whose colours reach above 1, and so are from 0 to 255, with those from 0 to 1."""
    try:
        most = max((float(c) for row in _COLOURED.findall(data) for c in row[1:]), default=0.0)
    except ValueError:
        return data
    if not most > 1:
        return data

    def to_1(row: re.Match[bytes]) -> bytes:
        return row[1] + b"".join(b" %.6f" % (float(word) / 255) for word in row.groups()[1:])

    return _COLOURED.sub(to_1, data)


def colours_of(parts: Sequence[Any], kind: str) -> np.ndarray | None:
    """The vertices' colours in an OBJ, ``v x y z r g b``, (n, 3) uint8, or None."""
    visuals = [getattr(part, "visual", None) for part in parts]
    if kind != "obj" or any(v is None or v.kind != "vertex" for v in visuals):
        return None
    found = [np.asarray(v.vertex_colors) for v in visuals if v is not None]
    if [f.shape for f in found] != [(len(part.vertices), 4) for part in parts]:
        return None
    return np.concatenate(found)[:, :3].astype(np.uint8)


def normals_beside(data: bytes, count: int) -> np.ndarray | None:
    """An OBJ's normals where it has no faces and one for each point, (n, 3), or None."""
    rows = re.findall(rb"(?m)^[ \t]*vn[ \t]+(.+)$", data)
    if len(rows) != count:
        return None
    try:
        return np.loadtxt(rows, ndmin=2, usecols=(0, 1, 2))
    except (ValueError, IndexError):
        return None


def _check_off(data: bytes, label: str) -> None:
    """Refuse faces that have other corners than they claim; a colour may follow them.

    Raises:
        LevelsetError: names the first such face.
    """
    said = [line.partition("#")[0] for line in data.decode("latin-1").splitlines()]
    text = "\n".join(said).partition("OFF")[2]
    lines = [words for line in text.splitlines() if (words := line.split())]
    try:
        vertices, faces = (int(word) for word in lines[0][:2])
    except (IndexError, ValueError):
        return  # no OFF at all: its reader says so
    if min(vertices, faces) < 0 or len(lines) <= vertices + faces:
        raise LevelsetError(
            f"{label}: the file is cut off, it declares {vertices:,} vertices and {faces:,} faces "
            f"but has {len(lines) - 1:,} lines of them."
        )
    for k, (word, *corners) in enumerate(lines[vertices + 1 : vertices + faces + 1], 1):
        claimed = word[:20]
        if not claimed.isdecimal() or int(claimed) > len(corners):
            raise LevelsetError(
                f"{label}: face {k:,} claims {claimed} corners, but its line has {len(corners):,}."
            )
