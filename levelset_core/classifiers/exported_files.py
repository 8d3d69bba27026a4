"""Files of ``torch.export.save``, read without trusting them; see ``exported``."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from levelset_core.classifiers.exported import TYPES, ExportedNetwork
from levelset_core.classifiers.layout import WRAP, shape_of
from levelset_core.errors import LevelsetError

#: Numbers of element types in the archive -> types in the file's bytes.
_STORED = {**TYPES, 6: torch.float16, 13: torch.bfloat16}
_HALF = (6, 13)
MAX_BYTES, MAX_JSON, MAX_NODES = 1_000_000_000, 16_000_000, 20_000
#: Bytes that tensors may have beyond those in the file: strides of 0 make much of few.
MAX_REPEATED = 64_000_000
_SCALARS = ("as_int", "as_float", "as_bool", "as_string")
_PLAIN = (*_SCALARS, *(f"{kind}s" for kind in _SCALARS))


def read_exported(path: Path) -> ExportedNetwork:
    """The network in a ``.pt2`` file of ``torch.export.save``, in evaluation mode.

    Raises:
        LevelsetError: the file is damaged, no classifier of images, or needs what cannot be read
            without trusting it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise LevelsetError(f"{path.name} is too large: more than {MAX_BYTES:,} bytes.")
            root = archive.namelist()[0].partition("/")[0]
            model = _json(archive, f"{root}/models/model.json")
            tensors = _tensors(archive, root, "weights") | _tensors(archive, root, "constants")
        return exported_network(model["graph_module"], tensors)
    except LevelsetError:
        raise
    except (
        OSError, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, IndexError,
        AttributeError, RuntimeError, RecursionError, OverflowError, NotImplementedError, EOFError,
    ) as error:  # fmt: skip
        raise LevelsetError(f"{path.name} is damaged or no program of torch.export.") from error


def exported_network(module: dict[str, Any], tensors: dict[str, Tensor]) -> ExportedNetwork:
    """From a graph module as the file's JSON has it, and its tensors by name.

    Raises:
        LevelsetError: it is no classifier of images, or uses what is not allowed.
    """
    return ExportedNetwork(_graph(module, tensors), tensors).eval()


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > MAX_JSON:
        raise LevelsetError(f"The exported program is too large: {name} has more than 16 MB.")
    return json.loads(archive.read(name))


def _tensors(archive: zipfile.ZipFile, root: str, folder: str) -> dict[str, Tensor]:
    """Tensors by name, from plain bytes."""
    name = f"{root}/data/{folder}/model_{folder}_config.json"
    if name not in archive.namelist():
        return {}
    found: dict[str, Tensor] = {}
    repeated = 0
    for own, about in _json(archive, name)["config"].items():
        meta = about["tensor_meta"]
        if about["use_pickle"] or meta is None:
            raise LevelsetError(
                f"The exported program keeps {own!r} as a pickle, which is never read here."
            )
        dtype = _STORED[meta["dtype"]]
        content = archive.read(f"{root}/data/{folder}/{about['path_name']}")
        sizes = [int(size["as_int"]) for size in meta["sizes"]]
        strides = [int(stride["as_int"]) for stride in meta["strides"]]
        repeated += max(0, math.prod(sizes) * dtype.itemsize - len(content))
        if repeated > MAX_REPEATED or min(sizes, default=0) < 0:
            raise LevelsetError(
                f"The exported program's {own!r} has the sizes {sizes}, but only {len(content):,} "
                "bytes."
            )
        if not math.prod(sizes):
            tensor = torch.zeros(sizes, dtype=dtype)
        else:
            flat = torch.frombuffer(bytearray(content), dtype=dtype)
            tensor = torch.as_strided(flat, sizes, strides, int(meta["storage_offset"]["as_int"]))
        found[own] = tensor.to(TYPES[meta["dtype"]]).clone(memory_format=torch.contiguous_format)
    return found


# -- the graph -------------------------------------------------------------------------------


def _graph(module: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    graph, signature = module["graph"], module["signature"]
    if len(graph["nodes"]) > MAX_NODES:
        raise LevelsetError(f"The exported program has more than {MAX_NODES:,} operators.")
    names: dict[str, str] = {}
    inputs = []
    for spec in signature["input_specs"]:
        ((kind, content),) = spec.items()
        if kind == "user_input":
            inputs.append(content["arg"])
        elif kind in ("parameter", "buffer", "tensor_constant"):
            key = "tensor_constant_name" if kind == "tensor_constant" else f"{kind}_name"
            names[content["arg"]["name"]] = content[key]
        elif kind != "constant_input":
            raise LevelsetError(f"The exported program takes a {kind}, which is no tensor.")
    outputs = [
        spec["user_output"]["arg"] for spec in signature["output_specs"] if "user_output" in spec
    ]
    if len(inputs) != 1 or len(outputs) != 1:
        raise LevelsetError(
            f"A classifier has one input and one output, the exported program {len(inputs)} and "
            f"{len(outputs)}: {WRAP}."
        )
    if "as_tensor" not in inputs[0] or "as_tensor" not in outputs[0]:
        raise LevelsetError("A classifier maps a tensor to a tensor, the exported program not.")
    taken, given = (arg["as_tensor"]["name"] for arg in (inputs[0], outputs[0]))
    about = graph["tensor_values"]
    axes = [_hint(size) for size in about[taken]["sizes"][1:]]
    shape = list(shape_of(axes) or ())
    out = [_hint(size) for size in about[given]["sizes"]]
    _check_axes(about[taken]["sizes"], out, shape)
    number = about[taken]["dtype"]
    if not TYPES[number].is_floating_point:
        raise LevelsetError(
            f"The exported program takes images of {TYPES[number]}, whole numbers without "
            "gradients: export it for pixels in [0, 1] of float32."
        )
    for own, name in names.items():  # from the names of the module to those of the graph
        tensors[own] = tensors[name]
    found = {
        "input": taken, "output": given, "tensors": list(names),
        "batch": about[taken]["sizes"][0].get("as_int"), "shape": shape, "classes": out[1],
        "nodes": [_node(node) for node in graph["nodes"]],
    }  # fmt: skip
    if axes != shape:
        found["axes"] = axes
    if number != 7:
        found["type"] = number
    if any(about[name]["dtype"] in _HALF for name in (taken, *names) if name in about):
        found["half"] = True
    return found


def _check_axes(taken: list[Any], given: list[int], shape: list[int]) -> None:
    if len(taken) == 3 and len(given) == 1:
        raise LevelsetError(
            "The exported program takes one image without an axis for several: export a network "
            "around it that takes (n, c, h, w) and gives (n, classes), as torch.vmap(network) does."
        )
    if len(given) == 1 or (len(given) == 2 and given[1] == 1):
        raise LevelsetError(
            "The exported program gives one number for an image, which separates no classes: a "
            "classifier has a logit for each of two classes or more. Of a logit z for two classes "
            "export torch.cat([-z, z], 1) / 2."
        )
    if not shape or len(given) != 2:
        raise LevelsetError(
            "A classifier of images maps (n, c, h, w) to (n, classes); the exported program has "
            f"{len(taken)} and {len(given)} axes."
        )


def _hint(size: dict[str, Any]) -> int:
    """A size, or the one that it had when the program was exported."""
    return int(size["as_int"] if "as_int" in size else size["as_expr"]["hint"]["as_int"])


def _node(node: dict[str, Any]) -> dict[str, Any]:
    """A node as the file of this program has it: short, and of plain values."""
    outputs: list[str] = []
    for output in node["outputs"]:
        ((kind, content),) = output.items()
        if kind == "as_tensors":
            outputs += [item["name"] for item in content]
        elif kind == "as_none":
            outputs.append("")
        else:
            outputs.append(content["as_name"] if kind.startswith("as_sym") else content["name"])
    found = {"target": node["target"], "outputs": outputs}
    graphs = [i["arg"]["as_graph"]["graph"] for i in node["inputs"] if "as_graph" in i["arg"]]
    if graphs:
        return {**found, **_part(node, graphs)}
    return {
        **found,
        "args": [_argument(i["arg"]) for i in node["inputs"] if i.get("kind", 1) == 1],
        "kwargs": {i["name"]: _argument(i["arg"]) for i in node["inputs"] if i.get("kind") == 2},
    }


def _part(node: dict[str, Any], graphs: list[Any]) -> dict[str, Any]:
    """A part of the graph under ``torch.no_grad`` or autocast; other ones are refused later."""
    name = node["target"].rpartition(".")[2]
    if name not in ("wrap_with_set_grad_enabled", "wrap_with_autocast"):
        return {"args": [], "kwargs": {}}
    given = [i["arg"] for i in node["inputs"]]
    at = next(k for k, arg in enumerate(given) if "as_graph" in arg)
    # Autocast to half precision is left out: it runs in single precision here.
    enabled = given[0]["as_bool"] if name == "wrap_with_set_grad_enabled" else True
    return {
        "args": [{"plain": enabled}, *(_argument(arg) for arg in given[at + 1 :])],
        "kwargs": {},
        "graph": {
            "inputs": [_name(arg) for arg in graphs[0]["inputs"]],
            "outputs": [_name(arg) for arg in graphs[0]["outputs"]],
            "nodes": [_node(inner) for inner in graphs[0]["nodes"]],
        },
    }


def _name(argument: dict[str, Any]) -> str:
    ((_, content),) = argument.items()
    return str(content.get("name", content.get("as_name")))


def _argument(argument: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = argument.items()
    if kind == "as_float":
        return {"plain": float(content)}  # infinity is a text
    if kind in _PLAIN:
        return {"plain": content}
    if kind == "as_none":
        return {"plain": None}
    if kind == "as_tensor":
        return {"tensor": content["name"]}
    if kind in ("as_tensors", "as_optional_tensors"):
        return {"list": [_argument({"as_tensor": i} if "name" in i else i) for i in content]}
    if kind in ("as_sym_int", "as_sym_bool", "as_sym_float"):
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
    if "as_name" in content:
        return {"size": content["as_name"]}
    ((_, value),) = content.items()
    return {"plain": value}
