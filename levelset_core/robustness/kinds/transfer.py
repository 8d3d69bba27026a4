"""Runs that show images attacked on one classifier to the others (black-box attacks)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from levelset_core.attacks import accuracy_on, adversarial_images
from levelset_core.robustness.measure import MeasureKind, Measurement, Part, Parts
from levelset_core.runs.folder import Run

LOSSES = ("pgd-xent", "pgd-margin")


class TransferKind(MeasureKind):
    """Every model is source and target, with both losses of PGD."""

    name = "transfer"
    title = "Black-box matrix"

    def parts(self, m: Measurement) -> Mapping[str, Part]:
        """One for a source and a loss: the accuracies of all targets."""

        def column(source: nn.Module, loss: str) -> Part:
            def work(_: dict[str, Any]) -> list[float]:
                images = adversarial_images(
                    source, m.data, replace(m.attack, attack=loss),
                    seed=m.seed, device=m.device, threads=m.threads,
                )  # fmt: skip
                return [accuracy_on(f, images, m.data.labels, device=m.device) for f in m.networks]

            return work

        sources = enumerate(m.networks)
        return {f"{loss} on {k}": column(net, loss) for k, net in sources for loss in LOSSES}

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """``matrix[loss][target][source]``, models by their place."""
        result = super().finish(run, trainer)
        count = range(len(result["models"]))
        matrix = {
            loss: [[trainer.results[f"{loss} on {s}"][t] for s in count] for t in count]
            for loss in LOSSES
        }
        return {**result, "matrix": matrix}


KIND = TransferKind
