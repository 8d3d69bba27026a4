"""A kind of run for tests: a small network learns by steps that draw from two generators.

The run's own process finds it through ``$LEVELSET_RUN_KINDS``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from levelset_core.errors import LevelsetError
from levelset_core.random import numpy_generator, torch_generator
from levelset_core.runs import Kind, Metric, replacing


@dataclass(frozen=True)
class TinySnapshot:
    step: int
    loss: float


class TinyTrainer:
    """Adam on random batches; ``numbers`` draws the step's noise, ``batches`` the batch."""

    def __init__(self, seed, *, pause=0.0, fail_at=None, slow_save=0.0, last=None):
        self.batches, self.numbers = torch_generator(seed), numpy_generator(seed)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1)
        )
        with torch.no_grad():
            for p in self.network.parameters():
                p.copy_(torch.randn(p.shape, generator=self.batches))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-2)
        self.pause, self.fail_at, self.slow_save, self.last = pause, fail_at, slow_save, last
        self.step = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.step == self.last:
            raise StopIteration
        if self.step == self.fail_at:
            raise RuntimeError("the tiny trainer fell over")
        x = torch.randn(32, 2, generator=self.batches)
        target = x.norm(dim=1, keepdim=True) + float(self.numbers.normal()) / 10
        loss = (self.network(x) - target).square().mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.step += 1
        time.sleep(self.pause)
        return TinySnapshot(self.step, loss.item())

    def checkpoint(self):
        time.sleep(self.slow_save)
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.get_state(),
            "numbers": self.numbers.bit_generator.state,
            "step": self.step,
        }

    def restore(self, checkpoint):
        self.network.load_state_dict(checkpoint["network"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.batches.set_state(checkpoint["batches"])
        self.numbers.bit_generator.state = checkpoint["numbers"]
        self.step = checkpoint["step"]


class TinyKind(Kind):
    name = "tiny"
    title = "Tiny"
    metrics = {"loss": Metric("Loss", log=True)}  # noqa: RUF012
    preview_every = 0.2
    shared = True  # each of several processes does the same

    def check(self, settings):
        allowed = {"pause", "fail_at", "slow_save", "last"}
        if unknown := sorted(set(settings) - allowed):
            raise LevelsetError(f"Unknown setting {unknown[0]!r}.")
        return dict(settings)

    def build(self, run):
        if (run.inputs / "bad.txt").exists():
            raise LevelsetError("The input is bad: take another.")
        return TinyTrainer(run.config.seed, **run.config.settings)

    def row(self, snapshot):
        return {"loss": snapshot.loss}

    def preview(self, run, trainer):
        with replacing(run.artifacts / "preview.txt") as path:
            path.write_text(str(trainer.step))

    def finish(self, run, trainer):
        weights = torch.cat([p.detach().flatten() for p in trainer.network.parameters()])
        with replacing(run.artifacts / "weights.npy") as path, path.open("wb") as file:
            np.save(file, weights.numpy())
        return {"steps": trainer.step}


KIND = TinyKind
