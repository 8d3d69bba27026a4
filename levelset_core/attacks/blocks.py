"""An attack on one block of images: what threads, or workers of a cluster, do side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from levelset_core.attacks.autoattack import autoattack
from levelset_core.attacks.config import ATTACKS, AttackConfig
from levelset_core.attacks.fast import frozen
from levelset_core.attacks.fitting import Fitted
from levelset_core.attacks.minimum import fab_images
from levelset_core.attacks.pgd import Attacked, pgd
from levelset_core.attacks.predictions import torch_seeded
from levelset_core.attacks.strong import strong_pgd
from levelset_core.data.images import ImageSet
from levelset_core.levelsets.functions import evaluating
from levelset_core.parallel import torch_threads
from levelset_core.random import torch_generator


@dataclass(frozen=True)
class Stage:
    """What one stage of an attack found in a block.

    Attributes:
        rows: of the block's images, those that it was shown, (m,).
        images: after it, (m, *d), on the CPU.
        broken: (m,) bool.
        warnings: what its own checks say.
    """

    rows: Tensor
    images: Tensor
    broken: Tensor
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Images that are attacked together.

    Attributes:
        number: its own random starts come from it.
        data: the images, in bytes: a fourth of what floats take on their way to a worker.
        broken: those that stages before broke, (m,) bool.
        stages: what is still to be done.
    """

    number: int
    data: ImageSet
    broken: Tensor
    stages: tuple[str, ...]

    def left(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Images in [0, 1], (m, *d), that are not broken yet, and their classes."""
        return self.data.batch(~self.broken, device)


class BlockAttack:
    """Attacks blocks. It can be pickled; what was frozen is frozen anew.

    Args:
        fit: the network, on ``device``.
        attack: what to do.
        seed: of the random starts.
        device: where.
        draws: 1, or how often a network with random parts is asked.
        threads: of AutoAttack's parts on the CPU.

    Attributes:
        network: the frozen copy, in evaluation mode only inside :func:`evaluating`.
    """

    def __init__(
        self, fit: Fitted, attack: AttackConfig, *, seed: int, device: torch.device, draws: int,
        threads: int | None,
    ) -> None:  # fmt: skip
        self.fit, self.attack, self.seed, self.device = fit, attack, seed, device
        self.draws, self.threads = draws, threads
        self.network = frozen(fit.network, device)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self).items() if k != "network"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.network = frozen(self.fit.network, self.device)

    def pgd(self, block: Block) -> Stage:
        """PGD, of one loss after the other or in its strong form, on the whole block."""
        (x, y), k = block.left(self.device), block.number
        attack = self._strong if self.attack.attack == "pgd-strong" else self._each_loss
        if self.draws == 1:
            result = attack(x, y, k)
        else:
            with torch_seeded(self.seed * 1_000_003 + k, self.device):
                result = attack(x, y, k)
        if self.attack.norm == "linf" and self.draws == 1:
            result = self.fit.without_gradients(
                self.network, x, y, result, self.attack.epsilon, self.seed
            )
        return Stage(torch.arange(len(y)), result.images.cpu(), result.broken.cpu())

    def cascade(self, block: Block, stage: str) -> Stage:
        """A part of AutoAttack on what is left of the block."""
        rows = (~block.broken).nonzero().squeeze(1)
        x, y = block.left(self.device)
        if not len(rows):
            return Stage(rows, x.cpu(), torch.zeros(0, dtype=torch.bool))
        with torch_threads(self.threads):
            result = autoattack(
                self.network, x, y, epsilon=self.attack.epsilon, norm=self.attack.norm,
                draws=self.attack.eot, seed=self.seed, stages=(stage,),
            )  # fmt: skip
        return Stage(rows, result.images.cpu(), result.broken.cpu(), result.warnings)

    def _strong(self, x: Tensor, y: Tensor, block: int) -> Attacked:
        c = self.attack
        found = strong_pgd(
            self.network, x, y, epsilon=c.epsilon, step=c.step, steps=c.steps,
            restarts=c.restarts, norm=c.norm, draws=c.eot,
            generator=torch_generator(self.seed * 1_000_003 + block),
        )  # fmt: skip
        left = (~found.broken).nonzero().squeeze(1)
        if c.norm == "l2" and c.eot == 1 and len(left):
            # PGD is blind here on networks trained in L_inf: their gradients are of few pixels.
            images, distance = fab_images(self.network, x[left], y[left], "l2", self.seed)
            near = distance <= c.epsilon
            found.images[left[near]], found.broken[left[near]] = images[near], True
        return found

    def _each_loss(self, x: Tensor, y: Tensor, block: int) -> Attacked:
        """PGD on each loss of the attack, those after the first on what is left."""
        c = self.attack
        # Where the steps could go as far: a few short ones are asked for to see what few do.
        try_corner = c.steps * c.step >= c.epsilon
        images, broken = x.clone(), torch.zeros_like(y, dtype=torch.bool)
        for number, loss in enumerate(ATTACKS[c.attack]):
            left = (~broken).nonzero().squeeze(1)
            if not len(left):
                break
            result = pgd(
                self.network, x[left], y[left], epsilon=c.epsilon, step=c.step, steps=c.steps,
                loss=loss, restarts=c.restarts, norm=c.norm, draws=c.eot, try_corner=try_corner,
                generator=torch_generator((self.seed + 500 * number) * 1_000_003 + block),
            )  # fmt: skip
            images[left], broken[left] = result.images, result.broken
        return Attacked(images, broken)


def attack_block(attack: BlockAttack, block: Block) -> list[Stage]:
    """All stages of a block, for a worker of a cluster."""
    if attack.attack.attack != "autoattack":
        with evaluating(attack.network):
            return [attack.pgd(block)]
    found, broken = [], block.broken
    for name in block.stages:
        found.append(attack.cascade(replace(block, broken=broken), name))
        broken = broken.index_put((found[-1].rows,), found[-1].broken)
    return found
