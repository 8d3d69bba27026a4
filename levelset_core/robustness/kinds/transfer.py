"""Runs that show images attacked on one classifier to the others (black-box attacks)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from levelset_core.attacks import AttackConfig, accuracy_on, adversarial_images
from levelset_core.robustness.measure import MeasureKind, Part, Parts, networks, test_images
from levelset_core.runs.folder import Run

LOSSES = ("pgd-xent", "pgd-margin")


class TransferKind(MeasureKind):
    """Every model is source and target, with both losses of PGD."""

    name = "transfer"
    title = "Black-box matrix"

    def build(self, run: Run) -> Parts:
        """One part for a source and a loss: the accuracies of all targets."""
        c = run.config
        data, device = test_images(c.settings), torch.device(c.device)
        found = networks(run, data, device)
        attack = AttackConfig(**c.settings["attack"])

        def column(source: nn.Module, loss: str) -> Part:
            def work(_: dict[str, Any]) -> list[float]:
                images = adversarial_images(
                    source, data, replace(attack, attack=loss),
                    seed=c.seed, device=device, threads=c.threads,
                )  # fmt: skip
                return [accuracy_on(target, images, data.labels, device=device) for target in found]

            return work

        return Parts(
            {f"{loss} on {k}": column(net, loss) for k, net in enumerate(found) for loss in LOSSES}
        )

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """``matrix[loss][target][source]``, models by their place."""
        count = range(len(run.config.settings["models"]))
        matrix = {
            loss: [[trainer.results[f"{loss} on {s}"][t] for s in count] for t in count]
            for loss in LOSSES
        }
        return {**self.result(run, trainer), "matrix": matrix}


KIND = TransferKind
