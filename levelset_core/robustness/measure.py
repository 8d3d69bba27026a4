"""What runs that measure classifiers share: parts, inputs, settings, how figures came about."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from levelset_core.attacks import AttackConfig
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import ImageSet, load_images
from levelset_core.device import describe_machine
from levelset_core.errors import LevelsetError
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind

#: A part, from the results of those before it; what it gives must fit a checkpoint.
Part = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class PartDone:
    """One more part is done; ``step`` counts them."""

    step: int
    name: str


class Parts:
    """Does every part once, in order; those that a checkpoint holds are not done again.

    Attributes:
        results: by name, of the parts done.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.parts = dict(parts)
        self.results: dict[str, Any] = {}

    def __iter__(self) -> Iterator[PartDone]:
        return self

    def __next__(self) -> PartDone:
        name = next((name for name in self.parts if name not in self.results), None)
        if name is None:
            raise StopIteration
        self.results[name] = self.parts[name](self.results)
        return PartDone(len(self.results), name)

    def checkpoint(self) -> dict[str, Any]:
        """The results so far."""
        return dict(self.results)

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from there."""
        self.results = {name: checkpoint[name] for name in self.parts if name in checkpoint}


#: Settings of all such runs and their types; "models" has "id", "title", "digest" of each.
COMMON: dict[str, type] = {
    "models": list, "data": str, "data_dir": str, "images": int, "attack": dict,
}  # fmt: skip


def model_file(k: int) -> str:
    """The k-th model among the run's inputs."""
    return f"model_{k}.safetensors"


def checked(settings: dict[str, Any], own: dict[str, type]) -> dict[str, Any]:
    """Settings with their defaults: the excerpt, 100 images.

    Raises:
        LevelsetError: one is unknown or of another type.
    """
    for name, value in settings.items():
        if name not in own:
            raise LevelsetError(f"A setting is unknown: {name!r}.")
        if value is not None and not isinstance(value, own[name]):
            raise LevelsetError(f"{name} must be of type {own[name].__name__}: {value!r}.")
    return {"data": "mnist_excerpt", "data_dir": None, "images": 100, **settings}


def test_images(settings: dict[str, Any]) -> ImageSet:
    """The images that a run is about.

    Raises:
        LevelsetError: there are none.
    """
    data = load_images(settings["data"], "test", data_dir=settings["data_dir"])
    return data.first(settings["images"])


def networks(run: Run, data: ImageSet, device: torch.device) -> list[nn.Module]:
    """The networks among the run's inputs.

    Raises:
        LevelsetError: a file is damaged, or its network is not made for the images.
    """
    found = []
    for k in range(len(run.config.settings["models"])):
        classifier = load_classifier(run.inputs / model_file(k))
        classifier.check(data)
        found.append(classifier.network.to(device))
    return found


def how_obtained(run: Run) -> dict[str, Any]:
    """What a figure depends on besides its settings."""
    return {
        "seed": run.config.seed,
        "threads": run.config.threads,
        "machine": describe_machine(torch.device(run.config.device)),
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
    }


class MeasureKind(Kind):
    """A run of :class:`Parts` on one or several classifiers."""

    preview_every = 0.0

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Complete settings."""
        complete = checked(settings, COMMON)
        if not complete.get("models"):
            raise LevelsetError("There is no classifier to look at.")
        try:
            attack = AttackConfig(**(complete.get("attack") or {}))
        except TypeError as error:
            raise LevelsetError(f"A setting of the attack is unknown: {error}.") from error
        return {**complete, "attack": dataclasses.asdict(attack)}

    def goal(self, run: Run, trainer: Any) -> Goal:
        """All parts."""
        return Goal(len(trainer.parts))

    def row(self, snapshot: PartDone) -> dict[str, Any] | None:
        """The part's name."""
        return {"part": snapshot.name}

    def result(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """What was measured on what, and how."""
        settings = run.config.settings
        return {
            "models": settings["models"], "data": settings["data"], "images": settings["images"],
            "source": test_images(settings).source, "attack": settings["attack"],
            **how_obtained(run),
        }  # fmt: skip
