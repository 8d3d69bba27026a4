"""Polygons from files: JSON (of this project, or GeoJSON), WKT and SVG."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from levelset_core.data.formats.table import check_size
from levelset_core.errors import LevelsetError
from levelset_core.exact.files.geometries import from_geojson, rings_of
from levelset_core.exact.files.svg import read_svg
from levelset_core.exact.shapes import PlaneShape

MAX_BYTES = 4 << 20
#: Of all rings and chains, before those on a straight line are merged.
MAX_VERTICES = 200_000
#: Brackets of a WKT within each other.
MAX_DEPTH = 100
_FLAT = "Heights (z) are left out: the shape lies in the plane."


def read_plane_shape(source: str | Path | bytes, name: str | None = None) -> PlaneShape:
    """The rings and chains of a .json, .geojson, .wkt or .svg file.

    JSON is ``{"rings": [[[x, y], ...], ...], "chains": [...]}`` (either may be left out), a list
    of rings, or any GeoJSON of polygons: Features, FeatureCollections and GeometryCollections
    too. Heights (z) are left out. Of an SVG all filled outlines are taken, y upwards, by their
    ``fill-rule``; a curve becomes ``PIECES`` straight pieces. What was left out or closed is in the
    shape's ``notes``.

    Args:
        source: a path, or the content.
        name: what the file is called; needed with content.

    Raises:
        LevelsetError: the file is missing, too large, damaged or holds no outline.
    """
    if isinstance(source, bytes):
        data, label = source, Path(name or "shape").name
    else:
        data, label = plane_shape_bytes(Path(source)), Path(source).name
    if len(data) > MAX_BYTES:
        raise LevelsetError(f"{label}: larger than {MAX_BYTES >> 20} MB; simplify the shape.")
    readers = {
        ".json": _from_json, ".geojson": _from_json, ".wkt": _from_wkt, ".svg": read_svg,
    }  # fmt: skip
    ending = Path(label).suffix.lower()
    if ending not in readers:
        raise LevelsetError(
            f"{label}: polygons are read from .json, .geojson, .wkt and .svg files, not "
            f"{ending or 'these'}."
        )
    return _checked(readers[ending](data, label), label)


def _checked(shape: PlaneShape, label: str) -> PlaneShape:
    """Refuse what no network is made of.

    Raises:
        LevelsetError: too many vertices, or a coordinate whose square overflows.
    """
    lines = [*shape.rings, *shape.chains]
    if (vertices := sum(map(len, lines))) > MAX_VERTICES:
        raise LevelsetError(
            f"{label}: {vertices:,} vertices are too many, at most {MAX_VERTICES:,} are read; "
            "simplify the shape."
        )
    for line in lines:
        check_size(line, label)
    return shape


def plane_shape_bytes(path: Path) -> bytes:
    """What is in a file.

    Raises:
        LevelsetError: it is missing, or cannot be opened.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise LevelsetError(f"{path.name}: there is no such file.") from error
    except OSError as error:
        raise LevelsetError(f"{path.name}: cannot be opened ({error.strerror}).") from error


def _from_json(data: bytes, label: str) -> PlaneShape:
    try:
        content: Any = json.loads(data)
    except (ValueError, RecursionError) as error:  # also of a number with too many digits
        raise LevelsetError(f"{label}: this is no readable JSON ({error}).") from error
    chains: Any = []
    rings = content
    if isinstance(content, dict):
        if "type" in content:
            return _of_geometry(lambda: from_geojson(content), label)
        rings, chains = content.get("rings", []), content.get("chains", [])
    if _is_ring(rings):
        rings = [rings]
    notes: list[str] = []
    shape = PlaneShape(_lines(rings, "ring", label, notes), _lines(chains, "chain", label, notes))
    if not shape.edges:
        raise LevelsetError(
            f'{label}: no rings in it; write {{"rings": [[[x, y], [x, y], [x, y]]]}}.'
        )
    return replace(shape, notes=tuple(dict.fromkeys(notes)))


def _is_ring(rings: Any) -> bool:
    """Whether it is one ring by itself: a list of places."""
    return (
        isinstance(rings, list)
        and len(rings) > 2
        and all(isinstance(p, list) and [type(x) in (int, float) for x in p[:2]] == [True] * 2
                for p in rings)
    )  # fmt: skip


def _of_geometry(read: Callable[[], shapely.Geometry], label: str) -> PlaneShape:
    try:
        rings, notes = rings_of(read())
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error
    return PlaneShape(rings, notes=notes)


def _from_wkt(data: bytes, label: str) -> PlaneShape:
    if _depth(data) > MAX_DEPTH:  # GEOS ends the process over many thousands
        raise LevelsetError(f"{label}: more than {MAX_DEPTH} brackets lie within each other.")
    try:
        texts = _geometries(data.decode("utf-8-sig"))
        found = [shapely.from_wkt(text.split(";")[-1], on_invalid="fix") for text in texts]
    except NotImplementedError as error:
        raise LevelsetError(
            f"{label}: curves of WKT are not read; write them as straight pieces (ST_CurveToLine)."
        ) from error
    except (UnicodeDecodeError, shapely.errors.ShapelyError) as error:
        raise LevelsetError(f"{label}: this is no readable WKT.") from error
    if None in found:
        raise LevelsetError(f"{label}: this is no readable WKT.")
    return _of_geometry(lambda: shapely.GeometryCollection(found), label)


def _geometries(text: str) -> list[str]:
    """A geometry ends with the line that closes its last bracket, or is EMPTY."""
    found: list[str] = []
    lines: list[str] = []
    depth = 0
    for line in text.splitlines():
        line = line.strip().rstrip(";")
        lines.append(line)
        depth += line.count("(") - line.count(")")
        if depth <= 0 and line.upper().endswith((")", "EMPTY")):
            found.append(" ".join(lines))
            lines, depth = [], 0
    return [*found, *([" ".join(lines)] if any(lines) else [])]


def _depth(data: bytes) -> int:
    """Brackets within each other."""
    codes = np.frombuffer(data, dtype=np.uint8)
    steps = (codes == ord("(")).astype(np.int64) - (codes == ord(")"))
    return int(np.cumsum(steps).max(initial=0))


def _lines(content: Any, kind: str, label: str, notes: list[str]) -> list[np.ndarray]:
    if not isinstance(content, list):
        raise LevelsetError(f"{label}: the {kind}s must be a list, each a list of [x, y].")
    lines = []
    for k, line in enumerate(content):
        try:
            points = np.array(line, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise LevelsetError(f"{label}: {kind} {k} is no list of [x, y] numbers.") from error
        if points.ndim == 2 and points.shape[1] == 3:
            points = points[:, :2]
            notes.append(_FLAT)
        if points.ndim != 2 or points.shape[1] != 2:
            raise LevelsetError(f"{label}: {kind} {k} must have shape (n, 2), got {points.shape}.")
        lines.append(points)
    return lines
