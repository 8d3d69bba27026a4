"""GeoJSON, WKT and Shapely's geometries as rings: each polygon is an area, and areas unite."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LinearRing, LineString, Polygon
from shapely.geometry import shape as geojson_shape

from levelset_core.errors import LevelsetError
from levelset_core.exact.tolerance import tolerance_of

_KINDS = ("Point", "LineString", "Polygon")
KINDS = (*_KINDS, *(f"Multi{kind}" for kind in _KINDS))
_FLAT = "Heights (z) are left out: the shape lies in the plane."
_MEASURES = "Measures (m) are left out: the shape lies in the plane."
_UNITED = "Polygons that lie over each other are united."


def rings_of(geometry: shapely.Geometry) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """The rings of a geometry, each (n, 2), and what was left out, a sentence each.

    Polygons that touch or lie over each other are united before; closed lines are rings too.

    Raises:
        LevelsetError: it holds neither polygons nor closed lines.
    """
    polygons: list[Polygon] = []
    lines: list[LineString] = []
    left: Counter[str] = Counter()
    for part in _parts(geometry):
        if isinstance(part, Polygon):
            polygons.append(shapely.force_2d(part))
        elif isinstance(part, LineString) and part.is_closed:
            lines.append(shapely.force_2d(part))
        else:
            left[part.geom_type] += 1
    said = [_counted(kind, count) for kind, count in left.items()]
    if not polygons and not lines:
        there = f": there is only {' and '.join(said)} in it" if said else " in it"
        raise LevelsetError(f"no polygon and no closed line{there}.")
    notes = []
    if said:
        notes.append(f"Left out, since only polygons and closed lines have an inside: "
                     f"{' and '.join(said)}.")  # fmt: skip
    if geometry.has_z:
        notes.append(_FLAT)
    if geometry.has_m:
        notes.append(_MEASURES)
    parts, over = united(polygons)
    if over:
        notes.append(_UNITED)
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [shapely.get_coordinates(ring) for ring in (*rings, *lines)], tuple(notes)


def united(polygons: list[Polygon]) -> tuple[list[Polygon], bool]:
    """Polygons that touch made one, and whether some lay over each other.

    Where one of them is not valid all stay as they are: who reads their rings says what is wrong.
    """
    if len(polygons) < 2 or not shapely.is_valid(polygons).all():
        return polygons, False
    touch = tolerance_of(shapely.get_coordinates(polygons))
    pairs = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=touch).T
    near = [(int(i), int(j)) for i, j in pairs if i < j]
    if not near:
        return polygons, False
    snapped = list(polygons)
    for i, j in near:  # or no edge would be shared
        for own, other in ((i, j), (j, i)):
            moved = shapely.snap(snapped[own], snapped[other], touch)
            if moved.is_valid and isinstance(moved, Polygon) and not moved.is_empty:
                snapped[own] = moved
    over = any(
        shapely.intersection(snapped[i], snapped[j]).area
        > touch * min(snapped[i].length, snapped[j].length)
        for i, j in near
    )
    together = shapely.get_parts(shapely.union_all(snapped))
    return [part for part in together if isinstance(part, Polygon)], over


def filled(rings: list[np.ndarray], rule: str = "evenodd") -> list[Polygon]:
    """What rings fill, which may cross and touch themselves and each other.

    The plane falls into faces between the rings. By the rule "nonzero" a face is filled where
    they wind around it, by "evenodd" where they do so an odd number of times.
    """
    lines = shapely.union_all([LinearRing(ring) for ring in rings])
    faces = []
    for face in shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))):
        place = np.array(face.representative_point().coords[0])
        turns = sum(_turns(ring, place) for ring in rings)
        if turns % 2 if rule == "evenodd" else turns:
            faces.append(face)
    together = shapely.get_parts(shapely.union_all(faces))
    return [part for part in together if isinstance(part, Polygon)]


def _turns(ring: np.ndarray, place: np.ndarray) -> int:
    """How often a ring winds around a place: crossings of the ray to its right, by direction."""
    a = ring - place
    b = np.roll(a, -1, axis=0)
    side = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    up = (a[:, 1] <= 0) & (b[:, 1] > 0) & (side > 0)
    down = (a[:, 1] > 0) & (b[:, 1] <= 0) & (side < 0)
    return int(up.sum() - down.sum())


def _parts(geometry: shapely.Geometry) -> Iterator[shapely.Geometry]:
    """Points, lines and polygons one by one, none of them empty."""
    waiting = [geometry]
    while waiting:
        item = waiting.pop()
        if hasattr(item, "geoms"):
            waiting += list(item.geoms)[::-1]
        elif not item.is_empty:
            yield item


def _counted(kind: str, count: int) -> str:
    names = {"Point": "point", "LineString": "open line"}
    return f"{count} {names.get(kind, kind)}{'s' if count > 1 else ''}"


# -- GeoJSON -----------------------------------------------------------------------------------


def from_geojson(content: Any) -> shapely.Geometry:
    """The geometry of any GeoJSON object: Features, FeatureCollections, GeometryCollections too.

    Raises:
        LevelsetError: it is none.
    """
    parts: list[shapely.Geometry] = []
    waiting: list[Any] = [content]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, dict):
            raise LevelsetError(f"a GeoJSON object was expected, got {str(item)[:40]!r}.")
        match item.get("type"):
            case "FeatureCollection":
                waiting += _list_of(item, "features")[::-1]
            case "GeometryCollection":
                waiting += _list_of(item, "geometries")[::-1]
            case "Feature":
                if item.get("geometry") is not None:  # a Feature may have none
                    waiting.append(item["geometry"])
            case "LinearRing":  # of Shapely, not of the standard
                waiting.append({**item, "type": "LineString"})
            case str(kind) if kind in KINDS:
                parts.append(_geometry(item, kind))
            case other:
                raise LevelsetError(f"{str(other)[:40]!r} is no type of GeoJSON.")
    return shapely.GeometryCollection(parts)


def _geometry(item: dict[str, Any], kind: str) -> shapely.Geometry:
    try:
        coordinates = item["coordinates"]
        most = 3 if {len(place) for place in _places(coordinates)} == {3} else 2
        cut = _cut(coordinates, most) if coordinates else []
        return geojson_shape({"type": kind, "coordinates": cut})
    except Exception as error:  # whatever is missing or no number
        raise LevelsetError(
            f"the coordinates of a GeoJSON {kind} are no numbers, or it is no geometry."
        ) from error


def _places(coordinates: Any) -> Iterator[Any]:
    if coordinates and isinstance(coordinates[0], (list, tuple)):
        yield from itertools.chain.from_iterable(map(_places, coordinates))
    elif coordinates:
        yield coordinates


def _cut(coordinates: Any, most: int) -> Any:
    """Places of at most so many numbers: the standard lets a reader ignore more than three."""
    if coordinates and isinstance(coordinates[0], (list, tuple)):
        return [_cut(inner, most) for inner in coordinates]
    return list(coordinates)[:most]


def _list_of(item: dict[str, Any], name: str) -> list[Any]:
    found = item.get(name)
    if not isinstance(found, (list, tuple)):
        raise LevelsetError(f"the {name} of a GeoJSON {item['type']} must be a list.")
    return list(found)
