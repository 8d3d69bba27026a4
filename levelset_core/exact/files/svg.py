"""The filled outlines of an SVG file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.files.geometries import filled
from levelset_core.exact.files.svg_size import check_svg
from levelset_core.exact.files.svg_views import cut_off, local, place_views
from levelset_core.exact.shapes import PlaneShape
from levelset_core.exact.tolerance import extent, last_place, tolerance_of

#: Straight pieces that stand for each curved segment of a path.
PIECES = 16
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
#: A number and its unit; per cent are of a window that no file has.
_LENGTH = re.compile(rf"({_NUMBER.pattern})\s*(|px|pt|pc|cm|mm|in)")
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
        drawing, cut = _parsed(data)
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
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error
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
    if cut:
        parts = "one element" if cut == 1 else f"{cut} elements"
        notes.append(f"Clip paths and masks are not applied: {parts} may reach too far.")
    if drawing.viewbox_transform:
        notes.append("Coordinates are pixels of the page (96 an inch), as its viewBox says.")
    rings = [
        shapely.get_coordinates(ring)[:-1]
        for area in areas for part in area.geoms for ring in (part.exterior, *part.interiors)
    ]  # fmt: skip
    return PlaneShape(rings, notes=tuple(notes), tolerance=_tolerance(rings, drawing))


def _tolerance(rings: list[np.ndarray], drawing: Any) -> float | None:
    """By the digits that coordinates have before the viewBox scales them, relative to the size."""
    from svgelements import Matrix

    if not drawing.viewbox_transform:
        return None
    page = Matrix(drawing.viewbox_transform)
    written = (np.concatenate(rings) * [1, -1] - [page.e, page.f]) / [page.a, page.d]
    noise = 1e-11 * extent(written)  # its transform is written with twelve digits
    found = tolerance_of(written, noise=noise) if last_place(written, noise) else None
    return None if found is None else found / extent(written)


def _lines(count: int) -> str:
    return f"{count} open line{'' if count == 1 else 's'}"


def _parsed(data: bytes) -> tuple[Any, int]:
    """The drawing, without what is not drawn, and how many of its elements are cut off."""
    from svgelements import SVG

    root = ElementTree.fromstring(data)
    _complete_size(root)
    place_views(root)
    for parent in list(root.iter()):
        for child in list(parent):
            if local(child.tag) in _NOT_DRAWN:
                place = list(parent).index(child)
                kept = ElementTree.Element(child.tag.replace(local(child.tag), "defs"))
                kept.append(child)
                parent[place] = kept
    return SVG.parse(io.BytesIO(ElementTree.tostring(root))), cut_off(root)


def _complete_size(root: ElementTree.Element) -> None:
    """Give a page of one size the other one, in its viewBox' proportions, as browsers do.

    Without a size in units of length, or with none, coordinates are those of the viewBox.
    """
    box = [float(number) for number in _NUMBER.findall(root.get("viewBox", ""))]
    if len(box) != 4 or min(box[2:]) <= 0:
        return
    sizes = [_LENGTH.fullmatch(root.get(name, "").strip()) for name in ("width", "height")]
    given = [float(size[1]) if size and float(size[1]) > 0 else None for size in sizes]
    for name, size in zip(("width", "height"), given, strict=True):
        if size is None:
            root.attrib.pop(name, None)
    for k, name in ((1, "height"), (0, "width")):
        other, known = sizes[1 - k], given[1 - k]
        if given[k] is None and known is not None and other:
            root.set(name, f"{known * box[2 + k] / box[3 - k]!r}{other[2]}")


def _shapes(drawing: Any) -> Iterator[Any]:
    from svgelements import Shape

    for element in drawing.elements():
        hidden = str(element.values.get("visibility")).strip() in ("hidden", "collapse")
        if isinstance(element, Shape) and not hidden:
            yield element


def _outlines(element: Any) -> Iterator[tuple[np.ndarray, bool]]:
    """Outlines of at least three vertices, and whether each is open."""
    from svgelements import Path as Outline

    # Turned or mirrored, a rectangle keeps its transform beside it.
    for part in Outline(element).reify().as_subpaths():
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
