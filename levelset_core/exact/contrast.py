"""For contrast, an extension: an MLP of an exact network's size, trained on the same shape."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.exact.sign_check import Reference
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

BATCH, RATE = 2048, 3e-3
#: Half of the points lie near the boundary, with this deviation relative to the size.
_NEAR = 0.05
_POOL = 60_000


@dataclass(frozen=True)
class ContrastSnapshot:
    """How training stands.

    Attributes:
        step: steps taken, of ``steps``.
        loss: logistic loss of the last batch.
        network: a copy, float64, (n, d) -> (n, 1), F < 0 inside.
    """

    step: int
    steps: int
    loss: float
    network: Callable[[Tensor], Tensor]


def _column(mlp: MLP, x: Tensor) -> Tensor:
    """(n,) as (n, 1), whatever the MLP's precision."""
    value: Tensor = mlp(x.float()).double().reshape(-1, 1)
    return value


def train_contrast(
    widths: Sequence[int],
    reference: Reference,
    *,
    steps: int = 3000,
    every: int = 100,
    seed: int = 0,
) -> Iterator[ContrastSnapshot]:
    """Train by logistic loss on inside and outside: Adam, the rate falling to 0 as a cosine.

    Args:
        widths: of all layers, from d to 1, as :class:`ExactNetwork` reports them.
        reference: the shape.
        steps: how many.
        every: steps between two snapshots.
        seed: of weights and points.
    """
    rng = np.random.default_rng(seed)
    size = float((reference.high - reference.low).max())
    dimension = widths[0]
    spread = rng.uniform(reference.low, reference.high, (_POOL, dimension))
    near = reference.boundary(_POOL, rng) + rng.normal(size=(_POOL, dimension)) * _NEAR * size
    pool = np.concatenate([spread, near])
    x = torch.from_numpy(pool).float()
    inside = torch.from_numpy(reference.inside(pool)).float()
    mlp = MLP(dimension, tuple(widths[1:-1]) or (1,), generator=torch_generator(seed))
    optimizer = torch.optim.Adam(mlp.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(1, steps + 1):
        batch = torch.from_numpy(rng.integers(len(x), size=BATCH))
        loss = nn.functional.binary_cross_entropy_with_logits(
            -mlp(x[batch]).reshape(-1), inside[batch]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % every == 0 or step == steps:
            network = partial(_column, copy.deepcopy(mlp))
            yield ContrastSnapshot(step, steps, float(loss.detach()), network)
