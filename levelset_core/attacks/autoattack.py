"""AutoAttack (Croce and Hein, 2020) through pyautoattack, the maintained package of its code.

The authors' own package is not on PyPI. Of those that are, this one is that code, needs nothing
but torch and numpy, and has the four attacks of the standard version with their fixed settings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import BufferingHandler

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError, optional
from levelset_core.levelsets.functions import evaluating
from levelset_core.settings import choose

#: The attacks of the standard version, in its order.
STAGES = ("apgd-ce", "apgd-t", "fab-t", "square")
#: Those of its version for networks with random parts, whose gradients are averaged over draws.
RANDOM_STAGES = ("apgd-ce", "apgd-dlr")
#: What each takes, in hundreds of passes forward and back through the network.
WORK = {"apgd-ce": 1, "apgd-t": 9, "fab-t": 10, "square": 17, "apgd-dlr": 1}
#: As many logits as the targeted losses look at.
LEAST_CLASSES = 4
#: What pyautoattack calls the norms.
AUTO_NORMS = {"linf": "Linf", "l2": "L2"}
#: Images that a part sees together; elsewhere more at once are faster.
BATCH = {"cpu": 100}
_LOGGER = "auto-attack"


@dataclass(frozen=True)
class Cascade:
    """What AutoAttack found.

    Attributes:
        images: (n, *d), misclassified where ``broken``.
        broken: (n,) bool.
        left: images still right after each stage.
        warnings: what AutoAttack's own checks say.
    """

    images: Tensor
    broken: Tensor
    left: dict[str, int]
    warnings: tuple[str, ...]


def autoattack(
    network: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    epsilon: float,
    norm: str = "linf",
    draws: int = 1,
    seed: int = 0,
    stages: Sequence[str] = STAGES,
) -> Cascade:
    """The standard version: each attack sees the images that the ones before left.

    Args:
        network: logits, (n, c, h, w) -> (n, classes).
        x, y: images in [0, 1] that are classified rightly, and their classes, on its device.
        epsilon: half side of the box, or radius.
        norm: "linf" or "l2".
        draws: passes that the gradient of APGD is averaged over; more than 1 make it the version
            for networks with random parts.
        seed: of every attack.
        stages: which of ``STAGES``, or of ``RANDOM_STAGES``, to run, in this order.

    With two or three classes the targeted losses, which look at the fourth largest logit, see
    more classes that are never the answer; they aim at as many as there are.

    Raises:
        LevelsetError: one class, or epsilon is 0.
    """
    AutoAttack = optional("pyautoattack", "attacks").AutoAttack
    if not epsilon > 0:
        raise LevelsetError(f"AutoAttack needs an epsilon above 0, got {epsilon}.")
    with evaluating(network), torch.no_grad():
        classes = network(x[:1]).shape[1]
    if classes < 2:
        raise LevelsetError(f"AutoAttack needs two classes or more, and there is {classes}.")
    network = network if classes >= LEAST_CLASSES else _Padded(network)
    x = x.contiguous()
    result, broken = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    left: dict[str, int] = {}
    devices = [x.device] if x.device.type == "cuda" else []
    # It seeds and draws from torch's global generator.
    with evaluating(network), torch.random.fork_rng(devices), _warnings() as said:
        attack = AutoAttack(
            network, eps=epsilon, norm=AUTO_NORMS[choose("norm", norm, AUTO_NORMS)], seed=seed,
            device=x.device, version="standard" if draws == 1 else "rand",
        )  # fmt: skip
        attack.apgd.eot_iter = draws
        targets = min(9, classes - 1)
        attack.apgd_targeted.n_target_classes = attack.fab.n_target_classes = targets
        for stage in stages:
            attack.attacks_to_run = [stage]
            rows = (~broken).nonzero().squeeze(1)
            for part in rows.split(BATCH.get(x.device.type, 1000)) if len(rows) else ():
                found, _ = attack.run_standard_evaluation(x[part], y[part], batch_size=len(part))
                with torch.no_grad():
                    wrong = network(found).argmax(1) != y[part]
                result[part[wrong]], broken[part[wrong]] = found[wrong], True
            left[stage] = len(x) - int(broken.sum())
    return Cascade(
        result, broken, left, tuple(dict.fromkeys(record.getMessage() for record in said))
    )


class _Padded(nn.Module):
    """More logits, 1 below the smallest: the classes given to images stay as they are."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        low = logits.detach().amin(1, keepdim=True) - 1
        return torch.cat([logits, low.expand(-1, LEAST_CLASSES - logits.shape[1])], 1)


@contextmanager
def _warnings() -> Iterator[list[logging.LogRecord]]:
    """What AutoAttack logs as warnings, kept from the terminal."""
    logger = logging.getLogger(_LOGGER)
    handler = BufferingHandler(capacity=1_000_000)
    handler.setLevel(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield handler.buffer
    finally:
        logger.propagate = propagate
        logger.removeHandler(handler)
