"""The filled outlines of an SVG file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.files.geometries import filled
from levelset_core.exact.files.svg_size import check_svg
from levelset_core.exact.shapes import PlaneShape

#: Straight pieces that stand for each curved segment of a path.
PIECES = 16
#: Elements whose content is not drawn where it stands; that of a symbol is by <use>.
_NOT_DRAWN = ("clipPath", "mask", "marker", "pattern", "symbol")


def read_svg(data: bytes, label: str) -> PlaneShape:
    """Rings of all filled shapes, y upwards, each by its ``fill-rule``.

    Lines that are drawn without a fill and do not close are left out; an open outline that is
    filled is closed, as SVG fills it. Elements that overlap are united, one that lies within
    another is a hole in it. The shape's ``notes`` say so.

    Raises:
        LevelsetError: the file is damaged, or has no outline.
    """
    check_svg(data, label)
    areas: list[MultiPolygon] = []
    lines = closed = 0
    try:
        drawing = _parsed(data)
        for element in _shapes(drawing):
            filled = element.fill.value is not None
            own = []
            for ring, is_open in _outlines(element):
                if is_open and not filled:
                    lines += 1
                    continue
                closed += is_open
                own.append(ring)
            areas += _filled(own, str(element.values.get("fill-rule") or "nonzero"))
    except MemoryError:
        raise
    except Exception as error:  # its parser raises whatever it stumbles over
        raise LevelsetError(f"{label}: this is no readable SVG file.") from error
    if not areas:
        left = f" ({_lines(lines)} without a fill)" if lines else ""
        raise LevelsetError(f"{label}: no closed outline in it{left}; draw a polygon or a path.")
    areas, notes = _together(areas)
    if lines:
        notes.append(f"Left out: {_lines(lines)} without a fill.")
    if closed:
        notes.append(f"Closed, as SVG fills them: {_lines(closed)} with a fill.")
    if drawing.viewbox_transform:
        notes.append("Coordinates are pixels of the page (96 an inch), as its viewBox says.")
    rings = [
        shapely.get_coordinates(ring)[:-1]
        for area in areas for part in area.geoms for ring in (part.exterior, *part.interiors)
    ]  # fmt: skip
    return PlaneShape(rings, notes=tuple(notes))


def _lines(count: int) -> str:
    return f"{count} open line{'' if count == 1 else 's'}"


def _parsed(data: bytes) -> Any:
    """The drawing, without what is not drawn."""
    from svgelements import SVG

    root = ElementTree.fromstring(data)
    for parent in list(root.iter()):
        for child in list(parent):
            if str(child.tag).rpartition("}")[2] in _NOT_DRAWN:
                place = list(parent).index(child)
                kept = ElementTree.Element(child.tag.replace(child.tag.rpartition("}")[2], "defs"))
                kept.append(child)
                parent[place] = kept
    return SVG.parse(io.BytesIO(ElementTree.tostring(root)))


def _shapes(drawing: Any) -> Iterator[Any]:
    from svgelements import Shape

    for element in drawing.elements():
        hidden = str(element.values.get("visibility")).strip() in ("hidden", "collapse")
        if isinstance(element, Shape) and not hidden:
            yield element


def _outlines(element: Any) -> Iterator[tuple[np.ndarray, bool]]:
    """Outlines of at least three vertices, and whether each is open."""
    from svgelements import Path as Outline

    for part in Outline(element).as_subpaths():
        ring, is_open = _ring(Outline(part))
        if len(ring) >= 3:
            yield ring, is_open


def _ring(outline: Any) -> tuple[np.ndarray, bool]:
    """Vertices of an outline, (n, 2), and whether it is open."""
    points: list[tuple[float, float]] = []
    ended = False
    for segment in outline:
        kind = type(segment).__name__
        ended = ended or kind == "Close"
        if segment.end is None:
            continue
        curved = kind not in ("Move", "Line", "Close")
        for t in np.linspace(0, 1, PIECES + 1)[1:] if curved else ():
            p = segment.point(t)
            points.append((p.x, -p.y))
        if not curved:
            points.append((segment.end.x, -segment.end.y))
    is_open = not ended
    if len(points) > 1 and np.allclose(points[0], points[-1], rtol=1e-12, atol=1e-12):
        points.pop()
        is_open = False
    return np.array(points, dtype=np.float64).reshape(-1, 2), is_open


def _filled(rings: list[np.ndarray], rule: str) -> list[MultiPolygon]:
    """What the rings of one path fill: none or one area."""
    if len(rings) == 1 and Polygon(rings[0]).is_valid:
        return [MultiPolygon([Polygon(rings[0])])]
    parts = filled(rings, rule.split("!")[0].strip())
    return [MultiPolygon(parts)] if parts else []


def _together(areas: list[MultiPolygon]) -> tuple[list[MultiPolygon], list[str]]:
    """The areas of all elements: those that overlap are united, the others told if they nest."""
    notes: list[str] = []
    pairs = shapely.STRtree(areas).query(areas, predicate="intersects").T
    near = [(int(i), int(j)) for i, j in pairs if i < j]
    within = [shapely.covers(areas[i], areas[j]) != shapely.covers(areas[j], areas[i])
              for i, j in near]  # fmt: skip
    if any(within):
        notes.append("What lies within another outline is taken as a hole in it.")
    over = [
        pair for pair, nested in zip(near, within, strict=True)
        if not nested and shapely.intersection(areas[pair[0]], areas[pair[1]]).area > 0
    ]  # fmt: skip
    if not over:
        return areas, notes
    number = {k for pair in over for k in pair}
    united = shapely.union_all([areas[k] for k in number])
    parts = [part for part in shapely.get_parts(united) if isinstance(part, Polygon)]
    rest = [area for k, area in enumerate(areas) if k not in number]
    return [MultiPolygon(parts), *rest], ["Outlines that overlap are united.", *notes]
