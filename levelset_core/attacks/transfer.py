"""Black-box attacks: images attacked on one network, shown to another (Table 2 of the paper)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from levelset_core.attacks.config import ATTACKS, BATCH, AttackConfig
from levelset_core.attacks.fast import frozen
from levelset_core.attacks.pgd import pgd
from levelset_core.data.images import ImageSet
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import evaluating
from levelset_core.parallel import map_batches
from levelset_core.random import torch_generator


def adversarial_images(
    network: nn.Module,
    data: ImageSet,
    attack: AttackConfig,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
) -> Tensor:
    """All images after every step of PGD on ``network``, (n, c, h, w), on the CPU.

    Raises:
        LevelsetError: the attack is not PGD.
    """
    if len(ATTACKS[attack.attack]) != 1:
        raise LevelsetError("Images for other networks come from pgd-xent or pgd-margin.")
    (loss,) = ATTACKS[attack.attack]
    device = device or pick_device()
    parts = torch.arange(len(data)).split(BATCH.get(device.type, 1000))
    found = torch.empty(data.images.shape)
    fast = frozen(network, device)

    def work(k: int) -> Tensor:
        x, y = data.batch(parts[k], device)
        result = pgd(
            fast, x, y, epsilon=attack.epsilon, step=attack.step, steps=attack.steps,
            loss=loss, every_step=True,
            generator=torch_generator(seed * 1_000_003 + k),
        )  # fmt: skip
        return result.images.cpu()

    with evaluating(fast):
        for k, images in map_batches(work, len(parts), threads if device.type == "cpu" else 1):
            found[parts[k]] = images
    return found


def accuracy_on(
    network: nn.Module, images: Tensor, labels: Tensor, *, device: torch.device | None = None
) -> float:
    """Share of images, (n, c, h, w) in [0, 1], that the network gives their labels, (n,)."""
    device = device or pick_device()
    right = 0
    with evaluating(network), torch.no_grad():
        for x, y in zip(images.split(500), labels.split(500), strict=True):
            right += int((network(x.to(device)).argmax(1).cpu() == y).sum())
    return right / len(images)


def transfer_matrix(
    networks: Mapping[str, nn.Module],
    data: ImageSet,
    attack: AttackConfig,
    *,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda source: None,
) -> dict[str, dict[str, float]]:
    """Accuracy of every target on images attacked on every source: ``[target][source]``.

    On the diagonal stands the white-box attack.
    """
    matrix: dict[str, dict[str, float]] = {name: {} for name in networks}
    for source, network in networks.items():
        images = adversarial_images(
            network, data, attack, seed=seed, device=device, threads=threads
        )
        for target, other in networks.items():
            matrix[target][source] = accuracy_on(other, images, data.labels, device=device)
        tell(source)
    return matrix
