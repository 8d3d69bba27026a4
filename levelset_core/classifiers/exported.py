"""Programs of ``torch.export`` from strangers, run by a small interpreter of our own.

``torch.export.load`` cannot be used on a file that one does not trust (torch 2.13): it unpickles
tensors and objects where the archive says so, loads native code, and evaluates expressions of
sizes. But a ``.pt2`` file is a zip with the graph as JSON and the weights as plain bytes. So this
module reads those alone, and runs the graph with an allow-list of ATen operators: nothing in the
file is unpickled, compiled or evaluated, whatever it says.
"""

from __future__ import annotations

import json
import math
import operator
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError

#: Operators of ``torch.ops.aten`` that a graph may use; in place (with _) they give a new tensor.
ATEN = {
    "conv2d", "convolution", "linear", "addmm", "mm", "matmul", "bmm", "batch_norm",
    "instance_norm", "layer_norm", "group_norm", "relu", "relu6", "leaky_relu", "prelu", "elu",
    "gelu", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "sigmoid", "tanh", "softplus",
    "softmax", "log_softmax", "clamp", "clamp_min", "clamp_max", "max_pool2d", "avg_pool2d",
    "adaptive_avg_pool2d", "adaptive_max_pool2d", "mean", "sum", "amax", "add", "sub", "mul",
    "div", "neg", "pow", "sqrt", "rsqrt", "exp", "log", "abs", "minimum", "maximum", "view",
    "reshape", "flatten", "permute", "transpose", "t", "squeeze", "unsqueeze", "expand", "cat",
    "slice", "select", "pad", "constant_pad_nd", "dropout", "feature_dropout", "contiguous",
    "clone", "alias", "detach", "to",
}  # fmt: skip
#: Arithmetic on sizes.
SIZES: dict[str, Callable[..., Any]] = {
    "_operator.add": operator.add, "_operator.sub": operator.sub, "_operator.mul": operator.mul,
    "_operator.floordiv": operator.floordiv, "_operator.getitem": operator.getitem,
}  # fmt: skip
#: A view of a tensor in another layout of memory may need a copy.
_LOOSER = {"view": "reshape"}
#: Number of an element type in the archive -> the type.
_TYPES = {
    1: torch.uint8, 4: torch.int32, 5: torch.int64, 6: torch.float16, 7: torch.float32,
    8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
MAX_BYTES, MAX_NODES = 1_000_000_000, 5000


class ExportedNetwork(nn.Module):
    """An exported graph and its tensors.

    Args:
        graph: plain values: "inputs", "nodes", "output", "tensors" (names, in order), "batch"
            (images it takes at once; None for any number), "shape", "classes".
        tensors: weights and constants, by those names.

    Raises:
        LevelsetError: an operator is not allowed, or the graph is damaged.
    """

    def __init__(self, graph: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super().__init__()
        self.graph = graph
        try:
            for k, name in enumerate(graph["tensors"]):
                self.register_buffer(f"t{k}", tensors[name])
            self._steps = [_step(node) for node in graph["nodes"]]
            self._input, self._output = str(graph["input"]), str(graph["output"])
            self._batch: int | None = graph["batch"]
        except LevelsetError:
            raise
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise LevelsetError("The exported graph is damaged.") from error

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, c, h, w) -> (n, classes)."""
        if self._batch is None or len(x) == self._batch:
            return self._run(x)
        parts = []
        for part in x.split(self._batch):  # made for so many images at once
            missing = self._batch - len(part)
            filled = torch.cat([part, part[:1].expand(missing, *part.shape[1:])])
            parts.append(self._run(filled)[: len(part)])
        return torch.cat(parts)

    def _run(self, x: Tensor) -> Tensor:
        names = self.graph["tensors"]
        values: dict[str, Any] = {name: getattr(self, f"t{k}") for k, name in enumerate(names)}
        values[self._input] = x
        for run, arguments, keywords, outputs, changed in self._steps:
            found = run(
                *(_value(a, values) for a in arguments),
                **{name: _value(a, values) for name, a in keywords.items()},
            )
            if len(outputs) == 1:
                found = (found[0] if isinstance(found, tuple) else found,)
            values.update(zip(outputs, found, strict=False))
            if changed is not None:  # an operator in place: the old name has the new value too
                values[changed] = values[outputs[0]]
        result: Tensor = values[self._output]
        return result


Step = tuple[Callable[..., Any], list[Any], dict[str, Any], list[str], str | None]


def _step(node: dict[str, Any]) -> Step:
    target = str(node["target"])
    outputs = [str(name) for name in node["outputs"]]
    arguments, keywords = list(node["args"]), dict(node["kwargs"])
    if target in SIZES:
        return SIZES[target], arguments, keywords, outputs, None
    parts = target.split(".")
    refused = LevelsetError(f"The exported program uses {target}, which is not supported here.")
    if parts[:2] == ["torch", "sym_size"] or parts[:4] == ["torch", "ops", "aten", "sym_size"]:
        return (lambda x, k: x.shape[k]), arguments, keywords, outputs, None
    if parts[:3] != ["torch", "ops", "aten"] or len(parts) != 5:
        raise refused
    name, overload = parts[3], parts[4]
    changed = None
    if name.endswith("_") and not name.startswith("_"):
        name, changed = name[:-1], arguments[0].get("tensor") if arguments else None
    if name not in ATEN:
        raise refused
    if name in ("batch_norm", "instance_norm") and arguments[5] == {"plain": True}:
        raise LevelsetError("The program was exported in training mode: call .eval() before.")
    if "dropout" in name:
        if {"plain": True} in arguments:
            raise LevelsetError("The program was exported in training mode: call .eval() before.")
        return (lambda x, *_: x), arguments, keywords, outputs, changed
    packet = getattr(torch.ops.aten, _LOOSER.get(name, name))
    overload = "default" if name in _LOOSER else overload
    if overload not in packet.overloads():
        raise refused
    return getattr(packet, overload), arguments, keywords, outputs, changed


def _value(argument: Any, values: dict[str, Any]) -> Any:
    ((kind, content),) = argument.items()
    if kind == "plain":
        return content
    if kind == "type":
        return _TYPES[content]
    if kind == "list":
        return [_value(item, values) for item in content]
    return values[content]


# -- reading ---------------------------------------------------------------------------------


def read_exported(path: Path) -> ExportedNetwork:
    """The network in a ``.pt2`` file of ``torch.export.save``, of float32 and in evaluation mode.

    Raises:
        LevelsetError: the file is damaged, no classifier of images, or needs what cannot be read
            without trusting it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise LevelsetError(f"{path.name} is too large: more than {MAX_BYTES:,} bytes.")
            root = archive.namelist()[0].partition("/")[0]
            model = json.loads(archive.read(f"{root}/models/model.json"))
            tensors = _tensors(archive, root, "weights") | _tensors(archive, root, "constants")
        graph = _graph(model["graph_module"], tensors)
        return ExportedNetwork(graph, tensors).eval()
    except LevelsetError:
        raise
    except (
        OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, IndexError,
        AttributeError, RuntimeError, RecursionError, OverflowError, NotImplementedError, EOFError,
    ) as error:  # fmt: skip
        raise LevelsetError(f"{path.name} is damaged or no program of torch.export.") from error


def _tensors(archive: zipfile.ZipFile, root: str, folder: str) -> dict[str, Tensor]:
    """Tensors by name, from plain bytes."""
    config = json.loads(archive.read(f"{root}/data/{folder}/model_{folder}_config.json"))["config"]
    found = {}
    for name, about in config.items():
        meta = about["tensor_meta"]
        if about["use_pickle"] or meta is None:
            raise LevelsetError(
                f"The exported program keeps {name!r} as a pickle, which is never read here."
            )
        dtype = _TYPES[meta["dtype"]]
        content = archive.read(f"{root}/data/{folder}/{about['path_name']}")
        sizes = [int(size["as_int"]) for size in meta["sizes"]]
        strides = [int(stride["as_int"]) for stride in meta["strides"]]
        if not math.prod(sizes):
            found[name] = torch.zeros(sizes, dtype=dtype)
            continue
        flat = torch.frombuffer(bytearray(content), dtype=dtype)
        tensor = torch.as_strided(flat, sizes, strides, int(meta["storage_offset"]["as_int"]))
        found[name] = tensor.clone(memory_format=torch.contiguous_format)
    return found


def _graph(module: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    graph, signature = module["graph"], module["signature"]
    if len(graph["nodes"]) > MAX_NODES:
        raise LevelsetError(f"The exported program has more than {MAX_NODES:,} operators.")
    inputs, names = [], {}
    for spec in signature["input_specs"]:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            inputs.append(content["arg"]["as_tensor"]["name"])
        else:
            key = {"parameter": "parameter_name", "buffer": "buffer_name"}.get(
                kind, "tensor_constant_name"
            )
            names[content["arg"]["name"]] = content[key]
    outputs = [
        spec["user_output"]["arg"]["as_tensor"]["name"]
        for spec in signature["output_specs"]
        if "user_output" in spec
    ]
    if len(inputs) != 1 or len(outputs) != 1:
        raise LevelsetError(
            f"A classifier has one input and one output, the exported program {len(inputs)} and "
            f"{len(outputs)}."
        )
    sizes = [graph["tensor_values"][name]["sizes"] for name in (inputs[0], outputs[0])]
    if len(sizes[0]) != 4 or len(sizes[1]) != 2:
        raise LevelsetError(
            "A classifier of images maps (n, c, h, w) to (n, classes); the exported program has "
            f"{len(sizes[0])} and {len(sizes[1])} axes."
        )
    for own, name in names.items():  # from the names of the module to those of the graph
        tensors[own] = tensors[name]
    return {
        "input": inputs[0],
        "output": outputs[0],
        "tensors": list(names),
        "batch": sizes[0][0].get("as_int"),
        "shape": [int(size["as_int"]) for size in sizes[0][1:]],
        "classes": int(sizes[1][1]["as_int"]),
        "nodes": [_node(node) for node in graph["nodes"]],
    }


def _node(node: dict[str, Any]) -> dict[str, Any]:
    """A node as the file of this program has it: short, and of plain values."""
    outputs = []
    for output in node["outputs"]:
        ((kind, content),) = output.items()
        if kind == "as_tensors":
            outputs += [item["name"] for item in content]
        elif kind == "as_none":
            outputs.append("")
        else:
            outputs.append(content["as_name"] if kind == "as_sym_int" else content["name"])
    return {
        "target": node["target"],
        "args": [_argument(i["arg"]) for i in node["inputs"] if i.get("kind", 1) == 1],
        "kwargs": {i["name"]: _argument(i["arg"]) for i in node["inputs"] if i.get("kind") == 2},
        "outputs": outputs,
    }


def _argument(argument: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = argument.items()
    if kind in ("as_int", "as_float", "as_bool", "as_string", "as_ints", "as_floats", "as_bools"):
        return {"plain": content}
    if kind == "as_none":
        return {"plain": None}
    if kind == "as_tensor":
        return {"tensor": content["name"]}
    if kind in ("as_tensors", "as_optional_tensors"):
        return {"list": [_argument({"as_tensor": i} if "name" in i else i) for i in content]}
    if kind == "as_sym_int":
        return _size(content)
    if kind == "as_sym_ints":
        return {"list": [_size(item) for item in content]}
    if kind == "as_scalar_type":
        return {"type": content}
    if kind in ("as_memory_format", "as_device", "as_layout"):
        return {"plain": None}
    raise LevelsetError(
        f"The exported program has an argument {kind}, which is not supported here."
    )


def _size(content: dict[str, Any]) -> dict[str, Any]:
    return {"plain": content["as_int"]} if "as_int" in content else {"size": content["as_name"]}
