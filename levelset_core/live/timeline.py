"""Where a training has been: moments that it can go back to bit for bit, in a few megabytes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from levelset_core.playground import PlaygroundTrainer

#: Bytes kept a session, and moments: a slider and a film need no more.
MAX_BYTES, MAX_MOMENTS = 20_000_000, 240
#: Part of the time that keeping may take; beyond it moments lie further apart.
MAX_SHARE = 0.1


@dataclass(frozen=True)
class Moment:
    """The state of all trainers after ``step`` steps.

    Attributes:
        step: steps taken.
        checkpoints: one a trainer.
        basis: what the level set points of the last step depend on beside the weights.
        size: bytes.
    """

    step: int
    checkpoints: tuple[dict[str, Any], ...]
    basis: Hashable
    size: int


class Timeline:
    """The moments of one training, every few steps; fewer as it grows, the newest always.

    Args:
        max_bytes: that all moments may take.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.clear()

    def clear(self) -> None:
        """Another training begins."""
        self.moments: list[Moment] = []
        self.every = 1
        self._kept_at = time.perf_counter()

    @property
    def newest(self) -> int:
        """The last step that was reached."""
        return self.moments[-1].step if self.moments else 0

    def keep(self, trainers: Sequence[PlaygroundTrainer], basis: Hashable, *, now: bool) -> None:
        """Keep the present moment where one is due, or ``now`` at any rate."""
        step = trainers[0].step
        if self.moments and step <= self.newest:
            return
        if not now and step % self.every:
            return
        begin = time.perf_counter()
        checkpoints = tuple(trainer.checkpoint() for trainer in trainers)
        self.moments.append(Moment(step, checkpoints, basis, _bytes(checkpoints)))
        while len(self.moments) > 2 and self._full:
            self.every *= 2
            last = self.moments[-1]
            self.moments = [m for m in self.moments if m.step % self.every == 0 or m is last]
        end = time.perf_counter()
        if not now and end - begin > MAX_SHARE * (end - self._kept_at):
            self.every *= 2  # those that are kept already stay
        self._kept_at = end

    @property
    def _full(self) -> bool:
        return len(self.moments) > MAX_MOMENTS or sum(m.size for m in self.moments) > self.max_bytes

    def cut(self, step: int) -> None:
        """Forget what came after a step: it goes on from there."""
        self.moments = [m for m in self.moments if m.step <= step]

    def restore(
        self, trainers: Sequence[PlaygroundTrainer], step: int, basis: Hashable
    ) -> Moment | None:
        """Put the trainers at the last moment up to ``step``; ``None`` if nothing is kept."""
        past = [m for m in self.moments if m.step <= step] or self.moments[:1]
        if not past:
            return None
        moment = past[-1]
        for trainer, checkpoint in zip(trainers, moment.checkpoints, strict=True):
            fitting = checkpoint if moment.basis == basis else {**checkpoint, "last": ()}
            trainer.restore(fitting)
            trainer.configure(trainer.config)  # the learning rate of now
        return moment


def _bytes(value: Any) -> int:
    """Bytes of the tensors and arrays inside."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_bytes, value))
    if dataclasses.is_dataclass(value):
        return sum(_bytes(getattr(value, field.name)) for field in dataclasses.fields(value))
    return 0
