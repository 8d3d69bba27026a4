"""Runs that look for masked gradients in a classifier."""

from __future__ import annotations

from typing import Any

import torch

from levelset_core.attacks import AttackConfig
from levelset_core.attacks.masking import diagnosis_parts, masking_of
from levelset_core.robustness.measure import MeasureKind, Parts, networks, test_images
from levelset_core.runs.folder import Run


class MaskingKind(MeasureKind):
    """The first of the models is examined; images attacked on the others are shown to it."""

    name = "masking"
    title = "Gradient masking"

    def build(self, run: Run) -> Parts:
        """One part for everything that :func:`diagnosis_parts` looks at."""
        c = run.config
        data, device = test_images(c.settings), torch.device(c.device)
        first, *others = networks(run, data, device)
        titles = [model["title"] for model in c.settings["models"][1:]]
        return Parts(
            diagnosis_parts(
                first, data, AttackConfig(**c.settings["attack"]),
                others=dict(zip(titles, others, strict=True)),
                seed=c.seed, device=device, threads=c.threads,
            )
        )  # fmt: skip

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """The verdict and its evidence."""
        settings = run.config.settings
        attack = AttackConfig(**settings["attack"])
        found = masking_of(trainer.results, settings["images"], attack)
        return {**self.result(run, trainer), "masking": found.as_dict()}


KIND = MaskingKind
