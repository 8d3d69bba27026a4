"""Generalization from few samples (Sec. 5.1, Fig. 2): cross-entropy, hinge, geometric SVM.

The same MLP from the same initial weights, the same images in the same order, the same number of
steps; only the loss differs, and the hyper-parameters that held-out training images chose for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from levelset_core import losses
from levelset_core.errors import LevelsetError
from levelset_core.experiments.binary_images import BinaryImages, binary_images
from levelset_core.experiments.generalization_config import (
    CANDIDATES,
    GeneralizationConfig,
    Unit,
)
from levelset_core.experiments.statistics import paired, summarize
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

#: Newton steps of a projection, and where it has arrived.
NEWTON_STEPS, NEWTON_TOL = 5, 1e-3


def train_unit(config: GeneralizationConfig, unit: Unit, data: BinaryImages) -> MLP:
    """The trained network of a unit.

    Raises:
        LevelsetError: the fraction does not fit the data.
    """
    x, y = data.draw(unit.fraction, unit.repeat)
    hyper = CANDIDATES[unit.loss][unit.candidate]
    network = MLP(
        x.shape[1], (config.width,) * config.depth, 1, activation="relu",
        generator=torch_generator(unit.repeat),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=hyper["lr"], weight_decay=hyper.get("weight_decay", 0.0)
    )
    loss = _loss(unit.loss, hyper)
    order = torch_generator(unit.repeat + 1)
    batches: list[Tensor] = []
    for _ in range(config.steps):
        if not batches:
            batches = list(torch.randperm(len(x), generator=order).split(config.batch))
        rows = batches.pop()
        value = loss(network, x[rows], y[rows])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return network


def run_unit(config: GeneralizationConfig, unit: Unit) -> dict[str, float]:
    """Train and measure: accuracy on the held-out images if it tunes, else on the test set."""
    torch.set_num_threads(1)
    begun = time.perf_counter()
    data = _data(config.data, config.data_dir)
    network = train_unit(config, unit, data)
    x, y = (data.held_out, data.held_out_labels) if unit.tunes else (data.test, data.test_labels)
    return {"accuracy": accuracy(network, x, y), "seconds": time.perf_counter() - begun}


@torch.no_grad()
def accuracy(f: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    """Share of sign F(x) = y; F(x) = 0 counts as -1."""
    right = sum(
        int(((f(part) > 0) == (labels > 0)).sum())
        for part, labels in zip(x.split(2000), y.split(2000), strict=True)
    )
    return right / len(x)


def result_table(
    config: GeneralizationConfig,
    chosen: dict[tuple[str, float], int],
    accuracies: dict[Unit, float],
) -> list[dict[str, Any]]:
    """A row a fraction: every loss's summary, and ours against the others, paired.

    Raises:
        LevelsetError: a unit is missing.
    """
    rows = []
    for fraction in config.fractions:
        found = {
            loss: [
                _take(accuracies, Unit(loss, fraction, repeat, chosen[loss, fraction]))
                for repeat in config.parts
            ]
            for loss in config.losses
        }
        rows.append(
            {
                "fraction": fraction,
                "losses": {
                    loss: {
                        **summarize(values).as_dict(),
                        "hyper": CANDIDATES[loss][chosen[loss, fraction]],
                        "accuracies": values,
                    }
                    for loss, values in found.items()
                },
                "ours_minus": {
                    loss: paired(found["ours"], values).as_dict()
                    for loss, values in found.items()
                    if "ours" in found and loss != "ours"
                },
            }
        )
    return rows


def _take(accuracies: dict[Unit, float], unit: Unit) -> float:
    if unit not in accuracies:
        raise LevelsetError(f"The sweep is not complete: {unit.name} is missing.")
    return accuracies[unit]


def _loss(name: str, hyper: dict[str, float]) -> Callable[[MLP, Tensor, Tensor], Tensor]:
    if name == "ours":
        # alpha = -1 and L_inf, as in the paper's experiments; the fallback is ours.
        return lambda f, x, y: losses.geometric_svm(
            f, x, y, lam=hyper["lam"], alpha=-1.0, distance="linf", max_steps=NEWTON_STEPS,
            tol=NEWTON_TOL, fallback=True,
        )  # fmt: skip
    return {"xent": losses.cross_entropy, "hinge": losses.hinge}[name]


@lru_cache(maxsize=1)
def _data(name: str, data_dir: str | None) -> BinaryImages:
    return binary_images(name, data_dir)
