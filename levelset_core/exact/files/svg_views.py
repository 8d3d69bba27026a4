"""Drawings within an SVG drawing that have coordinates of their own, and what cuts shapes off."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from levelset_core.errors import LevelsetError

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SIZES = ("x", "y", "width", "height")
_CUTTING = re.compile(r"(?:clip-path|mask)\s*:\s*url")


def local(tag: object) -> str:
    """An element's name without its namespace."""
    return str(tag).rpartition("}")[2]


def place_views(root: Element) -> None:
    """Turn viewBoxes of inner drawings, and of symbols where they are used, into transforms.

    Raises:
        LevelsetError: one has a size in other units than the drawing's.
    """
    boxes = {e.get("id"): e for e in root.iter() if local(e.tag) == "symbol" and _box(e)}
    own = _box(root) or [0.0, 0.0, *(_size(root, k, 0.0) for k in ("width", "height"))]
    for element in root.iter():
        name = local(element.tag)
        links = [v for k, v in element.attrib.items() if local(k) == "href"]
        view = boxes.get(links[0][1:]) if name == "use" and links else None
        if name == "svg" and element is not root and _box(element):
            view = element
            element.tag = f"{str(element.tag).removesuffix('svg')}g"
        if view is not None:
            moved = _transform(element, view, own[2:])
            element.set("transform", f"{element.get('transform', '')} {moved}".strip())
            for key in (*_SIZES, "viewBox"):
                element.attrib.pop(key, None)


def cut_off(root: Element) -> int:
    """Elements that a clip path or a mask cuts off."""
    return sum(
        any(element.get(k, "").startswith("url") for k in ("clip-path", "mask"))
        or bool(_CUTTING.search(element.get("style", "")))
        for element in root.iter()
    )


def _box(element: Element) -> list[float]:
    """The viewBox, or [] where there is none of a size."""
    box = [float(number) for number in _NUMBER.findall(element.get("viewBox", ""))]
    return box if len(box) == 4 and min(box[2:]) > 0 else []


def _size(element: Element, name: str, usual: float) -> float:
    text = element.get(name, "").strip().removesuffix("px")
    if text in ("", "auto", "100%"):
        return usual
    if not _NUMBER.fullmatch(text):
        if local(element.tag) == "svg" and name in _SIZES[2:] and not usual:
            return 0.0  # the whole drawing's, in units of length
        raise LevelsetError(f"an inner drawing has the {name} {text[:20]}: write it as a number.")
    return float(text)


def _transform(element: Element, view: Element, whole: list[float]) -> str:
    """From the viewBox into the rectangle that it is shown in, by preserveAspectRatio."""
    x, y, wide, high = (_size(element, k, u) for k, u in zip(_SIZES, (0, 0, *whole), strict=True))
    box = _box(view)
    scale = [wide / box[2], high / box[3]]
    aspect = view.get("preserveAspectRatio", "xMidYMid")
    if "none" not in aspect:
        scale = 2 * [max(scale) if "slice" in aspect else min(scale)]
        part = [0.0 if f"{a}Min" in aspect else 1.0 if f"{a}Max" in aspect else 0.5 for a in "xY"]
        x += part[0] * (wide - scale[0] * box[2])
        y += part[1] * (high - scale[1] * box[3])
    return (
        f"translate({x!r} {y!r}) scale({scale[0]!r} {scale[1]!r}) "
        f"translate({-box[0]!r} {-box[1]!r})"
    )
