"""Generalization from few samples (Sec. 5.1, Fig. 2): cross-entropy, hinge, geometric SVM.

The same network from the same initial weights, the same images in the same order; only the loss
differs, and the hyper-parameters that held-out training images chose for it. The steps are the
same too, or the compute (``match``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core import losses
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import BinaryImages, binary_images
from levelset_core.few_samples.config import (
    CANDIDATES,
    DOUBLINGS,
    GAIN,
    PATIENCE,
    GeneralizationConfig,
    Unit,
    shared,
)
from levelset_core.few_samples.networks import Stack, make_network, projector, stack
from levelset_core.random import torch_generator

#: Newton steps of a projection, and where it has arrived.
NEWTON_STEPS, NEWTON_TOL = 5, 1e-3


@dataclass(frozen=True, eq=False)
class Trained:
    """A unit's network, and how its training went.

    Attributes:
        network: F, (n, d) -> (n,).
        steps: optimizer steps that it took.
        fit: share of its training images that are right.
        fallback: share of the samples seen that had no usable level set points, so that the hinge
            of F stood in (geometric SVM); 0 for the other losses.
    """

    network: nn.Module
    steps: int
    fit: float
    fallback: float


def train_group(
    config: GeneralizationConfig, units: Sequence[Unit], data: BinaryImages
) -> list[Trained]:
    """The trained networks of a group of units, all at once.

    Each starts from weights and sees images that depend on its repeat alone. Until converged,
    those that do not fit their images yet begin anew with twice the steps, and the network that
    fits best stays; see :class:`GeneralizationConfig`.

    Raises:
        LevelsetError: the units are no group, or the fraction does not fit the data.
    """
    if len({shared(unit) for unit in units}) != 1:
        raise LevelsetError("Units trained at once have the same loss, fraction and optimizer.")
    steps = config.first_steps(units[0].loss)
    found = _train(config, units, data, steps)
    idle = [0] * len(units)  # doublings in a row that gained nothing
    for _ in range(DOUBLINGS if config.until == "converged" else 0):
        waiting = [k for k, one in enumerate(found) if one.fit < 1 and idle[k] < PATIENCE]
        if not waiting:
            break
        steps *= 2
        again = _train(config, [units[k] for k in waiting], data, steps)
        for k, new in zip(waiting, again, strict=True):
            idle[k] = 0 if new.fit - found[k].fit >= GAIN else idle[k] + 1
            found[k] = new if new.fit >= found[k].fit else found[k]
    return found


def _train(
    config: GeneralizationConfig, units: Sequence[Unit], data: BinaryImages, steps: int
) -> list[Trained]:
    name, fraction, rate, decay = shared(units[0])
    drawn = [data.draw(fraction, unit.repeat) for unit in units]
    f = stack(
        [
            make_network(
                config.model, data.shape, width=config.width, depth=config.depth, seed=unit.repeat
            )
            for unit in units
        ]
    ).to(data.train.dtype)
    optimizer = torch.optim.AdamW(f.parameters(), lr=rate, weight_decay=decay, fused=True)
    # The rate falls to 0: what the last few images happened to be no longer tells.
    fall = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    lams = torch.tensor([CANDIDATES[name][unit.candidate].get("lam", 0.0) for unit in units])
    loss = _loss(name, lams, config.points)
    orders = [torch_generator(unit.repeat + 1) for unit in units]
    batches: list[tuple[Tensor, ...]] = []
    seen, lost = torch.zeros(len(units)), torch.zeros(len(units))
    for _ in range(steps):
        if not batches:
            mixed = (
                torch.randperm(len(x), generator=g) for (x, _), g in zip(drawn, orders, strict=True)
            )
            batches = list(zip(*(order.split(config.batch) for order in mixed), strict=True))
        rows = batches.pop()
        x = torch.cat([x[r] for (x, _), r in zip(drawn, rows, strict=True)])
        y = torch.cat([y[r] for (_, y), r in zip(drawn, rows, strict=True)])
        member = torch.arange(len(units)).repeat_interleave(len(rows[0]))
        mean, used = loss(f, x, y, member)
        value = len(units) * mean  # the sum of the members' losses
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        fall.step()
        seen += len(rows[0])
        lost += (~used).view(len(units), -1).sum(1) if used is not None else 0.0
    networks = [f.member(k) for k in range(len(units))]
    fits = [accuracy(network, x, y) for network, (x, y) in zip(networks, drawn, strict=True)]
    shares = (lost / seen).tolist()
    return [
        Trained(network, steps, fit, share)
        for network, fit, share in zip(networks, fits, shares, strict=True)
    ]


def run_group(config: GeneralizationConfig, units: Sequence[Unit]) -> list[dict[str, float]]:
    """Train and measure: accuracy on the held-out images if they tune, else on the test set."""
    torch.set_num_threads(1)
    begun = time.process_time()
    data = load(config.data, config.data_dir, config.merge)
    found = []
    for unit, one in zip(units, train_group(config, units, data), strict=True):
        held = (data.held_out, data.held_out_labels)
        x, y = held if unit.tunes else (data.test, data.test_labels)
        found.append(
            {
                "accuracy": accuracy(one.network, x, y), "fit": one.fit, "steps": one.steps,
                "fallback": one.fallback,
            }
        )  # fmt: skip
    seconds = (time.process_time() - begun) / len(units)
    return [{**one, "seconds": seconds} for one in found]


@torch.no_grad()
def are_right(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Whether sign F(x) = y, (n,) bool; F(x) = 0 counts as -1."""
    return (torch.cat([f(part) for part in x.split(2000)]) > 0) == (y > 0)


def accuracy(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    """Share of points that F gets right."""
    return int(are_right(f, x, y).sum()) / len(x)


def _loss(
    name: str, lams: Tensor, points: str
) -> Callable[[Stack, Tensor, Tensor, Tensor], tuple[Tensor, Tensor | None]]:
    """(F, x, y, member) -> the mean loss over all rows, and which rows had level set points."""
    if name == "ours":

        def svm(f: Stack, x: Tensor, y: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
            # alpha = -1 and L_inf, as in the paper's experiments; the fallback is an extension.
            how: dict[str, Any] = {"projector": projector(f)}
            if points == "nearest":  # from Newton's foot alone: random starts would triple the cost
                how = {"points": "nearest", "starts": 0}
            terms = losses.geometric_svm_terms(
                f, x, y, lam=lams[member], alpha=-1.0, distance="linf", max_steps=NEWTON_STEPS,
                tol=NEWTON_TOL, fallback=True, args=(member,), **how,
            )  # fmt: skip
            return terms.loss, terms.used

        return svm
    plain = {"xent": losses.cross_entropy, "hinge": losses.hinge}[name]
    return lambda f, x, y, member: (plain(lambda rows: f(rows, member), x, y), None)


@lru_cache(maxsize=1)
def load(name: str, data_dir: str | None, merge: str = "half") -> BinaryImages:
    """The images of a run, read once a process."""
    return binary_images(name, data_dir, merge)
