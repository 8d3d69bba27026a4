"""Classifiers as safetensors with a card beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from levelset_core.errors import LevelsetError
from levelset_core.networks.classifiers import CLASSIFIERS


@dataclass(frozen=True)
class Classifier:
    """A trained network and what is known about it.

    Attributes:
        network: in evaluation mode, (n, c, h, w) in [0, 1] -> (n, classes).
        model: one of ``CLASSIFIERS``.
        shape: channels, height, width.
        classes: outputs.
        card: command, data, epochs, machine, seed, figures, ...; empty if there is none.
    """

    network: nn.Module
    model: str
    shape: tuple[int, int, int]
    classes: int
    card: dict[str, Any]


def save_classifier(
    path: Path,
    network: nn.Module,
    model: str,
    shape: tuple[int, int, int],
    classes: int,
    card: dict[str, Any] | None = None,
) -> None:
    """Write a plain state dict; its metadata hold the architecture and the card."""
    metadata = {
        "model": model,
        "shape": json.dumps(shape),
        "classes": str(classes),
        "card": json.dumps(card or {}, allow_nan=False),
    }
    weights = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    save_file(weights, path, metadata)


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write the card of a network beside it, as ``path`` with the suffix .json."""
    text = json.dumps(card, indent=2, allow_nan=False) + "\n"
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def load_classifier(path: Path) -> Classifier:
    """What :func:`save_classifier` wrote, on the CPU.

    Raises:
        LevelsetError: there is no such file, it is damaged, or holds something else.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise LevelsetError(f"{path.name} is damaged or no safetensors file.") from error
    try:
        model, classes = metadata["model"], int(metadata["classes"])
        channels, height, width = json.loads(metadata["shape"])
        card = json.loads(metadata["card"])
        network = CLASSIFIERS[model]((channels, height, width), classes)
        network.load_state_dict(weights)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise LevelsetError(
            f"{path.name} does not say which network it holds: name it with --arch."
        ) from error
    return Classifier(network.eval(), model, (channels, height, width), classes, card)
