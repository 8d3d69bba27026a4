"""What an exact construction returns: a network, its weights one by one, and its files."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from safetensors.numpy import save
from torch import nn

from levelset_core.errors import LevelsetError, optional
from levelset_core.exact.balance import balanced
from levelset_core.exact.compiler import compile_formula
from levelset_core.exact.formula import Formula, literals

#: How deep a network is: a choice, at a price in weights. Shallow ones are built in the plane.
FORMS = ("deep", "balanced", "shallow")


@dataclass(frozen=True)
class ExactNetwork:
    """A ReLU network whose zero level set is a given shape (Theorem 1); F < 0 inside.

    F is 1-Lipschitz and |F(x)| is at most the distance to the shape (of the form "shallow": three
    times the distance); it is no signed distance.

    Attributes:
        network: Linear and ReLU layers in float64, (n, d) -> (n, 1).
        formula: the same function as max and min of affine functions; of the form "shallow" one
            of the same sign.
        planes: distinct lines or planes that the shape lies on.
        depth: hidden layers.
        widths: units of every layer, from d to 1.
        weights: entries of all weight matrices, without biases.
        seconds: how long the construction took.
        form: "deep", "balanced" or "shallow".
        tolerance: distance up to which vertices counted as on one line or plane, in the shape's
            units.
        merged: vertices left out so (in the plane), or planes laid through several (in space).
        touching: rings that touched themselves: spikes and bridges of no width are left out.
        split: vertices of a mesh within an edge of another face, which was split there.
        rounded: the last place of the coordinates, where they have few digits; else 0.
        unchanged: balancing saved no layer, so that the form "balanced" is the deep one.
    """

    network: nn.Sequential
    formula: Formula
    planes: int
    depth: int
    widths: tuple[int, ...]
    weights: int
    seconds: float
    form: str = "deep"
    tolerance: float = 0.0
    merged: int = 0
    touching: int = 0
    split: int = 0
    rounded: float = 0.0
    unchanged: bool = False

    @property
    def note(self) -> str:
        """What was merged or left out, a sentence each; empty if nothing was."""
        said = []
        if self.unchanged:
            said.append("Balancing saves no layer here: this is the deep form.")
        if self.touching:
            rings = (
                "A ring touches itself" if self.touching == 1 else f"{self.touching} rings touch"
            )
            said.append(f"{rings}{'' if self.touching == 1 else ' themselves'}: spikes and bridges "
                        "of no width are left out.")  # fmt: skip
        if self.split:
            one = self.split == 1
            said.append(
                "1 vertex lies within an edge of another face (a T-junction): it was split there."
                if one else f"{self.split} vertices lie within edges of other faces (T-junctions): "
                "those were split there."
            )  # fmt: skip
        if self.merged:
            one = self.merged == 1
            if self.widths[0] == 2:
                what = "1 vertex was" if one else f"{self.merged} vertices were"
                what += f" left out, straight within {self.tolerance:.2g}"
            else:
                what = "1 plane was" if one else f"{self.merged} planes were"
                what += f" laid through faces flat within {self.tolerance:.2g}"
            said.append(f"{what}: {self._reason}.")
        return " ".join(said)

    @property
    def _reason(self) -> str:
        if self.rounded and self.tolerance >= self.rounded:
            return f"the coordinates are rounded to {self.rounded:.3g}"
        return "the coordinates have no more digits than that, or a tolerance was given"


def build(
    formula: Formula, dimension: int, began: float, *, form: str = "deep", tolerance: float = 0.0,
    merged: int = 0, touching: int = 0, split: int = 0, rounded: float = 0.0,
    network: nn.Sequential | None = None,
) -> ExactNetwork:  # fmt: skip
    """Compile a formula; ``began`` is when its construction did (``time.perf_counter``).

    A ``network`` of the same sign, built in another way, is taken in place of the formula's.
    """
    compiled = balanced(formula) if form == "balanced" else formula
    if network is None:
        network = compile_formula(compiled, dimension)
    layers = linear_layers(network)
    return ExactNetwork(
        network=network,
        formula=formula,
        planes=count_planes(formula),
        depth=len(layers) - 1,
        widths=(dimension, *(layer.out_features for layer in layers)),
        weights=sum(layer.weight.numel() for layer in layers),
        seconds=time.perf_counter() - began,
        form=form,
        tolerance=tolerance,
        merged=merged,
        touching=touching,
        split=split,
        rounded=rounded,
        unchanged=form == "balanced" and compiled is formula,
    )


def count_planes(formula: Formula) -> int:
    """Distinct planes of a formula, whichever side is inside, up to rounding."""
    planes = np.array([[*h.normal, h.offset] for h in literals(formula)])
    scale = np.abs(planes[:, -1]).max() or 1.0
    planes = np.round(planes / [*[1.0] * (planes.shape[1] - 1), scale], 9) + 0.0
    # The first coordinate that is not 0 is made positive.
    first = planes[np.arange(len(planes)), (planes != 0).argmax(1)]
    return len(np.unique(planes * np.sign(first)[:, None], axis=0))


#: Layer, row (unit of the next layer), column (unit of this one).
Place = tuple[int, int, int]


def linear_layers(network: nn.Sequential) -> list[nn.Linear]:
    """Its linear layers in order."""
    return [module for module in network if isinstance(module, nn.Linear)]


@torch.no_grad()
def edges(network: nn.Sequential, most: int) -> tuple[list[tuple[int, int, int, float]], int]:
    """Weights that are not zero as (layer, row, column, weight): the largest, and how many in all.

    Args:
        network: Linear and ReLU layers.
        most: that are returned; of more, those nearest to zero are left out.
    """
    found = [
        (k, row, column, float(layer.weight[row, column]))
        for k, layer in enumerate(linear_layers(network))
        for row, column in layer.weight.nonzero().tolist()
    ]
    largest = sorted(range(len(found)), key=lambda i: -abs(found[i][3]))[:most]
    return [found[i] for i in sorted(largest)], len(found)


@torch.no_grad()
def perturbed(network: nn.Sequential, place: Place, change: float) -> nn.Sequential:
    """A copy with one weight changed.

    Raises:
        LevelsetError: the network has no such weight.
    """
    layer, row, column = place
    other = copy.deepcopy(network)
    layers = linear_layers(other)
    if not 0 <= layer < len(layers):
        raise LevelsetError(f"The network has layers 0 to {len(layers) - 1}, not {layer}.")
    weight = layers[layer].weight
    if not (0 <= row < weight.shape[0] and 0 <= column < weight.shape[1]):
        raise LevelsetError(
            f"Layer {layer} has weights {tuple(weight.shape)}; there is none at ({row}, {column})."
        )
    weight[row, column] += change
    return other


def moved(e: ExactNetwork, middle: Sequence[float], scale: float) -> ExactNetwork:
    """The network of the shape before it was moved by -middle and scaled: G(x) = F(s (x - m)) / s.

    Args:
        e: F.
        middle: m, (d,).
        scale: s.
    """
    network = copy.deepcopy(e.network)
    layers = linear_layers(network)
    with torch.no_grad():
        first, last = layers[0], layers[-1]
        first.weight.mul_(scale)
        first.bias.sub_(first.weight @ torch.tensor(middle, dtype=torch.float64))
        last.weight.div_(scale)
        last.bias.div_(scale)
    tolerance, rounded = e.tolerance / scale, e.rounded / scale
    return replace(e, network=network, tolerance=tolerance, rounded=rounded)


_SNIPPET = '''\
"""Loads an exact network of Levelset Lab: F(x) < 0 inside, = 0 on the shape."""
import torch
from safetensors.torch import load_file

weights = load_file("{file}")
layers = []
for k in range(0, {modules}, 2):
    weight = weights[f"{{k}}.weight"]
    layers += [torch.nn.Linear(*weight.T.shape, dtype=torch.float64), torch.nn.ReLU()]
F = torch.nn.Sequential(*layers[:-1])
F.load_state_dict(weights)

print(F(torch.zeros(1, {dimension}, dtype=torch.float64)))
'''


def exact_safetensors(e: ExactNetwork) -> bytes:
    """The network's state dict in float64; the metadata "levelset_lab" holds its figures."""
    info = {
        "kind": "exact", "planes": e.planes, "depth": e.depth, "widths": e.widths,
        "weights": e.weights, "form": e.form, "tolerance": e.tolerance, "merged": e.merged,
    }  # fmt: skip
    tensors = {name: value.detach().cpu().numpy() for name, value in e.network.state_dict().items()}
    return save(tensors, metadata={"levelset_lab": json.dumps(info)})


def exact_onnx(e: ExactNetwork, *, single: bool = False) -> bytes:
    """The network as an ONNX model of Gemm and Relu: input "x" (n, d), output "F" (n, 1).

    Args:
        e: the network.
        single: in float32, for runtimes without float64: signs are then right up to rounding, at
            about 1e-6 of the size of the coordinates from the boundary.
    """
    onnx = optional("onnx", "onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper

    nodes, constants = [], []
    value = "x"
    for k, layer in enumerate(linear_layers(e.network)):
        for name, tensor in ((f"W{k}", layer.weight), (f"b{k}", layer.bias)):
            array = tensor.detach().cpu().numpy().astype(np.float32 if single else np.float64)
            constants.append(numpy_helper.from_array(array, name))
        out = "F" if k == e.depth else f"z{k}"
        nodes.append(helper.make_node("Gemm", [value, f"W{k}", f"b{k}"], [out], transB=1))
        if k < e.depth:
            value = f"r{k}"
            nodes.append(helper.make_node("Relu", [out], [value]))
    number = onnx.TensorProto.FLOAT if single else onnx.TensorProto.DOUBLE
    ends = [
        helper.make_tensor_value_info(name, number, ["n", size])
        for name, size in (("x", e.widths[0]), ("F", 1))
    ]
    graph = helper.make_graph(nodes, "exact", ends[:1], ends[1:], constants)
    model = helper.make_model(
        graph, producer_name="Levelset Lab", opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )  # fmt: skip
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def exact_snippet(e: ExactNetwork, file: str) -> str:
    """Python that loads such a safetensors file with torch and safetensors alone."""
    return _SNIPPET.format(file=file, modules=len(e.network), dimension=e.widths[0])
