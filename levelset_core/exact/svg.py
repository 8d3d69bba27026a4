"""The filled outlines of an SVG file."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.shapes import PlaneShape
from levelset_core.exact.svg_size import check_svg

#: Straight pieces that stand for each curved segment of a path.
PIECES = 16


def read_svg(data: bytes, label: str) -> PlaneShape:
    """Rings of all filled shapes, y upwards, each by its ``fill-rule``.

    Lines that are drawn without a fill and do not close are left out; an open outline that is
    filled is closed, as SVG fills it. The shape's ``notes`` say so.

    Raises:
        LevelsetError: the file is damaged, or has no outline.
    """
    from svgelements import SVG, Shape
    from svgelements import Path as Outline

    check_svg(data, label)
    rings: list[np.ndarray] = []
    lines = closed = 0
    try:
        for element in SVG.parse(io.BytesIO(data)).elements():
            if not isinstance(element, Shape):
                continue
            filled = element.fill.value is not None
            own = []
            for part in Outline(element).as_subpaths():
                ring, is_open = _ring(Outline(part))
                if len(ring) < 3:
                    continue
                if is_open and not filled:
                    lines += 1
                    continue
                closed += is_open
                own.append(ring)
            rule = str(element.values.get("fill-rule") or "nonzero").strip()
            rings += own if rule == "evenodd" else _nonzero(own)
    except MemoryError:
        raise
    except Exception as error:  # its parser raises whatever it stumbles over
        raise LevelsetError(f"{label}: this is no readable SVG file.") from error
    if not rings:
        left = f" ({lines} open lines without a fill)" if lines else ""
        raise LevelsetError(f"{label}: no closed outline in it{left}; draw a polygon or a path.")
    notes = []
    if lines:
        notes.append(f"{lines} open lines without a fill are left out.")
    if closed:
        notes.append(f"{closed} open outlines with a fill are closed, as SVG fills them.")
    return PlaneShape(rings, notes=tuple(notes))


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


def _nonzero(rings: list[np.ndarray]) -> list[np.ndarray]:
    """Those rings of one path that bound what the rule "nonzero" fills.

    A ring inside another that runs the same way makes no hole. Rings that cross are left to who
    checks the shape.
    """
    if len(rings) < 2:
        return rings
    polygons = [Polygon(ring) for ring in rings]
    if not all(polygon.is_valid for polygon in polygons):
        return rings
    turn = [1 if polygon.exterior.is_ccw else -1 for polygon in polygons]
    kept = []
    for k, polygon in enumerate(polygons):
        around = sum(
            turn[j]
            for j, other in enumerate(polygons)
            if j != k
            and shapely.contains_properly(other, polygon.representative_point())
            and other.area > polygon.area
        )
        if (around == 0) != (around + turn[k] == 0):
            kept.append(rings[k])
    return kept
