"""Generalization from few samples (Sec. 5.1, Fig. 2): cross-entropy, hinge, geometric SVM.

The same MLP from the same initial weights, the same images in the same order, the same number of
steps; only the loss differs, and the hyper-parameters that held-out training images chose for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from levelset_core import losses
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import BinaryImages, binary_images
from levelset_core.few_samples.config import CANDIDATES, GeneralizationConfig, Unit, shared
from levelset_core.few_samples.mlp_stack import MLPStack, RowSpaceProjector
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

#: Newton steps of a projection, and where it has arrived.
NEWTON_STEPS, NEWTON_TOL = 5, 1e-3


def train_group(
    config: GeneralizationConfig, units: Sequence[Unit], data: BinaryImages
) -> MLPStack:
    """The trained networks of a group of units, all at once.

    Each starts from weights and sees images that depend on its repeat alone.

    Raises:
        LevelsetError: the units are no group, or the fraction does not fit the data.
    """
    if len({shared(unit) for unit in units}) != 1:
        raise LevelsetError("Units trained at once have the same loss, fraction and optimizer.")
    name, fraction, rate, decay = shared(units[0])
    drawn = [data.draw(fraction, unit.repeat) for unit in units]
    stack = MLPStack(
        [
            MLP(
                data.train.shape[1], (config.width,) * config.depth, 1, activation="relu",
                generator=torch_generator(unit.repeat),
            )
            for unit in units
        ]
    ).to(data.train.dtype)  # fmt: skip
    optimizer = torch.optim.AdamW(stack.parameters(), lr=rate, weight_decay=decay, fused=True)
    # The rate falls to 0: what the last few images happened to be no longer tells.
    fall = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, config.steps)
    lams = torch.tensor([CANDIDATES[name][unit.candidate].get("lam", 0.0) for unit in units])
    loss = _loss(name, lams)
    orders = [torch_generator(unit.repeat + 1) for unit in units]
    batches: list[tuple[Tensor, ...]] = []
    for _ in range(config.steps):
        if not batches:
            mixed = (
                torch.randperm(len(x), generator=g) for (x, _), g in zip(drawn, orders, strict=True)
            )
            batches = list(zip(*(order.split(config.batch) for order in mixed), strict=True))
        rows = batches.pop()
        x = torch.cat([x[r] for (x, _), r in zip(drawn, rows, strict=True)])
        y = torch.cat([y[r] for (_, y), r in zip(drawn, rows, strict=True)])
        member = torch.arange(len(units)).repeat_interleave(len(rows[0]))
        value = len(units) * loss(stack, x, y, member)  # the sum of the members' losses
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        fall.step()
    return stack


def run_group(config: GeneralizationConfig, units: Sequence[Unit]) -> list[dict[str, float]]:
    """Train and measure: accuracy on the held-out images if they tune, else on the test set."""
    torch.set_num_threads(1)
    begun = time.process_time()
    data = load(config.data, config.data_dir)
    stack = train_group(config, units, data)
    found = []
    for number, unit in enumerate(units):
        held = (data.held_out, data.held_out_labels)
        x, y = held if unit.tunes else (data.test, data.test_labels)
        found.append({"accuracy": accuracy(stack.member(number), x, y)})
    seconds = (time.process_time() - begun) / len(units)
    return [{**one, "seconds": seconds} for one in found]


@torch.no_grad()
def are_right(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Whether sign F(x) = y, (n,) bool; F(x) = 0 counts as -1."""
    return (torch.cat([f(part) for part in x.split(2000)]) > 0) == (y > 0)


def accuracy(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    """Share of points that F gets right."""
    return int(are_right(f, x, y).sum()) / len(x)


def _loss(name: str, lams: Tensor) -> Callable[[MLPStack, Tensor, Tensor, Tensor], Tensor]:
    """(F, x, y, member) -> the mean loss over all rows."""
    if name == "ours":
        # alpha = -1 and L_inf, as in the paper's experiments; the fallback is an extension.
        return lambda f, x, y, member: losses.geometric_svm(
            f, x, y, lam=lams[member], alpha=-1.0, distance="linf", max_steps=NEWTON_STEPS,
            tol=NEWTON_TOL, fallback=True, args=(member,), projector=RowSpaceProjector(f),
        )  # fmt: skip
    plain = {"xent": losses.cross_entropy, "hinge": losses.hinge}[name]
    return lambda f, x, y, member: plain(lambda rows: f(rows, member), x, y)


@lru_cache(maxsize=1)
def load(name: str, data_dir: str | None) -> BinaryImages:
    """The images of a run, read once a process."""
    return binary_images(name, data_dir)
