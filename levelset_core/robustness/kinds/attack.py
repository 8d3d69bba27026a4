"""Runs that attack one classifier: the cells of a table, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from levelset_core.attacks import AttackConfig, Evaluation, clean_predictions
from levelset_core.data.images import ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.robustness.measure import (
    DEFAULTS,
    check_types,
    checked_attack,
    how_obtained,
    network_for,
    test_images,
)
from levelset_core.runs.checkpoints import load_checkpoint
from levelset_core.runs.files import write_json
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind, Metric

#: Among the run's inputs: the network, and the checkpoint of a run on fewer images.
MODEL, EARLIER = "model.safetensors", "earlier.safetensors"
#: Among its artifacts: the cells as they are so far.
CELLS = "cells.json"
SETTINGS: dict[str, type] = {
    "cells": list, "data": str, "data_dir": str, "images": int, "about": dict, "subset_seed": int,
}  # fmt: skip


@dataclass(frozen=True)
class CellSnapshot:
    """A part of a cell is done; ``standing`` of the ``attacked`` images stand so far."""

    step: int
    cell: int
    attacked: int
    standing: int


class CellAttacker:
    """Evaluates cell after cell.

    Args:
        network: logits, on ``device``.
        data: the images.
        cells: the attacks.
        seed, device, threads: see :class:`Evaluation`.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        data: ImageSet,
        cells: list[AttackConfig],
        *,
        seed: int,
        device: torch.device,
        threads: int,
    ) -> None:
        right = clean_predictions(network, data, device=device) == data.labels
        self.evaluations = [
            Evaluation(
                network,
                data,
                cell,
                seed=seed,
                device=device,
                threads=threads,
                right=right,
                share=True,
            )
            for cell in cells
        ]
        self.finished = 0
        self._work = self._all()

    @property
    def steps(self) -> int:
        """All the work."""
        return sum(e.steps for e in self.evaluations)

    def __iter__(self) -> Iterator[CellSnapshot]:
        return self

    def __next__(self) -> CellSnapshot:
        return next(self._work)

    def _all(self) -> Iterator[CellSnapshot]:
        before = sum(e.steps for e in self.evaluations[: self.finished])
        while self.finished < len(self.evaluations):
            cell, evaluation = self.finished, self.evaluations[self.finished]
            for part in evaluation:
                if part.step < evaluation.steps:
                    yield CellSnapshot(before + part.step, cell, *evaluation.progress())
            before += evaluation.steps
            self.finished += 1
            yield CellSnapshot(before, cell, *evaluation.progress())

    def checkpoint(self) -> dict[str, Any]:
        """Everything found so far."""
        begun = self.evaluations[: self.finished + 1]
        return {"finished": self.finished, "cells": [e.checkpoint() for e in begun]}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from there."""
        self.adopt(checkpoint)
        self.finished = checkpoint["finished"]

    def adopt(self, checkpoint: dict[str, Any]) -> None:
        """Take over what a run of the same cells found on the first of these images."""
        for evaluation, saved in zip(self.evaluations, checkpoint["cells"], strict=False):
            evaluation.restore(saved)

    def cells(self) -> list[dict[str, Any]]:
        """Plain values of every cell begun: a report, and how many images it is about so far."""
        found = []
        for cell, evaluation in enumerate(self.evaluations[: self.finished + 1]):
            values = {**evaluation.report().as_dict(), "done": cell < self.finished}
            if not values["done"]:
                values["attacked"], values["standing"] = evaluation.progress()
                del values["interval"], values["survivors"]
            found.append(values)
        return found


class AttackKind(Kind):
    """Settings: "cells", values of :class:`AttackConfig` each; "data", "data_dir", "images";
    "subset_seed", by which the images are drawn, or None for the first ones.

    "about" tells whose network the input ``MODEL`` is. ``EARLIER``, the checkpoint of a run of
    the same cells and seed on fewer images, spares what that run did.
    """

    name = "attack"
    title = "Attack"
    metrics = {  # noqa: RUF012
        "robust": Metric("Still right, of the images attacked so far"),
        "attacked": Metric("Images attacked"),
    }
    preview_every = 1.0

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Complete settings."""
        check_types(settings, SETTINGS)
        if not settings.get("cells"):
            raise LevelsetError("There is no attack to do.")
        cells = [checked_attack(cell) for cell in settings["cells"]]
        return {"about": {}, "subset_seed": None, **DEFAULTS, **settings, "cells": cells}

    def build(self, run: Run) -> CellAttacker:
        """At its start, or with what an earlier run found."""
        settings, device = run.config.settings, torch.device(run.config.device)
        data = test_images(settings)
        trainer = CellAttacker(
            network_for(run, MODEL, data), data, [AttackConfig(**c) for c in settings["cells"]],
            seed=run.config.seed, device=device, threads=run.config.threads,
        )  # fmt: skip
        if (run.inputs / EARLIER).exists():
            trainer.adopt(load_checkpoint(run.inputs / EARLIER)["trainer"])
        return trainer

    def goal(self, run: Run, trainer: Any) -> Goal:
        """All cells."""
        return Goal(trainer.steps, run.config.seconds)

    def row(self, snapshot: CellSnapshot) -> dict[str, Any]:
        """The share so far."""
        return {
            "cell": snapshot.cell,
            "attacked": snapshot.attacked,
            "robust": snapshot.standing / max(1, snapshot.attacked),
        }

    def preview(self, run: Run, trainer: CellAttacker) -> None:
        """The cells so far."""
        write_json(run.artifacts / CELLS, {"cells": trainer.cells()})

    def finish(self, run: Run, trainer: CellAttacker) -> dict[str, Any]:
        """The cells, and how they were obtained."""
        for _ in trainer:
            pass  # a cell without any image to attack takes no step
        self.preview(run, trainer)
        return {
            "cells": trainer.cells(),
            "model": run.config.settings["about"],
            "data": trainer.evaluations[0].data.source,
            **how_obtained(run),
        }


KIND = AttackKind
