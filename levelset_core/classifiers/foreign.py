"""State dicts from elsewhere: other prefixes, other names, the same layers in the same order."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from levelset_core.errors import LevelsetError

#: What others call layers of torchvision's ResNet.
_SYNONYMS = {"linear": "fc", "shortcut": "downsample"}
#: Names below which programs put a state dict among other things.
_INNER = ("state_dict", "model_state_dict", "model", "net", "network", "weights")
_SUFFIXES = (".safetensors", ".pt", ".pth")


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """Tensors by name, in the file's order: safetensors, or torch's format by weights_only.

    Raises:
        LevelsetError: there is no such file, it is damaged, or it holds no state dict.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise LevelsetError(f"{path.name} must end in one of {', '.join(_SUFFIXES)}.")
    if not path.is_file():
        raise LevelsetError(f"There is no file {path}.")
    damaged = f"{path.name} is damaged or holds more than tensors: it cannot be read."
    try:
        if path.suffix.lower() == ".safetensors":
            found: Any = load_file(path)
        else:
            with warnings.catch_warnings():  # of other protocols of pickle: they fail or not
                warnings.simplefilter("ignore")
                found = torch.load(path, map_location="cpu", weights_only=True)
    except (
        OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, AttributeError,
        SafetensorError, pickle.UnpicklingError, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        raise LevelsetError(damaged) from error
    for _ in range(3):
        inner = next((k for k in _INNER if isinstance(found, dict) and k in found), None)
        if inner is None or isinstance(found[inner], Tensor):
            break
        found = found[inner]
    items = found.items() if isinstance(found, dict) else ()
    weights = {k: v for k, v in items if isinstance(k, str) and isinstance(v, Tensor)}
    if not weights:
        raise LevelsetError(f"{path.name} holds no state dict.")
    return weights


def fit_state_dict(weights: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """``weights`` under the names of ``network``.

    Tried in turn: the same names after a common prefix is cut off; the same last parts of the
    names (``conv1.weight``); the same shapes in the file's order; the same shapes in the order
    of the names, numbers counted as numbers.

    Raises:
        LevelsetError: another number of layers, or other shapes.
    """
    own = network.state_dict()
    given = {k: v for k, v in weights.items() if not k.endswith("num_batches_tracked")}
    wanted = [k for k in own if not k.endswith("num_batches_tracked")]
    for strip in _prefixes(given):
        renamed = {_known(k[len(strip) :]): v for k, v in given.items()}
        if set(renamed) == set(wanted):
            return _checked({k: renamed[k] for k in wanted}, own)
    tails = {_tail(k): v for k, v in given.items()}
    if len(tails) == len(given) == len(wanted) and set(tails) == {_tail(k) for k in wanted}:
        return _checked({k: tails[_tail(k)] for k in wanted}, own)
    if len(given) != len(wanted):
        raise LevelsetError(
            f"The network has {len(wanted)} tensors, the file {len(given)}: it holds another one."
        )
    for names in (list(given), _natural(given)):
        if all(given[a].shape == own[b].shape for a, b in zip(names, wanted, strict=True)):
            return {b: given[a] for a, b in zip(names, wanted, strict=True)}
    name, needed = next(
        (a, b) for a, b in zip(given, wanted, strict=True) if given[a].shape != own[b].shape
    )
    raise _other_shape(needed, own[needed], f"{name} of {tuple(given[name].shape)}")


def _known(name: str) -> str:
    return ".".join(_SYNONYMS.get(part, part) for part in name.split("."))


def _tail(name: str) -> str:
    """The layer's own name and the tensor's, without the modules around."""
    return ".".join(name.split(".")[-2:])


def _prefixes(names: Iterable[str]) -> list[str]:
    """Prefixes up to a dot that all names share, from none to the longest."""
    names = list(names)
    first = names[0]
    prefixes = ["", *(first[: k + 1] for k, letter in enumerate(first) if letter == ".")]
    return [prefix for prefix in prefixes if all(name.startswith(prefix) for name in names)]


def _natural(names: Iterable[str]) -> list[str]:
    """In the order of the names, 10 after 9, weights before biases, layers before running sums."""
    kinds = ("weight", "bias", "running_mean", "running_var")

    def key(name: str) -> tuple[list[tuple[int, str | int]], int]:
        layer, _, kind = name.rpartition(".")
        pieces: list[tuple[int, str | int]] = [
            (0, int(piece)) if piece.isdecimal() else (1, piece)
            for piece in re.split(r"(\d+)|\.", layer)
            if piece
        ]
        return pieces, kinds.index(kind) if kind in kinds else len(kinds)

    return sorted(names, key=key)


def _checked(weights: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    for name, tensor in weights.items():
        if tensor.shape != own[name].shape:
            raise _other_shape(name, own[name], f"{tuple(tensor.shape)}")
    return weights


def _other_shape(name: str, needed: Tensor, given: str) -> LevelsetError:
    return LevelsetError(
        f"The network needs {name} of shape {tuple(needed.shape)}, the file has {given}: it holds "
        "another network."
    )
