"""State dicts from elsewhere: other prefixes, other names, the same layers in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from levelset_core.classifiers.normalization import Normalization, given_normalization
from levelset_core.classifiers.torch_files import Unopened, read_torch_file
from levelset_core.errors import LevelsetError

#: What others call layers of torchvision's ResNet.
_SYNONYMS = {"linear": "fc", "shortcut": "downsample"}
#: Names below which programs put a state dict among other things: averaged weights first, as they
#: are what such programs evaluate.
_AVERAGED = (
    "ema", "model_ema", "ema_model", "ema_state_dict", "state_dict_ema", "model_state_dict_ema",
    "params_ema", "swa", "swa_model",
)  # fmt: skip
_INNER = (
    *_AVERAGED, "state_dict", "model_state_dict", "model", "net", "network", "weights", "params",
    "state", "model_state", "student", "classifier", "backbone", "module", "teacher",
)  # fmt: skip
#: Parts of names of what is no network.
_OTHERS = ("optim", "sched", "scaler", "rng", "momentum_buffer", "history", "metric")
#: Last parts of names that other programs count or average with; nothing depends on them.
_COUNTS = ("num_batches_tracked", "n_averaged", "num_updates", "decay")
#: Names of a normalization's two tensors within a state dict.
_NORMALIZATIONS = (("mean", "std"), ("mu", "sigma"), ("means", "sds"))
#: Endings of state dicts; the last ones are Lightning's, Hugging Face's and of older programs.
SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".tar")


def read_state_dict(path: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Tensors by name, in the file's order: safetensors, or torch's format by weights_only.

    Returns:
        The tensors, and sentences where the file holds several networks, or what is not opened.

    Raises:
        LevelsetError: there is no such file, it is damaged, or it holds no state dict.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise LevelsetError(f"{path.name} must end in one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise LevelsetError(f"There is no file {path}.")
    content, unopened = _content(path)
    said: tuple[str, ...] = ()
    if unopened:
        said = (f"Not opened in the file: {', '.join(unopened[:3])}"
                f"{', ...' if len(unopened) > 3 else ''}.",)  # fmt: skip
    if isinstance(content, list | tuple):
        content = {str(k): part for k, part in enumerate(content)}
    found = dict(_state_dicts(content))
    if not found:
        keys = [str(key) for key in content][:12] if isinstance(content, dict) else []
        seen = f": its keys are {', '.join(keys)}" if keys else ""
        raise LevelsetError(" ".join([f"{path.name} holds no state dict{seen}.", *said]))
    name = min(found, key=_rank)
    if len(found) == 1:
        return found[name], said
    others = ", ".join(repr(other) for other in found if other != name)
    averaged = " (averaged weights)" if _last(name) in _AVERAGED else ""
    taken = f"The file holds several networks: {name!r}{averaged} was taken, not {others}."
    return found[name], (taken, *said)


def _content(path: Path) -> tuple[Any, tuple[str, ...]]:
    if path.suffix.lower() != ".safetensors":
        return read_torch_file(path)
    try:
        return load_file(path), ()
    except Exception as error:  # of strangers' bytes its reader raises whatever it meets
        raise LevelsetError(
            f"{path.name} is damaged or holds more than tensors: it cannot be read."
        ) from error


def _state_dicts(
    content: Any, name: str = "", depth: int = 0
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """State dicts within a file's content, by where they are in it."""
    if isinstance(content, Unopened):
        content = content.tensors()
    if not isinstance(content, dict) or depth > 3:
        return
    if any(part in _last(name).lower() for part in _OTHERS):
        return
    own = {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
    groups = _groups(own)
    for group, weights in groups.items():
        yield f"{name}.{group}".lstrip("."), weights
    if own and not groups:
        yield name, own
    for key, value in content.items():
        if isinstance(key, str) and (
            own or depth or key in _INNER or isinstance(value, dict | Unopened)
        ):
            yield from _state_dicts(value, f"{name}.{key}".lstrip("."), depth + 1)


def _groups(weights: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Several networks below names of their own in one flat state dict, or {}.

    What is beside the only one, as a loss with tensors, is left out.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    for key, tensor in weights.items():
        first, _, rest = key.partition(".")
        if rest:
            groups.setdefault(first, {})[rest] = tensor
    known = {name: group for name, group in groups.items() if name in _INNER}
    alike = [name for name in known if any(
        name != other and set(known[name]) == set(known[other]) for other in known
    )]  # fmt: skip
    return {name: known[name] for name in alike}


def _rank(name: str) -> tuple[int, int, int]:
    """Averaged weights before others, then those that lie less deep, then by the list."""
    last = _last(name)
    place = _INNER.index(last) if last in _INNER else len(_INNER)
    averaged = any(part in _AVERAGED for part in name.split("."))
    return not averaged, name.count("."), place


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def own_normalization(
    weights: dict[str, Tensor], channels: int
) -> tuple[dict[str, Tensor], Normalization | None]:
    """The tensors without those of a normalization layer, and what these say."""
    for names in _NORMALIZATIONS:
        keys = [[k for k in weights if _last(k) == name] for name in names]
        if [len(found) for found in keys] == [1, 1]:
            mean, std = (weights[found[0]].flatten() for found in keys)
            if len(mean) == len(std) and len(mean) in (1, channels) and bool((std > 0).all()):
                rest = {k: v for k, v in weights.items() if _last(k) not in names}
                values = (tuple(round(float(v), 6) for v in tensor) for tensor in (mean, std))
                return rest, given_normalization(*values)
    return weights, None


def part_of(
    weights: dict[str, Tensor], network: nn.Module
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors below one name that are as many as the network's, where others are beside them,
    as a loss or a measure with numbers of its own; and a sentence about these.
    """
    wanted = len(_counted(network.state_dict()))
    if len(_counted(weights)) == wanted:
        return weights, ()
    prefixes = {name[: k + 1] for name in weights for k, c in enumerate(name) if c == "."}
    for prefix in sorted(prefixes, key=lambda prefix: (len(prefix), prefix)):
        part = {k: v for k, v in weights.items() if k.startswith(prefix)}
        if len(_counted(part)) == wanted:
            others = [k for k in weights if k not in part]
            return part, (f"Beside the network {prefix[:-1]} the file holds {others[0]}"
                          f"{', ...' if len(others) > 1 else ''}: left out.",)  # fmt: skip
    return weights, ()


def _counted(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without those that other programs count with."""
    return {k: v for k, v in weights.items() if _last(k) not in _COUNTS}


def fit_state_dict(weights: dict[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """``weights`` under the names of ``network``.

    Tried in turn: the same names after a common prefix is cut off; the same last parts of the
    names (``conv1.weight``); the same shapes in the file's order; the same shapes in the order
    of the names, numbers counted as numbers.

    Raises:
        LevelsetError: another number of layers, or other shapes.
    """
    own = network.state_dict()
    given, wanted = _counted(weights), list(_counted(own))
    if not given:
        raise LevelsetError("The file holds no weights.")
    for strip in _prefixes(given):
        renamed = {_known(k[len(strip) :]): v for k, v in given.items()}
        if set(renamed) == set(wanted):
            return _checked({k: renamed[k] for k in wanted}, own)
    tails = {_tail(k): v for k, v in given.items()}
    if len(tails) == len(given) == len(wanted) and set(tails) == {_tail(k) for k in wanted}:
        return _checked({k: tails[_tail(k)] for k in wanted}, own)
    if len(given) != len(wanted):
        raise LevelsetError(
            f"The network has {len(wanted)} tensors, the file {len(given)} (its names begin with "
            f"{', '.join(list(given)[:3])}): it holds another one."
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
