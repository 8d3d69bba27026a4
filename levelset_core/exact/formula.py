"""Formulas of max, min and affine literals: continuous functions whose zero set is a surface.

A literal is h(x) = a.x + b with |a| = 1, the signed distance to a plane, negative inside. A gate
is the max (intersection of the insides) or the min (union) of formulas. Every such function is
1-Lipschitz. Formulas are shared, never copied: the same object may be a child of many gates.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal as OneOf

import numpy as np

Operation = OneOf["max", "min"]


@dataclass(frozen=True, eq=False)
class Literal:
    """h(x) = normal.x + offset, |normal| = 1."""

    normal: np.ndarray  # (d,)
    offset: float
    depth: int = 0

    def opposite(self) -> Literal:
        """-h."""
        return Literal(-self.normal, -self.offset)


@dataclass(frozen=True, eq=False)
class Gate:
    """The max or min of at least two formulas."""

    operation: Operation
    children: tuple[Formula, ...]
    #: Levels of two-way gates that this formula needs.
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", merged_depth(child.depth for child in self.children))


Formula = Literal | Gate


def merged_depth(depths: Iterable[int]) -> int:
    """The least depth of a tree of two-way gates over leaves of given depths (Kraft)."""
    return (sum(1 << depth for depth in depths) - 1).bit_length()


def merge(operation: Operation, formulas: Iterable[Formula]) -> Formula:
    """max or min of formulas; nested gates of the same operation become one, doubles go."""
    flat: dict[int, Formula] = {}
    for formula in formulas:
        if isinstance(formula, Gate) and formula.operation == operation:
            flat |= {id(child): child for child in formula.children}
        else:
            flat[id(formula)] = formula
    children = tuple(flat.values())
    return children[0] if len(children) == 1 else Gate(operation, children)


def nodes(formula: Formula) -> Iterator[Formula]:
    """Every literal and gate of a formula once, children before their gates."""
    seen: set[int] = set()
    stack = [formula]
    while stack:
        node = stack[-1]
        children = node.children if isinstance(node, Gate) else ()
        if missing := [child for child in children if id(child) not in seen]:
            stack += missing
            continue
        stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node


def two_way(formula: Formula) -> Formula:
    """The same function from gates of two children each: the two shallowest merge first."""
    done: dict[int, Formula] = {}
    for node in nodes(formula):
        done[id(node)] = (
            _merge_shallowest(node, [done[id(child)] for child in node.children])
            if isinstance(node, Gate)
            else node
        )
    return done[id(formula)]


def _merge_shallowest(node: Gate, children: list[Formula]) -> Formula:
    order = itertools.count()
    heap = [(child.depth, next(order), child) for child in children]
    heapq.heapify(heap)
    while len(heap) > 1:
        pair = heapq.heappop(heap)[2], heapq.heappop(heap)[2]
        merged = Gate(node.operation, pair)
        heapq.heappush(heap, (merged.depth, next(order), merged))
    return heap[0][2]


def literals(formula: Formula) -> list[Literal]:
    """Every literal of a formula once."""
    return [node for node in nodes(formula) if isinstance(node, Literal)]


def times(formula: Formula, unit: float) -> Formula:
    """unit F(x / unit): the shape, and F, as many times as large."""
    done: dict[int, Formula] = {}
    for node in nodes(formula):
        done[id(node)] = (
            Gate(node.operation, tuple(done[id(child)] for child in node.children))
            if isinstance(node, Gate)
            else Literal(node.normal, unit * node.offset)
        )
    return done[id(formula)]


def evaluate(formula: Formula, x: np.ndarray) -> np.ndarray:
    """The function itself, without a network: (n, d) -> (n,)."""
    values: dict[int, np.ndarray] = {}
    for node in nodes(formula):
        if isinstance(node, Literal):
            values[id(node)] = x @ node.normal + node.offset
        else:
            operation = np.maximum if node.operation == "max" else np.minimum
            values[id(node)] = operation.reduce([values[id(child)] for child in node.children])
    return values[id(formula)]


def combine(formulas: list[Formula], places: np.ndarray) -> Formula | tuple[int, int]:
    """F of disjoint surfaces: the min over cells of the max over the surfaces around each cell.

    Each surface divides space into two sides, F_i < 0 on the inner one. A cell is inside if it
    lies on the inner side of every surface around it: between a box and a cavity in it, or in
    each of two boxes.

    Args:
        formulas: F_i of every surface.
        places: (n, d), a point on every surface.

    Returns:
        The formula, or two surfaces between which one says inside and the other outside.
    """
    inner = np.array([evaluate(f, places) < 0 for f in formulas])  # [i, j]: j is inside i
    np.fill_diagonal(inner, True)
    cells = set()
    for i in range(len(formulas)):
        around = [i]
        for j in range(len(formulas)):
            apart = inner[:, i] != inner[:, j]
            apart[[i, j]] = False
            if i == j or apart.any():
                continue  # another surface runs between the two
            if inner[i, j] != inner[j, i]:
                return min(i, j), max(i, j)
            if inner[i, j]:
                around.append(j)
        cells.add(tuple(sorted(around)))
    return merge("min", [merge("max", [formulas[i] for i in cell]) for cell in sorted(cells)])
