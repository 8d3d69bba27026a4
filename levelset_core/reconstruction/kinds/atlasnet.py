"""AtlasNet on one cloud as a run: the baseline of Table 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from levelset_core.reconstruction.assess import check_baseline, finish_mesh
from levelset_core.reconstruction.atlasnet import AtlasNetConfig, AtlasNetSnapshot, AtlasNetTrainer
from levelset_core.reconstruction.shapes import PREVIEW, Shape, read_cloud, write_shape
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind, Metric

#: Faces of a preview.
SHOWN = 20_000


@dataclass(frozen=True)
class OwnBudget(Goal):
    """For a trainer that ends by itself, and knows how far it is."""

    trainer: Any = None

    def reached(self, step: int, seconds: float) -> bool:
        """Never: the iterator ends."""
        return False

    def fraction(self, step: int, seconds: float) -> float | None:
        """The trainer's own."""
        return float(self.trainer.fraction)


class AtlasNetKind(Kind):
    """Settings: ``atlas``, a row of Table 2, and ``seconds`` or ``steps`` (default: a minute)."""

    name = "atlasnet"
    title = "AtlasNet"
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": Metric("Chamfer loss", log=True),
        "to_cloud": Metric("mean d², patches to points", log=True),
        "from_cloud": Metric("mean d², points to patches", log=True),
    }
    preview_every = 1.2

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        checked = check_baseline(settings, ("atlas", "seconds", "steps"))
        self._config(checked["config"], 0)
        return checked

    def _config(self, config: dict[str, Any], seed: int) -> AtlasNetConfig:
        limits = {name: value for name, value in config.items() if name != "atlas"}
        return AtlasNetConfig.row(config.get("atlas", "atlasnet-25-patches"), seed=seed, **limits)

    def build(self, run: Run) -> AtlasNetTrainer:
        config = self._config(run.config.settings["config"], run.config.seed)
        device = torch.device(run.config.device)
        return AtlasNetTrainer(config, read_cloud(run).without_normals(), device=device)

    def goal(self, run: Run, trainer: Any) -> Goal:
        return OwnBudget(trainer.config.steps, trainer=trainer)

    def row(self, snapshot: AtlasNetSnapshot) -> dict[str, Any] | None:
        return {name: getattr(snapshot, name) for name in self.metrics}

    def preview(self, run: Run, trainer: AtlasNetTrainer) -> None:
        mesh = trainer.extract_mesh(SHOWN)
        write_shape(run.artifacts / PREVIEW, Shape((mesh,), (), trainer.step, trainer.seconds))

    def finish(self, run: Run, trainer: AtlasNetTrainer) -> dict[str, Any]:
        return finish_mesh(trainer.extract_mesh(), run, steps=trainer.step)


KIND = AtlasNetKind
