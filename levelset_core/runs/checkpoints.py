"""Checkpoints without pickle: any nesting of tensors, arrays and plain values in one safetensors.

Tensors and arrays are the file's tensors; the structure around them is JSON in its metadata. One
file, so that it is replaced in one move: no checkpoint is ever half new. What comes back is equal
bit for bit: JSON writes floats with all their digits.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save_file
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.runs.files import replacing

FORMAT = "levelset-checkpoint-1"


def checkpoint_every() -> float:
    """Seconds between two checkpoints: ``$LEVELSET_CHECKPOINT_SECONDS``, default 30; 0 is always.

    Raises:
        LevelsetError: the variable is not a number from 0 on.
    """
    text = os.environ.get("LEVELSET_CHECKPOINT_SECONDS") or "30"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise LevelsetError(
            f"LEVELSET_CHECKPOINT_SECONDS must be a number of seconds from 0 on, got {text!r}."
        )
    return seconds


def save_checkpoint(path: Path, tree: Any) -> None:
    """Write a nesting of dict, list, tuple, Tensor, numpy array, number, str, bool and None.

    Raises:
        LevelsetError: it holds something else.
    """
    tensors: dict[str, Tensor] = {}
    structure = _encode(tree, tensors, "checkpoint")
    metadata = {"format": FORMAT, "structure": json.dumps(structure)}
    with replacing(path) as partial:
        save_file(tensors, partial, metadata)


def load_checkpoint(path: Path) -> Any:
    """What :func:`save_checkpoint` wrote; tensors on the CPU.

    Raises:
        LevelsetError: the file is damaged or not a checkpoint.
    """
    try:
        # In one go: safe_open opens the file twice, and a run may replace it in between.
        content = path.read_bytes()
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = header.get("__metadata__") or {}
        if metadata.get("format") != FORMAT:
            raise LevelsetError(f"{path.name} is not a checkpoint of this program.")
        return _decode(json.loads(metadata["structure"]), load(content))
    except LevelsetError:
        raise
    except Exception as error:  # whatever a damaged header leads to
        raise LevelsetError(f"{path.name} is damaged and cannot be read.") from error


def _encode(value: Any, tensors: dict[str, Tensor], where: str) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, Tensor):
        name = f"t{len(tensors)}"
        # A copy of its own: the file refuses tensors that share memory.
        tensors[name] = value.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(value, np.ndarray | np.generic):
        array = np.array(value, order="C")
        if array.dtype.kind in "biufc":
            return {"array": _encode(torch.from_numpy(array), tensors, where)["tensor"]}
    if isinstance(value, list | tuple):
        items = [_encode(item, tensors, f"{where}[{k}]") for k, item in enumerate(value)]
        return {"list" if isinstance(value, list) else "tuple": items}
    if isinstance(value, dict):  # pairs, since keys may be numbers, as in an optimizer's state
        pairs = [
            [_encode(key, tensors, where), _encode(item, tensors, f"{where}[{key!r}]")]
            for key, item in value.items()
        ]
        return {"dict": pairs}
    raise LevelsetError(f"{where} is a {type(value).__name__}, which no checkpoint can hold.")


def _decode(value: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "array":
        return tensors[content].numpy()
    if kind == "dict":
        return {_decode(key, tensors): _decode(item, tensors) for key, item in content}
    items = [_decode(item, tensors) for item in content]
    return tuple(items) if kind == "tuple" else items
