"""The parts of an examination: one network, its images, and each thing that is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.config import AttackConfig, paper_attack
from levelset_core.attacks.evaluation import evaluate_attack
from levelset_core.attacks.gradient_free import square
from levelset_core.attacks.signs.attackable import DRAWS, Attackable, same_draws
from levelset_core.attacks.signs.gradients import follow_path, probe_gradients
from levelset_core.attacks.signs.outputs import (
    finite_rows,
    fit_for_attacks,
    is_random,
    kind_of,
    probe_answers,
    probe_outputs,
)
from levelset_core.attacks.signs.pixels import probe_pixels
from levelset_core.attacks.transfer import adversarial_images
from levelset_core.data.images import ImageSet
from levelset_core.levelsets.functions import evaluating
from levelset_core.random import torch_generator

#: Square's images at most, and its passes an image: to see whether it finds more, and where it is
#: all there is.
SQUARE_IMAGES, SQUARE_QUERIES, SQUARE_ALONE = 100, 400, 2000
#: Calls over which a random network's accuracy is averaged.
CALLS = 10


@dataclass(frozen=True)
class Examination:
    """A network and the images that it is examined on; see :func:`diagnose`."""

    network: nn.Module
    data: ImageSet
    attack: AttackConfig
    more: ImageSet | None
    seed: int
    device: torch.device
    threads: int | None

    @cached_property
    def batch(self) -> tuple[Tensor, Tensor]:
        """All images and their classes."""
        return self.data.batch(slice(None), self.device)

    @cached_property
    def finite(self) -> Tensor:
        """Images with outputs that are numbers, (n,) bool."""
        return finite_rows(self.network, self.batch[0], self.seed)

    def fit(self, found: dict[str, Any]) -> Attackable:
        """The network as attacks need it."""
        return fit_for_attacks(self.network, found["outputs"], self.batch[0], draws=DRAWS)

    def evaluate(self, f: nn.Module, found: dict[str, Any], **changes: Any) -> Any:
        """An attack's report."""
        config = replace(self.attack, restarts=1, **{"attack": "pgd-margin", **changes})
        threads = 1 if is_random(found["outputs"]) else self.threads  # draws share a generator
        with same_draws(self.seed):
            return evaluate_attack(
                f, self.data, config, seed=self.seed, device=self.device, threads=threads
            )

    def outputs(self, found: dict[str, Any]) -> Any:
        """The part "outputs"."""
        x, y = self.batch
        return probe_outputs(self.network, x, y, len(self.data.classes), self.seed)

    def gradients(self, found: dict[str, Any]) -> Any:
        """The part "gradients", of images with outputs that are numbers."""
        (x, y), finite = self.batch, self.finite
        if not finite.any():
            return None
        kind = kind_of(found["outputs"])
        return probe_gradients(
            self.network, x[finite], y[finite], kind, self.attack.epsilon, self.seed
        )

    def noise(self, found: dict[str, Any]) -> Any:
        """The part "noise"."""
        x, y = self.batch
        drawn = torch.rand(x.shape, generator=torch_generator(self.seed)).to(x.device)
        moved = (x + self.attack.epsilon * (2 * drawn - 1)).clamp(0, 1)
        return probe_answers(self.network, moved, y, len(self.data.classes))

    def pixels(self, found: dict[str, Any]) -> Any:
        """The part "pixels"."""
        x, y = (self.more or self.data).batch(slice(None), self.device)
        return probe_pixels(self.network, x, y, self.seed)

    def strong(self, found: dict[str, Any]) -> Any:
        """The strongest gradient attack: what it leaves, and which images."""
        usual = paper_attack("pgd-strong", self.data.shape[0], self.attack.epsilon or None)
        report = self.evaluate(
            self.fit(found), found, attack="pgd-strong", step=usual.step, steps=usual.steps
        )
        left = (report.right & ~report.broken).nonzero().squeeze(1)
        return {"left": left.tolist(), "accuracy": report.robust_accuracy}

    def without_gradients(self, found: dict[str, Any]) -> Any:
        """Square on what the strongest gradient attack left."""
        rows = found["strong"]["left"][:SQUARE_IMAGES]
        blind = (found["gradients"] or {"zero margin": 1.0})["zero margin"] > 0.5
        if not rows or not self.attack.epsilon:
            return {"images": 0, "broken": 0}
        x, y = (t[rows] for t in self.batch)
        with same_draws(self.seed):
            result = square(
                self.fit(found), x, y, epsilon=self.attack.epsilon, seed=self.seed,
                queries=SQUARE_ALONE if blind else SQUARE_QUERIES,
            )  # fmt: skip
        return {"images": len(rows), "broken": int(result.broken.sum())}

    def attacked(self, found: dict[str, Any]) -> Any:
        """Margin PGD to its last step: images broken on the way and at the end, and what the
        network answers to them there.
        """
        (x, y), fit, a = self.batch, self.fit(found), self.attack
        with evaluating(fit), torch.no_grad(), same_draws(self.seed):
            right = torch.cat([fit(part).argmax(1) for part in x.split(50)]) == y
        images, seen, last = follow_path(fit, x, y, a.epsilon, a.step, a.steps, self.seed)
        classes = len(self.data.classes)
        answers = probe_answers(self.network, images, y, classes)
        path = {
            "on the way": int((right & seen).sum()) / len(x),
            "at the end": int((right & last).sum()) / len(x),
        }
        if is_random(found["outputs"]):
            clean, attacked = (
                sum(probe_answers(self.network, z, y, classes, seed=k)["right"] for k in draws)
                / CALLS
                for draws, z in ((range(CALLS), x), (range(CALLS), images))
            )
            answers |= {"right": attacked, "clean": clean, "calls": CALLS}
        return answers | path

    def adversarial(self, source: nn.Module, found: dict[str, Any]) -> Tensor:
        """The images attacked on a network."""
        threads = 1 if is_random(found["outputs"]) else self.threads
        with same_draws(self.seed):
            return adversarial_images(
                source, self.data, replace(self.attack, attack="pgd-margin"),
                seed=self.seed, device=self.device, threads=threads,
            )  # fmt: skip
