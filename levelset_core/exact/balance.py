"""The same function at little depth: formulas of max and min are balanced.

A formula grows with each of its parts: F(v) = max(F(-inf), min(v, F(inf))) for every part v of F,
as for the terms of Boolean formulas without negation (Spira, 1971; Brent, 1974). A part that holds
about half of the literals leaves three formulas of half the size below two gates. So n literals
need O(log n) layers, and more gates than there were.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from levelset_core.exact.formula import Formula, Gate, Literal, Operation, merge, nodes

#: Levels above log2 of the number of literals that are left as they are.
_SLACK = 1
_Bound = float  # -inf or inf, in place of a formula


def balanced(formula: Formula) -> Formula:
    """The same function at O(log n) levels of two-way gates, where that is fewer."""
    found = _Balance().of(formula)
    return found if found.depth < formula.depth else formula


class _Balance:
    """Balances formulas; what equals a formula that was balanced already is not done again."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Formula, Formula]] = {}  # by identity, which it keeps alive
        self.gates: dict[tuple[Operation, frozenset[int]], Formula] = {}

    def of(self, formula: Formula) -> Formula:
        if isinstance(formula, Literal):
            return formula
        if id(formula) not in self.known:
            self.known[id(formula)] = formula, self._of(formula)
        return self.known[id(formula)][1]

    def _of(self, gate: Gate) -> Formula:
        sizes = _sizes(gate)
        if gate.depth <= math.ceil(math.log2(sizes[id(gate)] + 1)) + _SLACK:
            return gate
        part = _middle(gate, sizes)
        if part is None:  # no child holds more than half
            return self.gate(gate.operation, [self.of(child) for child in gate.children])
        low, high = (self._with(gate, part, bound) for bound in (-math.inf, math.inf))
        inner: Formula | _Bound = self.of(part)
        inner = self._combined("min", [inner, high if isinstance(high, float) else self.of(high)])
        whole = self._combined("max", [inner, low if isinstance(low, float) else self.of(low)])
        assert not isinstance(whole, float)
        return whole

    def _with(self, gate: Gate, part: Formula, bound: _Bound) -> Formula | _Bound:
        """The formula with a bound in the place of one of its parts."""
        new: dict[int, Formula | _Bound] = {id(part): bound}
        for node in nodes(gate):
            if id(node) in new:
                continue
            if isinstance(node, Gate) and any(new[id(c)] is not c for c in node.children):
                new[id(node)] = self._combined(node.operation, [new[id(c)] for c in node.children])
            else:
                new[id(node)] = node
        return new[id(gate)]

    def _combined(
        self, operation: Operation, parts: Iterable[Formula | _Bound]
    ) -> Formula | _Bound:
        """max or min of formulas and bounds."""
        absorbing = math.inf if operation == "max" else -math.inf
        formulas: list[Formula] = []
        for part in parts:
            if isinstance(part, float):
                if part == absorbing:
                    return part
                continue
            formulas.append(part)
        return self.gate(operation, formulas) if formulas else -absorbing

    def gate(self, operation: Operation, formulas: list[Formula]) -> Formula:
        """One gate object for one set of children."""
        made = merge(operation, formulas)
        if isinstance(made, Literal):
            return made
        key = made.operation, frozenset(id(child) for child in made.children)
        return self.gates.setdefault(key, made)


def _sizes(formula: Formula) -> dict[int, int]:
    """Of every node: how many literals it reaches, each counted once."""
    reached: dict[int, int] = {}
    bit = 0
    for node in nodes(formula):
        if isinstance(node, Literal):
            reached[id(node)] = 1 << bit
            bit += 1
        else:
            found = 0
            for child in node.children:
                found |= reached[id(child)]
            reached[id(node)] = found
    return {node: bits.bit_count() for node, bits in reached.items()}


def _middle(gate: Gate, sizes: dict[int, int]) -> Gate | None:
    """The part that holds about half of the literals; None if every child holds less."""
    half = sizes[id(gate)] / 2
    node = gate
    while True:
        gates = [child for child in node.children if isinstance(child, Gate)]
        if not gates:
            return None if node is gate else node
        heaviest = max(gates, key=lambda child: sizes[id(child)])
        if sizes[id(heaviest)] <= half:
            above, below = sizes[id(node)] - half, half - sizes[id(heaviest)]
            if node is gate:
                # Little to gain where all children are light; but one may still be deep.
                return None
            return node if above <= below else heaviest
        node = heaviest
