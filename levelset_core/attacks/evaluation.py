"""How many images a classifier gets right, as they are and under an attack."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.autoattack import RANDOM_STAGES, STAGES, WORK
from levelset_core.attacks.blocks import Block, BlockAttack, Stage, attack_block
from levelset_core.attacks.config import BATCH, AttackConfig, AttackReport
from levelset_core.attacks.fitting import fitted
from levelset_core.attacks.predictions import (
    LEAST_DRAWS,
    RANDOM,
    is_steady,
    predictions,
    share_right,
)
from levelset_core.cluster import Needs, on_worker, spread, spreads
from levelset_core.data.images import ImageSet
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import evaluating
from levelset_core.parallel import map_batches

#: Images that AutoAttack's parts see together; elsewhere more at once are faster.
CASCADE = {"cpu": 50}


@dataclass(frozen=True)
class EvaluationSnapshot:
    """A part of an evaluation is done.

    Attributes:
        step: of the work so far; :attr:`Evaluation.steps` is all of it.
        stage: the attack, or which part of AutoAttack.
        done, of: images that this stage has dealt with, and all that it will.
        left: images still right.
    """

    step: int
    stage: str
    done: int
    left: int
    of: int


class Evaluation:
    """An attack on the images that are right as they are, block by block.

    Iterate to go on; between any two blocks :meth:`report` tells what is known so far, and
    ``restore(checkpoint())`` on another one of the same kind goes on to the same end. The result
    depends on the seed, not on the number of threads.

    Args:
        network: logits, on ``device``; put into evaluation mode meanwhile.
        data: the images.
        attack: what to do.
        seed: of the random starts.
        device: default: :func:`levelset_core.pick_device`.
        threads: on the CPU, batches that are attacked at once, a thread each; default: the cores.
        right: which images are right as they are, (n,) bool, where that is known.
        share: give the blocks to the workers of the cluster, where there is one: the same result.

    Raises:
        LevelsetError: there are no images.
    """

    def __init__(
        self,
        network: nn.Module,
        data: ImageSet,
        attack: AttackConfig,
        *,
        seed: int = 0,
        device: torch.device | None = None,
        threads: int | None = None,
        right: Tensor | None = None,
        share: bool = False,
    ) -> None:
        if not len(data):
            raise LevelsetError("There are no images to attack.")
        self.network, self.data, self.attack = network, data, attack
        self.seed, self.device, self.threads = seed, device or pick_device(), threads
        begun = time.perf_counter()
        self.draws = 1 if attack.eot == 1 else max(LEAST_DRAWS, attack.eot)
        self._attack = BlockAttack(
            fitted(network, data, self.device, seed), attack,
            seed=seed, device=self.device, draws=self.draws, threads=threads,
        )  # fmt: skip
        self._fast = self._attack.network
        #: Of a network with random parts: in which share of the draws each image is right.
        self.shares: Tensor | None = None
        if self.draws > 1:
            x, y = data.batch(slice(None), self.device)
            self.shares = share_right(self._fast, x, y, self.draws, seed)
            self.clean_share, right = float(self.shares.mean()), self.shares > 0
        elif right is None:
            right = predictions(self._fast, data, self.device, threads) == data.labels
        self.right = right
        rows = right.nonzero().squeeze(1)
        cascade = attack.attack == "autoattack"
        parts = STAGES if attack.eot == 1 else RANDOM_STAGES
        self.stages: tuple[str, ...] = parts if cascade else (attack.attack,)
        self._size = (CASCADE if cascade else BATCH).get(self.device.type, 1000)
        idle = attack.attack == "clean" or (not cascade and attack.epsilon == 0)
        self.blocks = rows.split(self._size) if len(rows) and not idle else ()
        self.broken_by = torch.zeros(len(data), dtype=torch.int8)  # stage from 1 on; 0: none
        self.found = data.images.float().div_(255)
        self._done: set[tuple[int, int]] = set()  # (block, stage)
        self._warnings: dict[str, None] = dict.fromkeys(self._attack.fit.notes)
        if self.draws == 1 and not is_steady(self._fast, data.batch(slice(0, 8), self.device)[0]):
            self._warnings[RANDOM] = None
        # A task that has a worker's accelerator cannot ask for it a second time.
        if share and spreads() and (self.device.type == "cpu" or not on_worker()):
            self._work = self._spread()
        else:
            self._work = self._cascade() if cascade else self._pgd()
        self.seconds = time.perf_counter() - begun

    @property
    def steps(self) -> int:
        """All the work; parts of AutoAttack count by what they take."""
        return max(1, len(self.blocks)) * sum(WORK.get(stage, 1) for stage in self.stages)

    def progress(self) -> tuple[int, int]:
        """Images from the first on whose fate is known, and how many of them stand."""
        last = len(self.stages) - 1
        waiting = (rows for k, rows in enumerate(self.blocks) if (k, last) not in self._done)
        first = next(waiting, None)
        known = len(self.data) if first is None else int(first[0])
        return known, int((self.right & (self.broken_by == 0))[:known].sum())

    def __iter__(self) -> Iterator[EvaluationSnapshot]:
        return self

    def __next__(self) -> EvaluationSnapshot:
        begun = time.perf_counter()
        try:
            return next(self._work)
        finally:
            self.seconds += time.perf_counter() - begun

    def _pgd(self) -> Iterator[EvaluationSnapshot]:
        missing = [k for k in range(len(self.blocks)) if (k, 0) not in self._done]
        # Random layers draw from one generator: in an order only where one works.
        workers = self.threads if self.device.type == "cpu" and self.draws == 1 else 1
        with evaluating(self._fast):
            blocks = map_batches(
                lambda i: self._attack.pgd(self._block(missing[i])), len(missing), workers
            )
            for i, found in blocks:
                yield self._put(missing[i], 0, found)

    def _cascade(self) -> Iterator[EvaluationSnapshot]:
        for k in range(len(self.blocks)):
            for number, stage in enumerate(self.stages):
                if (k, number) not in self._done:
                    yield self._put(k, number, self._attack.cascade(self._block(k), stage))

    def _spread(self) -> Iterator[EvaluationSnapshot]:
        """The blocks as the cluster's workers are done with them."""
        last = len(self.stages) - 1
        missing = [k for k in range(len(self.blocks)) if (k, last) not in self._done]
        blocks = [self._block(k) for k in missing]
        needs = Needs.of_device(self.device.type)
        for i, found in spread(attack_block, blocks, shared=self._attack, needs=needs):
            first = len(self.stages) - len(blocks[i].stages)
            for number, stage in enumerate(found, first):
                yield self._put(missing[i], number, stage)

    def _block(self, k: int) -> Block:
        """A block as it is now; the stages that it still needs are the last ones."""
        rows = self.blocks[k]
        left = tuple(s for number, s in enumerate(self.stages) if (k, number) not in self._done)
        return Block(k, self.data.take(rows), self.broken_by[rows] > 0, left)

    def _put(self, block: int, stage: int, found: Stage) -> EvaluationSnapshot:
        rows, images, broken = self.blocks[block][found.rows], found.images, found.broken
        self._warnings |= dict.fromkeys(found.warnings)
        self.found[rows] = images
        if self.shares is not None and len(rows):
            x, y = images.to(self.device), self.data.labels[rows].to(self.device)
            after = share_right(self._fast, x, y, self.draws, self.seed + 1)
            self.shares[rows], broken = after, after < 0.5
        self.broken_by[rows[broken]] = stage + 1
        self._done.add((block, stage))
        done = sum(len(self.blocks[k]) for k, s in self._done if s == stage)
        left = int((self.right & (self.broken_by == 0)).sum())
        step = sum(WORK.get(self.stages[s], 1) for _, s in self._done)
        return EvaluationSnapshot(step, self.stages[stage], done, left, int(self.right.sum()))

    def report(self) -> AttackReport:
        """What is known so far; images that were not attacked yet count as standing."""
        n, broken = len(self.data), self.broken_by > 0
        right = int(self.right.sum())
        shares: dict[str, float] = {}
        if len(self.stages) > 1:
            for number, stage in enumerate(self.stages):
                gone = broken & (self.broken_by <= number + 1)
                shares[stage] = (right - int(gone.sum())) / n
        clean, robust = right / n, (right - int(broken.sum())) / n
        if self.shares is not None:
            clean, robust = self.clean_share, float(self.shares.mean())
        return AttackReport(
            self.attack, n, clean, robust, self.seconds, self.seed,
            shares, tuple(self._warnings), self.right, broken, self.found, self.draws,
            self.data.places,
        )  # fmt: skip

    def checkpoint(self) -> dict[str, Any]:
        """Everything found so far."""
        return {
            "broken_by": self.broken_by.clone(),
            "found": self.found.clone(),
            "done": sorted(self._done),
            "warnings": list(self._warnings),
            "seconds": self.seconds,
            "block": self._size,
            **({} if self.shares is None else {"shares": self.shares.clone()}),
        }

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a checkpoint of the same attack and seed on these images, or the first few.

        What was found for fewer images stays, but for a last block that is fuller now.
        """
        known = len(checkpoint["broken_by"])
        if checkpoint["block"] != self._size or known > len(self.data):
            return
        for block, stage in checkpoint["done"]:
            rows = self.blocks[block]
            if int(rows.max()) < known:
                self._done.add((block, stage))
                self.broken_by[rows] = checkpoint["broken_by"][rows]
                self.found[rows] = checkpoint["found"][rows]
                if self.shares is not None:
                    self.shares[rows] = checkpoint["shares"][rows]
        self._warnings |= dict.fromkeys(checkpoint["warnings"])
        self.seconds = checkpoint["seconds"]


def evaluate_attack(
    network: nn.Module,
    data: ImageSet,
    attack: AttackConfig,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
    tell: Callable[[str, int, int, int], None] = lambda stage, done, left, of: None,
) -> AttackReport:
    """An :class:`Evaluation` from its beginning to its end.

    Args:
        network, data, attack, seed, device, threads: see there.
        tell: hears the stage, images done in it, images still right, images in the stage.

    Raises:
        LevelsetError: there are no images.
    """
    evaluation = Evaluation(network, data, attack, seed=seed, device=device, threads=threads)
    for part in evaluation:
        tell(part.stage, part.done, part.left, part.of)
    return evaluation.report()
