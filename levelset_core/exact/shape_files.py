"""Polygons from files: JSON (of this project, or GeoJSON), WKT and SVG."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape as geojson_shape

from levelset_core.data.formats.table import check_size
from levelset_core.errors import LevelsetError
from levelset_core.exact.rings import geometry_rings
from levelset_core.exact.shapes import PlaneShape
from levelset_core.exact.svg import read_svg

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
        data, label = _read(Path(source)), Path(source).name
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
        if "type" in content:
            return _of_geometry(_geometry(content, label), label)
        rings, chains = content.get("rings", []), content.get("chains", [])
    notes: list[str] = []
    shape = PlaneShape(_lines(rings, "ring", label, notes), _lines(chains, "chain", label, notes))
    if not shape.edges:
        raise LevelsetError(
            f'{label}: no rings in it; write {{"rings": [[[x, y], [x, y], [x, y]]]}}.'
        )
    return replace(shape, notes=tuple(dict.fromkeys(notes)))


def _geometry(content: dict[str, Any], label: str) -> shapely.Geometry:
    """The geometry of any GeoJSON object."""
    parts: list[shapely.Geometry] = []
    waiting: list[Any] = [content]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, dict):
            raise LevelsetError(f"{label}: a GeoJSON object was expected, got {str(item)[:40]!r}.")
        match item.get("type"):
            case "FeatureCollection":
                waiting += _list_of(item, "features", label)[::-1]
            case "GeometryCollection":
                waiting += _list_of(item, "geometries", label)[::-1]
            case "Feature":
                if item.get("geometry") is not None:  # a Feature may have none
                    waiting.append(item["geometry"])
            case str(kind):
                try:
                    parts.append(geojson_shape(item))
                except Exception as error:  # whatever is missing or no number
                    raise LevelsetError(
                        f"{label}: the coordinates of a GeoJSON {kind[:40]} are no numbers, or it "
                        "is no geometry."
                    ) from error
            case other:
                raise LevelsetError(f"{label}: {str(other)[:40]!r} is no type of GeoJSON.")
    return shapely.GeometryCollection(parts)


def _list_of(item: dict[str, Any], name: str, label: str) -> list[Any]:
    found = item.get(name)
    if not isinstance(found, list):
        raise LevelsetError(f"{label}: the {name} of a GeoJSON {item['type']} must be a list.")
    return found


def _of_geometry(geometry: shapely.Geometry, label: str) -> PlaneShape:
    try:
        rings = geometry_rings(geometry)
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error
    if not rings:
        raise LevelsetError(f"{label}: no polygon in it.")
    return PlaneShape(rings, notes=(_FLAT,) if geometry.has_z else ())


def _from_wkt(data: bytes, label: str) -> PlaneShape:
    if _depth(data) > MAX_DEPTH:  # GEOS ends the process over many thousands
        raise LevelsetError(f"{label}: more than {MAX_DEPTH} brackets lie within each other.")
    try:
        lines = data.decode("utf-8-sig").splitlines()
        found = [shapely.from_wkt(line.split(";")[-1]) for line in lines if line.strip()]
    except (UnicodeDecodeError, shapely.errors.ShapelyError) as error:
        raise LevelsetError(f"{label}: this is no readable WKT, one geometry a line.") from error
    return _of_geometry(shapely.GeometryCollection(found), label)


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
        except (TypeError, ValueError) as error:
            raise LevelsetError(f"{label}: {kind} {k} is no list of [x, y] numbers.") from error
        if points.ndim == 2 and points.shape[1] == 3:
            points = points[:, :2]
            notes.append(_FLAT)
        if points.ndim != 2 or points.shape[1] != 2:
            raise LevelsetError(f"{label}: {kind} {k} must have shape (n, 2), got {points.shape}.")
        lines.append(points)
    return lines
