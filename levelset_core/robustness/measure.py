"""What runs that measure classifiers share: parts, inputs, settings, how figures came about."""

from __future__ import annotations

import dataclasses
import datetime
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.attacks import AttackConfig
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import ImageSet, load_images
from levelset_core.device import describe_machine
from levelset_core.errors import LevelsetError
from levelset_core.runs.files import write_arrays
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
    """A trainer that does every part once, in order, except those that a checkpoint holds.

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


# -- settings and inputs ---------------------------------------------------------------------

#: Settings of all such runs and their types; "models" has "id", "title", "digest" of each.
COMMON: dict[str, type] = {
    "models": list, "data": str, "data_dir": str, "images": int, "attack": dict,
}  # fmt: skip
#: Images at most for what takes a pass an image.
MORE_IMAGES = 1000
DEFAULTS: dict[str, Any] = {"data": "mnist_excerpt", "data_dir": None, "images": 100}


def model_file(k: int) -> str:
    """The k-th model among the run's inputs."""
    return f"model_{k}.safetensors"


def check_types(settings: Mapping[str, Any], types: Mapping[str, type]) -> None:
    """Refuse settings that are unknown or of another type; None is of any type.

    Raises:
        LevelsetError: one is.
    """
    for name, value in settings.items():
        if name not in types:
            raise LevelsetError(f"A setting is unknown: {name!r}.")
        if value is not None and not isinstance(value, types[name]):
            raise LevelsetError(f"{name} must be of type {types[name].__name__}: {value!r}.")


def checked_attack(values: Mapping[str, Any]) -> dict[str, Any]:
    """All values of an :class:`AttackConfig`.

    Raises:
        LevelsetError: one is unknown or does not fit.
    """
    try:
        return dataclasses.asdict(AttackConfig(**values))
    except TypeError as error:
        raise LevelsetError(f"A setting of an attack is unknown: {error}.") from error


def test_images(settings: dict[str, Any]) -> ImageSet:
    """The images that a run is about.

    Raises:
        LevelsetError: there are none.
    """
    data = load_images(settings["data"], "test", data_dir=settings["data_dir"])
    if (seed := settings.get("subset_seed")) is not None:
        return data.drawn(settings["images"], seed)
    return data.first(settings["images"])


def network_for(run: Run, file: str, data: ImageSet) -> nn.Module:
    """A network among the run's inputs, on the run's device.

    Raises:
        LevelsetError: the file is damaged, or its network is not made for the images.
    """
    classifier = load_classifier(run.inputs / file)
    classifier.check(data)
    return classifier.network.to(torch.device(run.config.device))


def how_obtained(run: Run) -> dict[str, Any]:
    """What a figure depends on besides its settings."""
    return {
        "seed": run.config.seed,
        "threads": run.config.threads,
        "machine": describe_machine(torch.device(run.config.device)),
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
    }


# -- kinds -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measurement:
    """What a run measures, loaded.

    Attributes:
        networks: logits each, on ``device``.
        titles: of the networks.
        more: of the same data set, for what takes a pass an image.
        data, attack, seed, device, threads: see :func:`levelset_core.attacks.evaluate_attack`.
    """

    networks: list[nn.Module]
    titles: list[str]
    data: ImageSet
    attack: AttackConfig
    seed: int
    device: torch.device
    threads: int
    more: ImageSet | None = None


class MeasureKind(Kind):
    """A run of :class:`Parts` on one or several classifiers."""

    preview_every = 0.0

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Complete settings."""
        check_types(settings, COMMON)
        if not settings.get("models"):
            raise LevelsetError("There is no classifier to look at.")
        return {**DEFAULTS, **settings, "attack": checked_attack(settings.get("attack") or {})}

    def build(self, run: Run) -> Parts:
        """What is measured, part by part."""
        c = run.config
        data, models = test_images(c.settings), c.settings["models"]
        networks = [network_for(run, model_file(k), data) for k in range(len(models))]
        titles = [str(model.get("title")) for model in models]
        attack, device = AttackConfig(**c.settings["attack"]), torch.device(c.device)
        more = test_images({**c.settings, "images": MORE_IMAGES})
        return Parts(
            self.parts(Measurement(networks, titles, data, attack, c.seed, device, c.threads, more))
        )

    @abstractmethod
    def parts(self, m: Measurement) -> Mapping[str, Part]:
        """The parts by name, in their order."""

    def goal(self, run: Run, trainer: Any) -> Goal:
        """All parts."""
        return Goal(len(trainer.parts))

    def row(self, snapshot: PartDone) -> dict[str, Any] | None:
        """The part's name."""
        return {"part": snapshot.name}

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """What was measured on what, and how; a kind adds what it found."""
        settings = run.config.settings
        return {
            "models": settings["models"], "data": settings["data"], "images": settings["images"],
            "source": test_images(settings).source, "attack": settings["attack"],
            **how_obtained(run),
        }  # fmt: skip


class ImageKind(MeasureKind):
    """Numbers of every image under the first of the models, in an artifact of arrays.

    Attributes:
        artifact: its name.
        block: images a part.
    """

    artifact: ClassVar[str]
    block: ClassVar[int]

    @abstractmethod
    def measure(
        self, network: nn.Module, x: Tensor, y: Tensor, attack: AttackConfig, seed: int
    ) -> dict[str, Tensor]:
        """One number an image, (n,), by name; ``seed`` is of the attacks' starts."""

    def network(self, m: Measurement) -> nn.Module:
        """The network that is measured."""
        return m.networks[0]

    def parts(self, m: Measurement) -> Mapping[str, Part]:
        """One for every ``block`` images."""
        network = self.network(m)

        def part(k: int) -> Part:
            def work(_: dict[str, Any]) -> dict[str, Tensor]:
                x, y = m.data.batch(slice(k, k + self.block), m.device)
                found = self.measure(network, x, y, m.attack, m.seed * 1_000_003 + k)
                return {name: values.cpu() for name, values in found.items()}

            return work

        return {f"from {k}": part(k) for k in range(0, len(m.data), self.block)}

    def arrays(self, trainer: Parts) -> dict[str, np.ndarray]:
        """All numbers so far, (n,) each; none before the first part."""
        parts = [trainer.results[name] for name in trainer.parts if name in trainer.results]
        names = parts[0] if parts else {}
        return {name: torch.cat([part[name] for part in parts]).numpy() for name in names}

    def preview(self, run: Run, trainer: Parts) -> None:
        """Write the artifact, of the images done so far."""
        if arrays := self.arrays(trainer):
            write_arrays(run.artifacts / self.artifact, arrays)

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """Write the artifact; what was measured on what, and how."""
        self.preview(run, trainer)
        return super().finish(run, trainer)
