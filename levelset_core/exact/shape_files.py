"""Polygons from files: JSON (of this project, or GeoJSON) and SVG."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.exact.shapes import PlaneShape

MAX_BYTES = 4 << 20
#: Straight pieces that stand for each curved segment of an SVG path.
PIECES = 16


def read_plane_shape(source: str | Path | bytes, name: str | None = None) -> PlaneShape:
    """The rings and chains of a .json or .svg file.

    JSON is ``{"rings": [[[x, y], ...], ...], "chains": [...]}`` (either may be left out), a list
    of rings, or a GeoJSON Polygon or MultiPolygon. Of an SVG all closed outlines are taken, y
    upwards; a curve becomes ``PIECES`` straight pieces.

    Args:
        source: a path, or the content.
        name: what the file is called; needed with content.

    Raises:
        LevelsetError: the file is missing, too large, damaged or holds no outline.
    """
    if isinstance(source, bytes):
        data, label = source, Path(name or "shape").name
    else:
        data, label = _read(Path(source)), Path(source).name
    if len(data) > MAX_BYTES:
        raise LevelsetError(f"{label}: larger than {MAX_BYTES >> 20} MB; simplify the shape.")
    match Path(label).suffix.lower():
        case ".json" | ".geojson":
            return _from_json(data, label)
        case ".svg":
            return _from_svg(data, label)
        case other:
            raise LevelsetError(
                f"{label}: polygons are read from .json and .svg files, not {other or 'these'}."
            )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise LevelsetError(f"{path.name}: there is no such file.") from error
    except OSError as error:
        raise LevelsetError(f"{path.name}: cannot be opened ({error.strerror}).") from error


def _from_json(data: bytes, label: str) -> PlaneShape:
    try:
        content: Any = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise LevelsetError(f"{label}: this is no readable JSON ({error}).") from error
    chains: Any = []
    rings = content
    if isinstance(content, dict):
        if content.get("type") == "Feature":
            content = content.get("geometry") or {}
        coordinates = content.get("coordinates", [])
        match content.get("type"):
            case "Polygon":
                rings = coordinates
            case "MultiPolygon":
                rings = [ring for polygon in coordinates for ring in polygon]
            case _:
                rings, chains = content.get("rings", []), content.get("chains", [])
    shape = PlaneShape(_lines(rings, "ring", label), _lines(chains, "chain", label))
    if not shape.edges:
        raise LevelsetError(
            f'{label}: no rings in it; write {{"rings": [[[x, y], [x, y], [x, y]]]}}.'
        )
    return shape


def _lines(content: Any, kind: str, label: str) -> list[np.ndarray]:
    if not isinstance(content, list):
        raise LevelsetError(f"{label}: the {kind}s must be a list, each a list of [x, y].")
    lines = []
    for k, line in enumerate(content):
        try:
            points = np.array(line, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise LevelsetError(f"{label}: {kind} {k} is no list of [x, y] numbers.") from error
        if points.ndim != 2 or points.shape[1] != 2:
            raise LevelsetError(f"{label}: {kind} {k} must have shape (n, 2), got {points.shape}.")
        lines.append(points)
    return lines


def _from_svg(data: bytes, label: str) -> PlaneShape:
    from svgelements import SVG, Shape
    from svgelements import Path as Outline

    if b"<!ENTITY" in data:
        raise LevelsetError(f"{label}: SVG files with entities are not read; save it plainly.")
    try:
        outlines = [Outline(e) for e in SVG.parse(io.BytesIO(data)).elements()
                    if isinstance(e, Shape)]  # fmt: skip
        parts = [part for o in outlines for part in o.as_subpaths()]
        rings = [_ring(Outline(part)) for part in parts]
    except Exception as error:  # its parser raises whatever it stumbles over
        raise LevelsetError(f"{label}: this is no readable SVG file.") from error
    rings = [ring for ring in rings if len(ring) >= 3]
    if not rings:
        raise LevelsetError(f"{label}: no closed outline in it; draw a polygon or a path.")
    return PlaneShape(rings)


def _ring(outline: Any) -> np.ndarray:
    points: list[tuple[float, float]] = []
    for segment in outline:
        if segment.end is None:
            continue
        curved = type(segment).__name__ not in ("Move", "Line", "Close")
        for t in np.linspace(0, 1, PIECES + 1)[1:] if curved else ():
            p = segment.point(t)
            points.append((p.x, -p.y))
        if not curved:
            points.append((segment.end.x, -segment.end.y))
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return np.array(points, dtype=np.float64).reshape(-1, 2)
