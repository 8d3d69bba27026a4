"""Goals of lessons: comparisons of measured figures, checked by a small evaluator.

A goal comes from a file that anybody may have written, so nothing of it is run as Python: its
syntax tree is walked, and only what is listed here is allowed.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from levelset_core.errors import LevelsetError
from levelset_core.live.lessons.figures import FIGURES
from levelset_core.playground import OBJECTIVES

#: By name: a number, the name of a choice, or None while it is not known.
Figures: TypeAlias = Mapping[str, float | str | None]

LONGEST = 300
LARGEST = 1e12
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_ALLOWED = "figures, numbers, + - * /, comparisons, and, or, not"


class _UnknownError(Exception):
    """A figure that the goal needs is not known."""


@dataclass(frozen=True)
class Expression:
    """A condition over figures, such as ``margin_min >= 0.2 and accuracy == 1``.

    Figures of one of several panels are written with the panel's objective before them:
    ``cross_entropy.margin_min < 0.75 * geometric_svm.margin_min``.

    Raises:
        LevelsetError: it is no such condition; the sentence names the part that is not.
    """

    text: str

    def __post_init__(self) -> None:
        sample = {name: _sample(name) for name in self.names}
        with suppress(ZeroDivisionError):
            if isinstance(_value(self._tree, sample), bool):
                return
            raise LevelsetError(f"The goal {self.text!r} compares nothing: write <, >, <= or >=.")

    @property
    def _tree(self) -> ast.expr:
        if len(self.text) > LONGEST:
            raise LevelsetError(f"A goal of {len(self.text)} characters is too long.")
        try:
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise LevelsetError(f"The goal {self.text!r} cannot be read.") from error

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that it reads."""
        return tuple(dict.fromkeys(_names(self._tree)))

    def holds(self, figures: Figures) -> bool:
        """Whether it is true; a figure that is not known makes it false."""
        try:
            return bool(_value(self._tree, figures))
        except (_UnknownError, ZeroDivisionError):
            return False


def fill(template: str, figures: Figures) -> str:
    """A sentence with figures put in: ``{margin_min:.3f}``, ``{accuracy:.0%}``, ``{objective}``.

    What is not known becomes a dash.
    """

    def put(match: re.Match[str]) -> str:
        value = figures.get(match["name"])
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return "–"
        if isinstance(value, str):
            return OBJECTIVES[value].title if value in OBJECTIVES else value
        return format(value, match["form"] or ".3g")

    return _PLACE.sub(put, template)


def places(template: str) -> tuple[str, ...]:
    """The figures that a sentence shows.

    Raises:
        LevelsetError: a name that is no figure.
    """
    names = tuple(match["name"] for match in _PLACE.finditer(template))
    for name in names:
        _sample(name)
    return names


_PLACE = re.compile(r"\{(?P<name>[a-z_0-9]+(?:\.[a-z_0-9]+)?)(?::(?P<form>\.\d[fg%]))?\}")


def _sample(name: str) -> float | str:
    """A value of the figure's type.

    Raises:
        LevelsetError: there is no such figure.
    """
    panel, _, figure = name.rpartition(".")
    if panel and panel not in OBJECTIVES:
        raise LevelsetError(f"There is no loss {panel!r}: expected one of {', '.join(OBJECTIVES)}.")
    if figure not in FIGURES:
        raise LevelsetError(f"There is no figure {figure!r}: expected {', '.join(FIGURES)}.")
    return "" if FIGURES[figure].is_text else 0.7391


def _names(tree: ast.expr) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.append(f"{node.value.id}.{node.attr}")
    panels = {name.split(".")[0] for name in found}
    found += [
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in panels
    ]
    return found


def _value(node: ast.expr, figures: Figures) -> float | str | bool:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Constant(value=bool() | int() | float() as value) if abs(value) < LARGEST:
            return value
        case ast.Name(id=name):
            return _known(figures, name)
        case ast.Attribute(value=ast.Name(id=panel), attr=name):
            return _known(figures, f"{panel}.{name}")
        case ast.BoolOp(op=op, values=parts):
            combine = all if isinstance(op, ast.And) else any
            return combine(
                [_truth(part, figures) for part in parts]
            )  # each, so that all are checked
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return not _truth(part, figures)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_number(part, figures)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return float(_ARITHMETIC[type(op)](_number(left, figures), _number(right, figures)))
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [_value(part, figures) for part in (left, *others)]
            pairs = zip(ops, values, values[1:], strict=False)
            truths = [_compare(op, a, b) for op, a, b in pairs]
            return all(truths)
    raise LevelsetError(f"{ast.unparse(node)!r} is not allowed in a goal: {_ALLOWED} are.")


def _known(figures: Figures, name: str) -> float | str:
    value = figures.get(name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise _UnknownError
    return value


def _number(node: ast.expr, figures: Figures) -> float:
    value = _value(node, figures)
    if isinstance(value, str | bool):
        raise LevelsetError(f"{ast.unparse(node)!r} is no number.")
    return float(value)


def _truth(node: ast.expr, figures: Figures) -> bool:
    value = _value(node, figures)
    if not isinstance(value, bool):
        raise LevelsetError(f"{ast.unparse(node)!r} is neither true nor false.")
    return value


def _compare(op: ast.cmpop, a: float | str, b: float | str) -> bool:
    texts = isinstance(a, str) + isinstance(b, str)
    if type(op) not in _COMPARISONS or texts == 1:
        raise LevelsetError(f"A goal cannot compare {a!r} with {b!r} like this.")
    if texts and not isinstance(op, ast.Eq | ast.NotEq):
        raise LevelsetError(f"{a!r} and {b!r} are names: compare them by == or !=.")
    return bool(_COMPARISONS[type(op)](a, b))
