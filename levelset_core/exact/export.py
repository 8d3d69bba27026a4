"""An exact network as safetensors, as ONNX, and as a few lines of Python that load it."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save
from torch import nn

from levelset_core.exact.report import ExactNetwork

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


def _layers(e: ExactNetwork) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        (m.weight.detach().cpu().numpy(), m.bias.detach().cpu().numpy())
        for m in e.network
        if isinstance(m, nn.Linear)
    ]


def exact_safetensors(e: ExactNetwork) -> bytes:
    """The network's state dict in float64; the metadata "levelset_lab" holds its figures."""
    info = {
        "kind": "exact", "planes": e.planes, "depth": e.depth, "widths": e.widths,
        "weights": e.weights,
    }  # fmt: skip
    tensors = {name: value.detach().cpu().numpy() for name, value in e.network.state_dict().items()}
    return save(tensors, metadata={"levelset_lab": json.dumps(info)})


def exact_onnx(e: ExactNetwork) -> bytes:
    """The network as an ONNX model of Gemm and Relu: input "x" (n, d), output "F" (n, 1)."""
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, constants = [], []
    layers = _layers(e)
    value = "x"
    for k, (weight, bias) in enumerate(layers):
        last = k == len(layers) - 1
        for name, array in ((f"W{k}", weight), (f"b{k}", bias)):
            constants.append(numpy_helper.from_array(array, name))
        out = "F" if last else f"z{k}"
        nodes.append(helper.make_node("Gemm", [value, f"W{k}", f"b{k}"], [out], transB=1))
        if not last:
            value = f"r{k}"
            nodes.append(helper.make_node("Relu", [out], [value]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n", size])
        for name, size in (("x", e.widths[0]), ("F", 1))
    ]
    graph = helper.make_graph(nodes, "exact", ends[:1], ends[1:], constants)
    model = helper.make_model(
        graph, producer_name="Levelset Lab", opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )  # fmt: skip
    checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def exact_snippet(e: ExactNetwork, file: str) -> str:
    """Python that loads such a safetensors file with torch and safetensors alone."""
    return _SNIPPET.format(file=file, modules=len(e.network), dimension=e.widths[0])
