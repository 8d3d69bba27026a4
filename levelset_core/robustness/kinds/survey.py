"""Runs that look at every test image of a classifier: what breaks it, how far its boundary is."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks import (
    LOSSES,
    AttackConfig,
    attack_points,
    margin_of,
    newton_points,
    paper_attack,
    pgd,
    strong_pgd,
)
from levelset_core.attacks.fast import frozen
from levelset_core.random import torch_generator
from levelset_core.robustness.measure import ImageKind, Measurement, Parts
from levelset_core.runs.folder import Run

#: The artifact, one number an image, of the images done so far: "predicted", "margin" (F^y),
#: "broken_xent", "broken_margin" under the paper's attack and "broken_strong" under pgd-strong
#: (bool; among them those wrong as they are), "distance": the
#: smaller of two upper bounds of the max-norm distance to S^y, negative where the image is wrong,
#: NaN where none was found.
SURVEY = "survey.npz"
#: Boxes that an attack on the way to S^y tries, in parts of epsilon.
REACHES = (1 / 3, 2 / 3, 1.0, 5 / 3)


class SurveyKind(ImageKind):
    """Every image under the paper's attack with both losses, and under pgd-strong."""

    name = "survey"
    title = "Survey of test images"
    preview_every = 1.0
    artifact = SURVEY
    block = 25

    def network(self, m: Measurement) -> nn.Module:
        """A fast frozen copy."""
        return frozen(m.networks[0], m.device)

    def measure(
        self, network: nn.Module, x: Tensor, y: Tensor, attack: AttackConfig, seed: int
    ) -> dict[str, Tensor]:
        """See ``SURVEY``."""
        with torch.no_grad():
            logits = network(x)
        wrong = logits.argmax(1) != y
        found = {"predicted": logits.argmax(1), "margin": margin_of(logits, y)}
        for loss in LOSSES:
            found[f"broken_{loss}"] = wrong | pgd(
                network, x, y, epsilon=attack.epsilon, step=attack.step, steps=attack.steps,
                loss=loss, generator=torch_generator(seed),
            ).broken  # fmt: skip
        strong = paper_attack("pgd-strong", x.shape[1], attack.epsilon)
        found["broken_strong"] = wrong | strong_pgd(
            network, x, y, epsilon=strong.epsilon, step=strong.step, steps=strong.steps,
            restarts=strong.restarts, generator=torch_generator(seed),
        ).broken  # fmt: skip
        reaches = [min(1.0, part * attack.epsilon) for part in REACHES]
        near = torch.minimum(
            newton_points(network, x, y, norm="linf").linf,
            attack_points(
                network, x, y, epsilons=reaches, steps=10, generator=torch_generator(seed)
            ).linf,
        )
        near = torch.where(near.isinf(), torch.nan, near)
        return {**found, "distance": torch.where(wrong, -near, near)}

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """Counts of what broke."""
        arrays = self.arrays(trainer)
        names = [name for name in arrays if name.startswith("broken_")]
        broken = {name: int(arrays[name].sum()) for name in names}
        return {**super().finish(run, trainer), "broken": broken}


KIND = SurveyKind
