"""Compiles a formula to Linear and ReLU layers: one level of two-way gates, one hidden layer.

With r = ReLU: max(u, v) = v + r(u - v) and min(u, v) = v - r(v - u). So a gate needs one new unit
and the value of v, which is always kept in the form

    v = P - N + h,    P, N sums of units of the layer, h affine in x.

P and N are not negative, so r(P) = P: each takes one unit to carry on, and none where it is empty.
h costs nothing of its own, because all affine parts of a layer are read from the few units that
carry x along: r(g), r(-g) for at most d affine functions g.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import nn

from levelset_core.errors import LevelsetError
from levelset_core.exact.formula import Formula, Gate, Literal, two_way

#: Entries of all weight matrices together: 1.6 GB in float64.
MAX_WEIGHTS = 200_000_000
_SHORT = 0.1  # normals that no others are read from
_TRIED = 12  # ways to compile that are compared where a formula is deep
_DEEP = 300  # from so many layers on fewer, since each takes seconds

Units = dict[int, float]  # a linear combination of units of one layer
_Key = tuple[frozenset[tuple[int, float]], bytes]


@dataclass
class _Value:
    """sum of units + plane . (x, 1), in terms of the layer that it belongs to."""

    units: Units
    plane: np.ndarray  # (d + 1,)


@dataclass
class _Layer:
    """Pre-activations of one hidden layer, each a value of the layer before."""

    rows: list[_Value] = field(default_factory=list)
    index: dict[_Key, int] = field(default_factory=dict)

    def unit(self, value: _Value) -> int:
        """The number of the unit r(value); the same value twice is one unit."""
        key = _key(value)
        if key not in self.index:
            self.index[key] = len(self.rows)
            self.rows.append(value)
        return self.index[key]


def _key(value: _Value) -> _Key:
    return frozenset(value.units.items()), (value.plane + 0.0).tobytes()  # -0.0 is 0.0


def compile_formula(formula: Formula, dimension: int) -> nn.Sequential:
    """The ReLU network that equals a formula, in float64, (n, d) -> (n, 1).

    Near the input, gates outnumber coordinates, and it pays to carry x beside them; near the
    output it is the other way round. Every layer to change over is tried, the smallest network
    wins.

    Raises:
        LevelsetError: the network would have more than ``MAX_WEIGHTS`` weights.
    """
    formula = two_way(formula)
    levels = _levels(formula)
    depth = len(levels) - 1
    tried = min(depth + 1, _TRIED if depth < _DEEP else _TRIED // 3)
    changes = sorted({round(k) for k in np.linspace(0, depth, tried)})
    plans = [_plan(levels, change, dimension) for change in changes]
    plan = min(plans, key=lambda plan: plan.weights)
    if plan.weights > MAX_WEIGHTS:
        raise LevelsetError(
            f"The exact network would have {plan.weights} weights, more than {MAX_WEIGHTS}: "
            "simplify the shape."
        )
    return plan.build()


def _levels(formula: Formula) -> list[list[Formula]]:
    """Gates by layer: the output's in the last, its children's one before, and so on.

    Literals cost nothing until they are used, so every gate is computed as late as possible and
    no finished gate ever waits.
    """
    levels: list[list[Formula]] = [[formula]]
    for _ in range(formula.depth):
        gates = [node for node in levels[-1] if isinstance(node, Gate)]
        children = {id(child): child for gate in gates for child in gate.children}
        levels.append(list(children.values()))
    return levels[::-1]


@dataclass
class _Plan:
    """Layers with everything named, and the output."""

    dimension: int
    layers: list[_Layer]
    output: _Value
    carriers: list[_Carrier]

    @cached_property
    def widths(self) -> list[int]:
        return [self.dimension, *(len(layer.rows) for layer in self.layers), 1]

    @property
    def weights(self) -> int:
        return sum(a * b for a, b in zip(self.widths, self.widths[1:], strict=False))

    def build(self) -> nn.Sequential:
        layers = []
        for k, layer in enumerate([*self.layers, _Layer([self.output])]):
            weight = np.zeros((len(layer.rows), self.widths[k]))
            bias = np.zeros(len(layer.rows))
            for row, value in enumerate(layer.rows):
                if k == 0:
                    weight[row], bias[row] = value.plane[:-1], value.plane[-1]
                    continue
                for unit, factor in value.units.items():
                    weight[row, unit] += factor
                bias[row] = self.carriers[k - 1].read(value.plane, weight[row])
            layers.append((weight, bias))
        return relu_network(layers)


def relu_network(layers: Iterable[tuple[np.ndarray, np.ndarray]]) -> nn.Sequential:
    """Linear layers of these weights and biases in float64, with a ReLU between any two."""
    modules: list[nn.Module] = []
    for weight, bias in layers:
        outputs, inputs = weight.shape
        # Its own initialization would use global state.
        linear = nn.Linear(inputs, outputs, device="meta", dtype=torch.float64)
        state = {"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)}
        linear.load_state_dict(state, assign=True)
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def _plan(levels: list[list[Formula]], change: int, dimension: int) -> _Plan:
    """Gates up to layer ``change`` keep their affine part in x, later ones turn it into units."""
    values: dict[int, _Value] = {}
    layers = []
    for k, nodes in enumerate(levels):
        layer = _Layer()
        values = {
            id(node): _Value({}, np.append(node.normal, node.offset)) if isinstance(node, Literal)
            else _gate(node, values, layer, whole=k > change)
            for node in nodes
        }  # fmt: skip
        if k:
            layers.append(layer)
    (output,) = values.values()
    carriers: list[_Carrier] = []
    needed = [output]
    for layer in reversed(layers):
        carriers.append(_Carrier(layer, [value.plane for value in needed], dimension))
        needed = layer.rows
    return _Plan(dimension, layers, output, carriers[::-1])


def _gate(gate: Gate, values: dict[int, _Value], layer: _Layer, whole: bool) -> _Value:
    u, v = (values[id(child)] for child in gate.children)
    if _cost(u) < _cost(v):
        u, v = v, u
    sign = 1.0 if gate.operation == "max" else -1.0
    new = layer.unit(_difference(u, v) if sign > 0 else _difference(v, u))
    if whole and (v.units or v.plane[:-1].any()):
        both = {layer.unit(v): 1.0, layer.unit(_difference(_Value({}, 0 * v.plane), v)): -1.0}
        carried = _Value(both, 0 * v.plane)
    else:
        carried = _Value({}, v.plane)
        for side in (1.0, -1.0):
            part = {unit: side * c for unit, c in v.units.items() if side * c > 0}
            if part:
                carried.units[layer.unit(_Value(part, 0 * v.plane))] = side
    carried.units[new] = carried.units.get(new, 0.0) + sign
    return carried


def _cost(value: _Value) -> int:
    """Units that it takes to carry a value on, without its affine part."""
    return len({factor > 0 for factor in value.units.values()})


def _difference(u: _Value, v: _Value) -> _Value:
    units = dict(u.units)
    for unit, factor in v.units.items():
        units[unit] = units.get(unit, 0.0) - factor
    return _Value({unit: c for unit, c in units.items() if c}, u.plane - v.plane)


class _Carrier:
    """Units r(g), r(-g) of a layer from which later layers read affine functions of x."""

    def __init__(self, layer: _Layer, needed: list[np.ndarray], dimension: int) -> None:
        normals = [plane[:-1] for plane in needed if plane[:-1].any()]
        # A layer that has r(g) already only lacks r(-g).
        present = [row.plane for row in layer.rows if not row.units and row.plane[:-1].any()]
        self.basis = _basis(normals, present, dimension)  # (k, d + 1)
        self.places = [(layer.unit(_Value({}, g)), layer.unit(_Value({}, -g))) for g in self.basis]

    def read(self, plane: np.ndarray, row: np.ndarray) -> float:
        """Add the weights that give plane . (x, 1) to a row; returns its bias."""
        if not plane[:-1].any():
            return float(plane[-1])
        factors = _solve(self.basis, plane[:-1])
        for factor, (plus, minus) in zip(factors, self.places, strict=True):
            row[plus] += factor
            row[minus] -= factor
        return float(plane[-1] - factors @ self.basis[:, -1])


def _solve(basis: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Factors of the basis' normals that add up to a normal."""
    normals = basis[:, :-1]
    if np.count_nonzero(normals) == len(normals):  # coordinates or a single function: no rounding
        places = np.abs(normals).argmax(1)
        ratios: np.ndarray = normal[places] / normals[np.arange(len(normals)), places]
        return ratios
    factors = np.zeros(len(basis))
    for k, other in enumerate(normals):
        if _parallel(normal, other):  # two of the basis may be nearly parallel: no rounding here
            factors[k] = normal @ other / (other @ other)
            return factors
    solved: np.ndarray = np.linalg.lstsq(normals.T, normal)[0]
    return solved


def _basis(normals: list[np.ndarray], present: list[np.ndarray], dimension: int) -> np.ndarray:
    """Few affine functions whose normals span those needed, present ones first."""
    if not normals:
        return np.zeros((0, dimension + 1))
    directions: list[np.ndarray] = []
    for normal in normals:
        if len(directions) == dimension:
            break
        if not any(_parallel(normal, other) for other in directions):
            directions.append(normal)
    if len(directions) < dimension:
        long = [g for g in present if np.linalg.norm(g[:-1]) > _SHORT]
        return np.array([
            next((g for g in long if _parallel(g[:-1], normal)), np.append(normal, 0.0))
            for normal in directions
        ])  # fmt: skip
    # Well-conditioned ones among those present, then coordinates: Gram-Schmidt takes the longest.
    candidates = np.array([*present, *np.eye(dimension, dimension + 1)])
    size = np.linalg.norm(candidates[:, :-1], axis=1)[:, None]
    rest = candidates[:, :-1] / np.maximum(size, 1.0)  # short ones would make rounding grow
    rest[len(present) :] *= 0.5
    chosen = []
    for _ in range(dimension):
        length = np.linalg.norm(rest, axis=1)
        chosen.append(int(length.argmax()))
        axis = rest[chosen[-1]] / length[chosen[-1]]
        rest = rest - np.outer(rest @ axis, axis)
    return candidates[chosen]


def _parallel(a: np.ndarray, b: np.ndarray) -> bool:
    """Up to rounding: a slight angle would be an error that grows with the distance."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return bool(min(np.abs(a - b).max(), np.abs(a + b).max()) <= 4e-16)
