"""Classifiers as safetensors with a card beside them."""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from levelset_core.classifiers.architectures import CLASSIFIERS
from levelset_core.classifiers.exported import ExportedNetwork
from levelset_core.classifiers.exported_files import read_exported
from levelset_core.classifiers.foreign import (
    fit_state_dict,
    own_normalization,
    part_of,
    read_state_dict,
)
from levelset_core.classifiers.normalization import Normalization, Normalized, normalized
from levelset_core.classifiers.onnx_files import OnnxNetwork, read_onnx
from levelset_core.data.images import IMAGE_SETS, ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.paths import present_name
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: What :attr:`Classifier.model` is called for a program of ``torch.export``.
EXPORTED = "exported"
#: And for an ONNX file.
ONNX = "onnx"


@dataclass(frozen=True)
class Classifier:
    """A trained network and what is known about it.

    Attributes:
        network: in evaluation mode, (n, c, h, w) in [0, 1] -> (n, classes).
        model: one of ``CLASSIFIERS``, ``EXPORTED`` or ``ONNX``.
        shape: channels, height, width.
        classes: outputs.
        card: command, data, epochs, machine, seed, figures, ...; empty if there is none.
        described: the file says itself what it holds, so that nothing is to be found out.
        choices: what was taken where the file leaves a choice, a sentence each.
    """

    network: nn.Module
    model: str
    shape: tuple[int, int, int]
    classes: int
    card: dict[str, Any]
    described: bool = False
    choices: tuple[str, ...] = ()

    @property
    def normalization(self) -> Normalization | None:
        """What the network makes of pixels first; None for nothing."""
        return self.network.normalization if isinstance(self.network, Normalized) else None

    def check(self, data: ImageSet) -> None:
        """Refuse images that the network is not made for.

        Raises:
            LevelsetError: another shape, or more classes than outputs.
        """
        name = IMAGE_SETS.get(data.name, data.name).partition(",")[0]
        if data.shape != self.shape:
            own, its = (" x ".join(map(str, shape)) for shape in (self.shape, data.shape))
            raise LevelsetError(
                f"The network takes images of {own}, {name} has {its}: attack it on images of its "
                "own size (--data), or export a network around it that makes these of them."
            )
        if len(data.classes) > self.classes:
            raise LevelsetError(
                f"{name} has {len(data.classes)} classes, this network {self.classes}: attack it "
                "on images of its own classes, as a folder of class folders (--data FOLDER)."
            )


@dataclass(frozen=True)
class About:
    """What a file of this program says of its network, see :class:`Classifier`."""

    model: str
    shape: tuple[int, int, int]
    classes: int
    card: dict[str, Any]


def present_file(path: Path) -> Path:
    """The path, or that of the file under its present name if only this exists."""
    present = path.with_stem(present_name(path.stem))
    return present if present.exists() and not path.exists() else path


def read_about(path: Path) -> About:
    """The description alone, without the weights.

    Raises:
        LevelsetError: there is no such file, it is damaged, or not of this program.
    """
    path = present_file(path)
    try:
        return _about(path, _metadata(path))
    except (OSError, SafetensorError) as error:
        raise LevelsetError(f"{path.name} is damaged and cannot be read.") from error


def save_classifier(
    path: Path,
    network: nn.Module,
    model: str,
    shape: tuple[int, int, int],
    classes: int,
    card: dict[str, Any] | None = None,
    *,
    half: bool = False,
) -> None:
    """Write a plain state dict; its metadata hold the architecture and the card.

    Args:
        path: of the file, .safetensors.
        network, model, shape, classes, card: see :class:`Classifier`.
        half: in half precision; it is read as single precision again.
    """
    metadata = {
        "model": model,
        "shape": json.dumps(shape),
        "classes": str(classes),
        "card": json.dumps(card or {}, allow_nan=False),
    }
    if isinstance(network, Normalized):
        metadata["normalization"] = json.dumps(network.normalization.as_dict())
        network = network.network
    if isinstance(network, ExportedNetwork):
        metadata["graph"] = json.dumps(network.graph)
    if isinstance(network, OnnxNetwork):
        whole = torch.frombuffer(bytearray(network.content), dtype=torch.uint8)
        save_file({"content": whole}, path, metadata)
        return
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    if half:
        weights = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    save_file(weights, path, metadata)


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write the card of a network beside it, as ``path`` with the suffix .json."""
    text = json.dumps(card, indent=2, allow_nan=False) + "\n"
    # Lists of whole numbers on one line: those of images that stand are long.
    text = re.sub(
        r"\[\n[\d\s,]+\]", lambda found: "[" + " ".join(found[0][1:-1].split()) + "]", text
    )
    present_file(path).with_suffix(".json").write_text(text, encoding="utf-8")


def read_card(path: Path) -> dict[str, Any]:
    """The card beside a network.

    Raises:
        LevelsetError: there is none, or it is damaged.
    """
    beside = present_file(path).with_suffix(".json")
    try:
        card = json.loads(beside.read_text(encoding="utf-8"))
    except OSError as error:
        raise LevelsetError(f"There is no card {beside}.") from error
    except (ValueError, RecursionError) as error:
        raise LevelsetError(f"{beside.name} is damaged: it is not JSON.") from error
    if not isinstance(card, dict):
        raise LevelsetError(f"{beside.name} is damaged: it does not hold a JSON object.")
    return card


def load_classifier(
    path: str | Path,
    *,
    arch: str | None = None,
    shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 10,
) -> Classifier:
    """A network of this program, or with ``arch`` a state dict from elsewhere; on the CPU.

    Args:
        path: .safetensors; .pt, .pth, .ckpt, .bin and .tar, of which no code is run; .pt2 of
            ``torch.export``, without pickle; .onnx.
        arch: one of ``CLASSIFIERS``, for a file that does not say what it holds.
        shape, classes: of the data, likewise.

    Raises:
        LevelsetError: there is no such file, it is damaged, or it holds something else.
    """
    path = present_file(Path(path))
    if path.suffix.lower() == ".pt2":
        return _from_export(read_exported(path))
    if path.suffix.lower() == ".onnx":
        return _from_onnx(read_onnx(path))
    weights, choices = read_state_dict(path)
    metadata = _metadata(path)
    if metadata.get("model") == EXPORTED and arch is None:
        return _stored_export(path, weights, metadata)
    if metadata.get("model") == ONNX and arch is None and "content" in weights:
        found = _from_onnx(OnnxNetwork(weights["content"].numpy().tobytes()).eval())
        network = _with_normalization(found.network, metadata)
        return replace(found, network=network, card=_about(path, metadata).card, described=True)
    if arch is not None:
        choose("model", arch, CLASSIFIERS)
    card: dict[str, Any] = {}
    described = metadata.get("model") == arch if arch else True
    model = arch or metadata.get("model", "")
    if model not in CLASSIFIERS:
        raise LevelsetError(
            f"{path.name} does not say which network it holds: name it with --arch "
            f"({', '.join(CLASSIFIERS)})."
        )
    if described:
        about = _about(path, metadata)
        shape, classes, card = about.shape, about.classes, about.card
    weights, normalization = own_normalization(weights, shape[0])
    sketch = _sketch(model, shape, classes)
    weights, left = part_of(weights, sketch)
    weights, choices = fit_state_dict(weights, sketch), (*choices, *left)
    network = CLASSIFIERS[model](shape, classes)
    # A count of batches that no other program stores stays 0; nothing depends on it.
    network.load_state_dict(weights, strict=False)
    network = _with_normalization(network.eval(), metadata) if described else network.eval()
    if normalization:
        network = normalized(network, normalization)
        choices = (*choices, f"The file has a normalization of its own: {normalization}.")
    return Classifier(network, model, shape, classes, card, described, choices)


def _sketch(model: str, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """A network without its numbers: what a file says of its size may be anything.

    Raises:
        LevelsetError: there is no such network.
    """
    try:
        with torch.device("meta"):
            return CLASSIFIERS[model](shape, classes)
    except (RuntimeError, ValueError, TypeError, OverflowError, ArithmeticError) as error:
        size = " x ".join(map(str, shape))
        raise LevelsetError(
            f"There is no {model} for images of {size} and {classes} classes."
        ) from error


def _with_normalization(network: nn.Module, metadata: dict[str, str]) -> nn.Module:
    if "normalization" not in metadata:
        return network
    try:
        values = json.loads(metadata["normalization"])
    except (ValueError, RecursionError) as error:
        raise LevelsetError("The file's normalization is damaged.") from error
    return normalized(network, Normalization.from_dict(values))


def _from_export(network: ExportedNetwork) -> Classifier:
    """A classifier, after a first look at the logits of two images."""
    channels, height, width = network.graph["shape"]
    shape, classes = (channels, height, width), network.graph["classes"]
    try:
        with torch.no_grad():
            x = torch.rand(2, *shape, generator=torch_generator(0))
            logits = network(x)
            network.take_any_number()
            if not network.random_parts and logits.shape == (2, classes):
                alone = network(x[[0, 0]])[0]
                network.mixes_images = not torch.allclose(
                    alone, logits[0], rtol=0.01, atol=1e-3, equal_nan=True
                )
    except LevelsetError:
        raise
    except (
        RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError, MemoryError,
    ) as error:  # fmt: skip
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if isinstance(error, NotImplementedError):  # sizes that are known only when it has run
            said = "the size of a result depends on what an image holds, as that of x[x > 0]."
        raise LevelsetError(
            f"The exported program does not run on two images of {channels} x {height} x {width}: "
            f"{said[:200]}"
        ) from error
    if logits.shape != (2, classes) or classes < 2:
        raise LevelsetError("The exported program does not give one logit for every class.")
    return Classifier(network.eval(), EXPORTED, shape, classes, {})


def _from_onnx(network: OnnxNetwork) -> Classifier:
    return Classifier(network, ONNX, network.shape, network.classes, {})


def _stored_export(
    path: Path, weights: dict[str, torch.Tensor], metadata: dict[str, str]
) -> Classifier:
    about = _about(path, metadata)
    try:
        graph = json.loads(metadata["graph"])
        tensors = {name: weights[f"t{k}"] for k, name in enumerate(graph["tensors"])}
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise LevelsetError(f"{path.name} is damaged: its description is broken.") from error
    found = _from_export(ExportedNetwork(graph, tensors))
    network = _with_normalization(found.network, metadata)
    return replace(found, network=network, card=about.card, described=True)


def _about(path: Path, metadata: dict[str, str]) -> About:
    if metadata.get("model") not in (*CLASSIFIERS, EXPORTED, ONNX):
        raise LevelsetError(f"{path.name} does not say which network it holds.")
    try:
        channels, height, width = map(operator.index, json.loads(metadata["shape"]))
        card = json.loads(metadata["card"])
        if min(channels, height, width) < 1 or not isinstance(card, dict):
            raise ValueError
        return About(metadata["model"], (channels, height, width), int(metadata["classes"]), card)
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise LevelsetError(f"{path.name} is damaged: its description is broken.") from error


def _metadata(path: Path) -> dict[str, str]:
    if path.suffix.lower() != ".safetensors":
        return {}
    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}
