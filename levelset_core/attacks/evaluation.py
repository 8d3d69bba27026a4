"""How many images a classifier gets right, as they are and under an attack."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.batches import map_batches
from levelset_core.attacks.fast import for_attacks
from levelset_core.attacks.modes import evaluating
from levelset_core.attacks.pgd import check_attack, pgd
from levelset_core.data.images import ImageSet
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator

#: Name -> loss of PGD; "autoattack" is the standard ensemble (Croce and Hein, 2020).
ATTACKS = {"pgd-xent": "xent", "pgd-margin": "margin", "autoattack": ""}
#: Activations of larger batches leave the caches of a CPU.
BATCH = {"cpu": 64}


@dataclass(frozen=True)
class AttackConfig:
    """An attack and its strength.

    Attributes:
        attack: one of ``ATTACKS``.
        epsilon: half side of the L_inf box.
        step, steps, restarts: of PGD.
    """

    attack: str = "pgd-margin"
    epsilon: float = 0.3
    step: float = 0.01
    steps: int = 40
    restarts: int = 1

    def __post_init__(self) -> None:
        if self.attack not in ATTACKS:
            raise LevelsetError(
                f"Unknown attack {self.attack!r}: choose one of {', '.join(ATTACKS)}."
            )
        check_attack(self.epsilon, self.step, self.steps, self.restarts)


def paper_attack(attack: str, channels: int, epsilon: float | None = None) -> AttackConfig:
    """The attacks of Table 1: MNIST 0.3, 40 steps of 0.01; CIFAR-10 0.031, 20 steps of 0.003.

    With another epsilon the step grows or shrinks alike.
    """
    base = (
        AttackConfig(attack)
        if channels == 1
        else AttackConfig(attack, epsilon=0.031, step=0.003, steps=20)
    )
    if epsilon is None or epsilon == base.epsilon:
        return base
    step = base.step * epsilon / base.epsilon if epsilon > 0 else base.step
    return replace(base, epsilon=epsilon, step=step)


@dataclass(frozen=True)
class AttackReport:
    """What an attack left of a classifier.

    Attributes:
        attack: what was done.
        images: how many.
        clean_accuracy: share that is right as it is.
        robust_accuracy: share that is right and stays so under the attack.
        seconds: of the attack.
        seed: of its starts.
        stages: robust accuracy after each part of AutoAttack, in its order.
        warnings: of AutoAttack's own checks.
        right, broken: (n,) bool: right as it is; right and broken by the attack.
        found: the attacked images, (n, c, h, w), those that were wrong already as they are.
    """

    attack: AttackConfig
    images: int
    clean_accuracy: float
    robust_accuracy: float
    seconds: float
    seed: int
    stages: dict[str, float]
    warnings: tuple[str, ...]
    right: Tensor
    broken: Tensor
    found: Tensor

    def as_dict(self) -> dict[str, Any]:
        """Plain values, without the images."""
        return {
            "clean_accuracy": self.clean_accuracy,
            "robust_accuracy": self.robust_accuracy,
            "images": self.images,
            "seconds": round(self.seconds, 3),
            **asdict(self.attack),
            "seed": self.seed,
            **({"stages": self.stages, "warnings": list(self.warnings)} if self.stages else {}),
        }


def clean_predictions(
    network: nn.Module, data: ImageSet, *, device: torch.device | None = None, batch: int = 500
) -> Tensor:
    """The class given to every image, (n,) int64, on the CPU."""
    device = device or pick_device()
    with evaluating(network), torch.no_grad():
        parts = [
            network(data.batch(slice(k, k + batch), device)[0]).argmax(1).cpu()
            for k in range(0, len(data), batch)
        ]
    return torch.cat(parts)


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
    """Attack the images that are right as they are.

    The result depends on the seed, not on the number of threads.

    Args:
        network: logits, on ``device``; put into evaluation mode meanwhile.
        data: the images.
        attack: what to do.
        seed: of the random starts.
        device: default: :func:`levelset_core.pick_device`.
        threads: on the CPU, batches that are attacked at once, a thread each; default: the cores.
        tell: hears the stage, images done in it, images still right, images in the stage.

    Raises:
        LevelsetError: there are no images.
    """
    if not len(data):
        raise LevelsetError("There are no images to attack.")
    device = device or pick_device()
    begun = time.perf_counter()
    right = clean_predictions(network, data, device=device) == data.labels
    rows = right.nonzero().squeeze(1)
    broken = torch.zeros_like(right)
    found = data.images.float().div_(255)
    stages: dict[str, float] = {}
    warnings: tuple[str, ...] = ()
    if attack.attack == "autoattack":
        from levelset_core.attacks.autoattack import autoattack

        cascade = autoattack(
            network, *data.batch(rows, device), epsilon=attack.epsilon, seed=seed, tell=tell
        )
        found[rows], broken[rows] = cascade.images.cpu(), cascade.broken.cpu()
        stages = {name: count / len(data) for name, count in cascade.left.items()}
        warnings = cascade.warnings
    else:
        size = BATCH.get(device.type, 1000)
        fast = for_attacks(network) if device.type == "cpu" else network
        parts = rows.split(size)
        done = wrong = 0

        def work(k: int) -> tuple[Tensor, Tensor]:
            x, y = data.batch(parts[k], device)
            result = pgd(
                fast, x, y, epsilon=attack.epsilon, step=attack.step, steps=attack.steps,
                loss=ATTACKS[attack.attack], restarts=attack.restarts,
                generator=torch_generator(seed * 1_000_003 + k),
            )  # fmt: skip
            return result.images.cpu(), result.broken.cpu()

        with evaluating(fast):
            workers = threads if device.type == "cpu" else 1
            for k, (images, bad) in map_batches(work, len(parts), workers):
                found[parts[k]], broken[parts[k]] = images, bad
                done, wrong = done + len(bad), wrong + int(bad.sum())
                tell(attack.attack, done, len(rows) - wrong, len(rows))
    n = len(data)
    return AttackReport(
        attack, n, len(rows) / n, (len(rows) - int(broken.sum())) / n,
        time.perf_counter() - begun, seed, stages, warnings, right, broken, found,
    )  # fmt: skip
