"""ONNX models: what is in them, checked and made ready for onnx2torch."""

from __future__ import annotations

import importlib
import warnings
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from levelset_core.classifiers.bounds import MAX_TENSOR
from levelset_core.classifiers.layout import WRAP, shape_of
from levelset_core.errors import LevelsetError, optional

#: Element types of ONNX -> torch's; half precision runs in single precision where it is converted.
_TYPES = {1: torch.float32, 11: torch.float64}
#: onnx2torch knows the operators as they were in these versions; the result is compared.
_VERSIONS = (18, 17, 13)
MAX_NODES = 20_000
#: Operators that ONNX defines by others.
_FUNCTIONS = ("Gelu", "Mish", "Celu", "GroupNormalization")
ERRORS = (
    RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError, NotImplementedError,
    AssertionError,
)  # fmt: skip


def parsed(content: bytes) -> Any:
    """The model in a file, with names of our own.

    Raises:
        LevelsetError: it is damaged, or uses what cannot be run.
    """
    onnx = optional("onnx", "onnx")
    try:
        model = onnx.load_model_from_string(content)
        nodes = list(model.graph.node)
    except Exception as error:  # protobuf's own kinds
        raise LevelsetError("The file is damaged or no ONNX file.") from error
    if not nodes or not model.opset_import:
        raise LevelsetError("The file is damaged or no ONNX file.")
    if len(nodes) > MAX_NODES:
        raise LevelsetError(f"The ONNX file has more than {MAX_NODES:,} operators.")
    for node in nodes:
        if node.domain not in ("", "ai.onnx"):
            raise LevelsetError(
                f"The ONNX file uses {node.op_type} of {node.domain}, which is code of another "
                "program."
            )
        if node.op_type in ("If", "Loop", "Scan"):
            raise LevelsetError(
                f"The ONNX file uses {node.op_type}: it chooses or repeats parts of the network by "
                "what an image holds, which is not supported here."
            )
        if "Quantize" in node.op_type or node.op_type.startswith("QLinear"):
            raise LevelsetError(
                f"The ONNX file uses {node.op_type}: it computes with integers (a quantized "
                "network), so gradients do not exist; export it before it was quantized."
            )
    tensors = [*model.graph.initializer, *(a.t for n in nodes for a in n.attribute)]
    if any(t.data_location == onnx.TensorProto.EXTERNAL for t in tensors):
        raise LevelsetError(
            "The ONNX file keeps its numbers in another file: save it in one piece, by "
            "torch.onnx.export(..., external_data=False) or onnx.save(onnx.load(FILE), FILE)."
        )
    _rename(model.graph)
    return model


def _rename(graph: Any) -> None:
    """Names of our own: onnx2torch writes a program with those of the file."""
    names: dict[str, str] = {"": ""}

    def named(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}")

    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = named(value.name)
    for k, node in enumerate(graph.node):
        node.name = f"n{k}"
        node.input[:] = [named(name) for name in node.input]
        node.output[:] = [named(name) for name in node.output]


def ends(model: Any) -> tuple[Any, Any]:
    """The input and the output.

    Raises:
        LevelsetError: there are several, or none.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    outputs = list(model.graph.output)
    if len(inputs) != 1 or len(outputs) != 1:
        raise LevelsetError(
            f"A classifier has one input and one output, the ONNX file {len(inputs)} and "
            f"{len(outputs)}: {WRAP}."
        )
    return inputs[0], outputs[0]


def _dims(value: Any) -> list[int]:
    """Sizes; 0 for one that is not said."""
    return [int(dim.dim_value) for dim in value.type.tensor_type.shape.dim]


def input_of(value: Any) -> tuple[int | None, tuple[int, ...], torch.dtype]:
    """Images at once (None for any number), the axes of one, the type of their numbers.

    Raises:
        LevelsetError: it takes no images of a known size.
    """
    dims, number = _dims(value), value.type.tensor_type.elem_type
    if not all(dims[1:]) or shape_of(dims[1:]) is None:
        raise LevelsetError(
            f"A classifier of images takes (n, c, h, w) of a known size, the ONNX file {dims}, "
            "where 0 is not said: export it with the number of images as its only free size."
        )
    if number not in _TYPES:
        raise LevelsetError(
            "The ONNX file takes images in half precision or as whole numbers: export it for "
            "float32."
        )
    if count(dims[1:]) > MAX_TENSOR:
        raise LevelsetError(f"The ONNX file takes images of {' x '.join(map(str, dims[1:]))}.")
    return dims[0] or None, tuple(dims[1:]), _TYPES[number]


def outputs_of(model: Any) -> int:
    """The number of classes; where the file does not say it, as ONNX infers it.

    Raises:
        LevelsetError: the output is no row of logits.
    """
    _, given = ends(model)
    dims = _dims(given)
    if len(dims) < 2 or not all(dims[1:]):
        with suppress(LevelsetError):
            dims = _dims(ends(_sized(model, 1))[1]) or dims
    if len(dims) == 1 or (len(dims) == 2 and dims[1] == 1):
        raise LevelsetError(
            "The ONNX file gives one number for an image, which separates no classes: a "
            "classifier has a logit for each of two classes or more."
        )
    if len(dims) != 2 or dims[1] < 2:
        raise LevelsetError(
            f"A classifier gives (n, classes), the ONNX file {dims}, where 0 is not said: {WRAP}."
        )
    return dims[1]


def count(dims: Any) -> int:
    """Numbers in a tensor of such sizes."""
    found = 1
    for size in dims:
        found *= int(size)
    return found


def check_sizes(model: Any, batch: int | None, missing: str) -> None:
    """Refuse what onnxruntime would need too much memory for, or what cannot be foreseen."""
    known = _sized(model, batch or 1)
    sizes = {value.name: _dims(value) for value in known.graph.value_info}
    outputs = {value.name for value in known.graph.output}
    for node in known.graph.node:
        for name in (name for name in node.output if name and name not in outputs):
            dims = sizes.get(name)
            if dims is None or not all(dims) or count(dims) * 64 > MAX_TENSOR:
                raise LevelsetError(
                    f"The ONNX file cannot be converted ({missing}), and onnxruntime is not asked: "
                    f"the result of {node.op_type} is too large or of a size that is not known "
                    "before. Export the network with torch.export instead."
                )


def _sized(model: Any, images: int) -> Any:
    """The model with the sizes of all results for so many images, where ONNX can infer them."""
    onnx = optional("onnx", "onnx")
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    taken, _ = ends(fixed)
    taken.type.tensor_type.shape.dim[0].dim_value = images
    try:
        return onnx.shape_inference.infer_shapes(fixed, data_prop=True)
    except Exception as error:
        raise LevelsetError("The sizes in the ONNX file do not fit each other.") from error


def converted(model: Any, batch: int | None) -> tuple[nn.Module | None, str]:
    """The network in torch, or why there is none."""
    onnx = optional("onnx", "onnx")
    # It imports torchvision, which not every torch lets by itself.
    importlib.import_module("levelset_core._torchvision")
    onnx2torch = optional("onnx2torch", "onnx")
    # onnx2torch's own way to slice; its numbers are compared.
    warnings.filterwarnings("ignore", message="Using a non-tuple sequence", category=UserWarning)
    known = model.opset_import[0].version
    said = ""
    model = _inlined(model)
    for version in dict.fromkeys((known, *(v for v in _VERSIONS if v < known))):
        ours = onnx.ModelProto()
        ours.CopyFrom(model)
        for imported in ours.opset_import:
            imported.version = version if imported.domain in ("", "ai.onnx") else imported.version
        try:
            _simplify(ours.graph, batch, onnx)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                network: nn.Module = onnx2torch.convert(ours)
            return network.requires_grad_(False).eval(), ""
        except ERRORS as error:
            said = first_line(error)
    return None, said


def _inlined(model: Any) -> Any:
    """Operators that ONNX itself defines by others, which onnx2torch does not know, by those."""
    inliner = importlib.import_module("onnx.inliner")
    names = [("", node.op_type) for node in model.graph.node if node.op_type in _FUNCTIONS]
    if not names:
        return model
    try:
        found = inliner.inline_selected_functions(model, names, inline_schema_functions=True)
    except ERRORS:
        return model
    _rename(found.graph)
    return found


def _simplify(graph: Any, batch: int | None, onnx: Any) -> None:
    """Weights by their own names, and sizes that hold for any number of images."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    constants = {
        node.output[0]: node.attribute[0].t
        for node in graph.node
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value"
    }
    for node in list(graph.node):
        same = node.op_type in ("Identity", "CastLike")  # what differs is seen in the numbers
        source = tensors.get(node.input[0]) or constants.get(node.input[0]) if same else None
        source = source or constants.get(node.output[0])
        if source is not None and node.output[0] not in tensors:
            copy = graph.initializer.add()
            copy.CopyFrom(source)
            copy.name = node.output[0]
            graph.node.remove(node)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        shape = tensors.get(node.input[1]) if node.op_type == "Reshape" else None
        if shape is None:
            continue
        values = onnx.numpy_helper.to_array(shape).copy()
        if (values != 0).all():  # it says what a 0 means: nothing where there is none
            kept = [a for a in node.attribute if a.name != "allowzero"]
            del node.attribute[:]
            node.attribute.extend(kept)
        if batch is not None and values.ndim == 1 and len(values) > 1 and values[0] == batch:
            values[0] = 0  # as many as come in
            shape.CopyFrom(onnx.numpy_helper.from_array(values, shape.name))


def first_line(error: BaseException) -> str:
    """What an error of a library says, as a part of a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
