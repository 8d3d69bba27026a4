"""Runs that look for masked gradients in a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from levelset_core.attacks import AttackConfig
from levelset_core.attacks.masking import diagnosis_parts, masking_of
from levelset_core.robustness.measure import MeasureKind, Measurement, Part, Parts
from levelset_core.runs.folder import Run


class MaskingKind(MeasureKind):
    """The first of the models is examined; images attacked on the others are shown to it."""

    name = "masking"
    title = "Gradient masking"

    def parts(self, m: Measurement) -> Mapping[str, Part]:
        """Everything that :func:`diagnosis_parts` looks at."""
        others = dict(zip(m.titles[1:], m.networks[1:], strict=True))
        return diagnosis_parts(
            m.networks[0], m.data, m.attack, others=others, more=m.more,
            seed=m.seed, device=m.device, threads=m.threads,
        )  # fmt: skip

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """The verdict and its evidence."""
        result = super().finish(run, trainer)
        attack = AttackConfig(**result["attack"])
        found = masking_of(trainer.results, result["images"], attack)
        return {**result, "masking": found.as_dict()}


KIND = MaskingKind
