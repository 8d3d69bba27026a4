"""Classifiers as safetensors with a card beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from levelset_core.classifiers.architectures import CLASSIFIERS
from levelset_core.classifiers.exported import ExportedNetwork, read_exported
from levelset_core.classifiers.foreign import fit_state_dict, read_state_dict
from levelset_core.data.images import ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.paths import present_name
from levelset_core.settings import choose

#: What :attr:`Classifier.model` is called for a program of ``torch.export``.
EXPORTED = "exported"


@dataclass(frozen=True)
class Classifier:
    """A trained network and what is known about it.

    Attributes:
        network: in evaluation mode, (n, c, h, w) in [0, 1] -> (n, classes).
        model: one of ``CLASSIFIERS``, or ``EXPORTED``.
        shape: channels, height, width.
        classes: outputs.
        card: command, data, epochs, machine, seed, figures, ...; empty if there is none.
    """

    network: nn.Module
    model: str
    shape: tuple[int, int, int]
    classes: int
    card: dict[str, Any]

    def check(self, data: ImageSet) -> None:
        """Refuse images that the network is not made for.

        Raises:
            LevelsetError: another shape, or more classes than outputs.
        """
        if data.shape != self.shape or len(data.classes) > self.classes:
            raise LevelsetError(
                f"The network takes images of shape {self.shape} in {self.classes} classes; "
                f"{data.name} has {data.shape} in {len(data.classes)}."
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
    if isinstance(network, ExportedNetwork):
        metadata["graph"] = json.dumps(network.graph)
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    if half:
        weights = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    save_file(weights, path, metadata)


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write the card of a network beside it, as ``path`` with the suffix .json."""
    text = json.dumps(card, indent=2, allow_nan=False) + "\n"
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
    except ValueError as error:
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
        path: .safetensors; .pt and .pth by weights_only; .pt2 of ``torch.export``, without pickle.
        arch: one of ``CLASSIFIERS``, for a file that does not say what it holds.
        shape, classes: of the data, likewise.

    Raises:
        LevelsetError: there is no such file, it is damaged, or it holds something else.
    """
    path = present_file(Path(path))
    if path.suffix.lower() == ".pt2":
        return _from_export(read_exported(path))
    weights = read_state_dict(path)
    metadata = _metadata(path)
    if metadata.get("model") == EXPORTED and arch is None:
        return _stored_export(path, weights, metadata)
    if arch is not None:
        choose("model", arch, CLASSIFIERS)
    card: dict[str, Any] = {}
    model = arch or metadata.get("model", "")
    if model not in CLASSIFIERS:
        raise LevelsetError(
            f"{path.name} does not say which network it holds: name it with --arch "
            f"({', '.join(CLASSIFIERS)})."
        )
    if metadata.get("model") == model:
        about = _about(path, metadata)
        shape, classes, card = about.shape, about.classes, about.card
    network = CLASSIFIERS[model](shape, classes)
    # A count of batches that no other program stores stays 0; nothing depends on it.
    network.load_state_dict(fit_state_dict(weights, network), strict=False)
    return Classifier(network.eval(), model, shape, classes, card)


def _from_export(network: ExportedNetwork, card: dict[str, Any] | None = None) -> Classifier:
    channels, height, width = network.graph["shape"]
    shape, classes = (channels, height, width), network.graph["classes"]
    classifier = Classifier(network.eval(), EXPORTED, shape, classes, card or {})
    try:
        with torch.no_grad():
            logits = network(torch.zeros(2, *shape))
    except (RuntimeError, TypeError, ValueError, KeyError, IndexError, MemoryError) as error:
        raise LevelsetError("The exported program does not run on images of its shape.") from error
    if not isinstance(logits, torch.Tensor) or logits.shape != (2, classes):
        raise LevelsetError("The exported program does not give one logit for every class.")
    return classifier


def _stored_export(
    path: Path, weights: dict[str, torch.Tensor], metadata: dict[str, str]
) -> Classifier:
    about = _about(path, metadata)
    try:
        graph = json.loads(metadata["graph"])
        tensors = {name: weights[f"t{k}"] for k, name in enumerate(graph["tensors"])}
    except (KeyError, ValueError, TypeError) as error:
        raise LevelsetError(f"{path.name} is damaged: its description is broken.") from error
    return _from_export(ExportedNetwork(graph, tensors), about.card)


def with_the_right_head(classifier: Classifier, data: ImageSet) -> tuple[Classifier, str]:
    """The ConvNet-4a with or without the ReLUs of its head, whichever gets more images right.

    Both variants have the same tensors: a state dict does not say which of them it is.

    Args:
        classifier: read with ``arch``.
        data: labelled images of the kind it was trained on.

    Returns:
        The variant, and a sentence about it; the classifier itself and no sentence where
        there is nothing to choose.
    """
    variants = {"convnet4a": "with", "convnet4a_linear": "without"}
    if classifier.model not in variants or classifier.card:
        return classifier, ""
    found: dict[str, tuple[float, Classifier]] = {}
    x, y = data.first(1000).batch(slice(None))
    weights = classifier.network.state_dict()
    for model in variants:
        network = CLASSIFIERS[model](classifier.shape, classifier.classes).eval()
        network.load_state_dict(weights)
        with torch.no_grad():
            right = float((network(x).argmax(1) == y).float().mean())
        found[model] = right, replace(classifier, network=network, model=model)
    best = max(found, key=lambda model: (found[model][0], model == classifier.model))
    shares = ", ".join(f"{right:.2%} {variants[model]} them" for model, (right, _) in found.items())
    text = (
        f"Taken as {best}, {variants[best]} ReLUs in its head: of {len(x)} images {shares} right."
    )
    return found[best][1], text


def _about(path: Path, metadata: dict[str, str]) -> About:
    if metadata.get("model") not in (*CLASSIFIERS, EXPORTED):
        raise LevelsetError(f"{path.name} does not say which network it holds.")
    try:
        channels, height, width = json.loads(metadata["shape"])
        card = json.loads(metadata["card"])
        return About(metadata["model"], (channels, height, width), int(metadata["classes"]), card)
    except (KeyError, ValueError, TypeError) as error:
        raise LevelsetError(f"{path.name} is damaged: its description is broken.") from error


def _metadata(path: Path) -> dict[str, str]:
    if path.suffix.lower() != ".safetensors":
        return {}
    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}
