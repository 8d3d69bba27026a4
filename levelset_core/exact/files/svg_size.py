"""How much an SVG file would draw, found without drawing it: references multiply."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from levelset_core.errors import LevelsetError

#: Elements and numbers of outlines, with every reference followed, and elements within each other.
MAX_PARTS, MAX_DEPTH = 400_000, 200
#: Attributes that hold an outline's numbers.
_OUTLINES = ("d", "points")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")


@dataclass
class _Element:
    """An element: its own parts, what is in it, what it refers to."""

    parts: int
    inner: list[_Element] = field(default_factory=list)
    refers: str | None = None
    whole: int | None = None  # with all that; -1 while it is being counted


def check_svg(data: bytes, label: str) -> None:
    """Refuse what would draw too much.

    Raises:
        LevelsetError: it is no XML, has entities, or draws more than ``MAX_PARTS`` parts.
    """
    reading = _Reading(label)
    try:
        reading.parser.Parse(data, True)
    except LevelsetError:
        raise
    except (expat.ExpatError, LookupError, ValueError) as error:  # an encoding that nobody knows
        raise LevelsetError(f"{label}: this is no readable SVG file.") from error
    if _count(reading.top, reading.named) > MAX_PARTS:
        raise LevelsetError(
            f"{label}: it draws more than {MAX_PARTS:,} elements and numbers; simplify the shape."
        )


class _Reading:
    def __init__(self, label: str) -> None:
        self.label = label
        self.top = _Element(0)
        self.named: dict[str, _Element] = {}
        self._stack = [self.top]
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._entity

    def _entity(self, *_: object) -> None:
        raise LevelsetError(f"{self.label}: SVG files with entities are not read; save it plainly.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > MAX_DEPTH:
            raise LevelsetError(
                f"{self.label}: more than {MAX_DEPTH} elements lie within each other; simplify it."
            )
        own = sum(1 for k in _OUTLINES for _ in _NUMBER.finditer(attributes.get(k, "")))
        element = _Element(1 + own)
        if name.rpartition(":")[2] == "use":
            links = [v for k, v in attributes.items() if k.rpartition(":")[2] == "href"]
            element.refers = next((link[1:] for link in links if link.startswith("#")), None)
        self._stack[-1].inner.append(element)
        self._stack.append(element)
        if "id" in attributes:
            self.named[attributes["id"]] = element

    def _end(self, _: str) -> None:
        self._stack.pop()


def _count(element: _Element, named: dict[str, _Element], depth: int = 0) -> int:
    """Parts of an element, all in it and all that it refers to; of a circle more than allowed."""
    if element.whole is None:
        if depth > 4 * MAX_DEPTH:
            return MAX_PARTS + 1
        element.whole = -1
        found = element.parts + sum(_count(inner, named, depth + 1) for inner in element.inner)
        if element.refers in named:
            found += _count(named[element.refers], named, depth + 1)
        element.whole = min(found, MAX_PARTS + 1)
    return element.whole if element.whole >= 0 else MAX_PARTS + 1
