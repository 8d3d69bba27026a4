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
    pgd,
)
from levelset_core.attacks.fast import frozen
from levelset_core.data.images import ImageSet
from levelset_core.random import torch_generator
from levelset_core.robustness.measure import MeasureKind, Part, Parts, networks, test_images
from levelset_core.runs.arrays import write_arrays
from levelset_core.runs.folder import Run

#: The artifact, one number an image, of the images done so far: "predicted", "margin" (F^y),
#: "broken_xent", "broken_margin" (bool; among them those wrong as they are), "distance": the
#: smaller of two upper bounds of the max-norm distance to S^y, negative where the image is wrong,
#: NaN where none was found.
SURVEY = "survey.npz"
BLOCK = 25
#: Boxes that an attack on the way to S^y tries, in parts of epsilon.
REACHES = (1 / 3, 2 / 3, 1.0, 5 / 3)


class SurveyKind(MeasureKind):
    """The first of the models, under the paper's attack with both losses."""

    name = "survey"
    title = "Survey of test images"
    preview_every = 1.0

    def build(self, run: Run) -> Parts:
        """One part for every ``BLOCK`` images."""
        c = run.config
        data, device = test_images(c.settings), torch.device(c.device)
        (network, *_) = networks(run, data, device)
        fast = frozen(network, device)
        attack = AttackConfig(**c.settings["attack"])
        return Parts(
            {f"from {k}": _block(fast, data, k, attack, c.seed, device)
             for k in range(0, len(data), BLOCK)}
        )  # fmt: skip

    def preview(self, run: Run, trainer: Parts) -> None:
        """Write ``SURVEY``, of the images done so far."""
        parts = [trainer.results[name] for name in trainer.parts if name in trainer.results]
        if not parts:
            return
        arrays = {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}
        write_arrays(run.artifacts / SURVEY, arrays)

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """Counts of what broke."""
        self.preview(run, trainer)
        found = {
            name: int(sum(int(part[name].sum()) for part in trainer.results.values()))
            for name in (f"broken_{loss}" for loss in LOSSES)
        }
        return {**self.result(run, trainer), "broken": found}


def _block(
    network: nn.Module, data: ImageSet, k: int, attack: AttackConfig, seed: int,
    device: torch.device,
) -> Part:  # fmt: skip
    def work(_: dict[str, Any]) -> dict[str, Tensor]:
        x, y = data.batch(slice(k, k + BLOCK), device)
        with torch.no_grad():
            logits = network(x)
        margin = margin_of(logits, y)
        wrong = logits.argmax(1) != y
        found = {"predicted": logits.argmax(1), "margin": margin}
        for loss in LOSSES:
            found[f"broken_{loss}"] = wrong | pgd(
                network, x, y, epsilon=attack.epsilon, step=attack.step, steps=attack.steps,
                loss=loss, generator=torch_generator(seed * 1_000_003 + k),
            ).broken  # fmt: skip
        reaches = [min(1.0, part * attack.epsilon) for part in REACHES]
        near = torch.minimum(
            newton_points(network, x, y, norm="linf").linf,
            attack_points(
                network, x, y, epsilons=reaches, steps=10,
                generator=torch_generator(seed * 1_000_003 + k),
            ).linf,
        )  # fmt: skip
        near = torch.where(near.isinf(), torch.nan, near)
        found["distance"] = torch.where(wrong, -near, near)
        return {name: values.cpu() for name, values in found.items()}

    return work


KIND = SurveyKind
