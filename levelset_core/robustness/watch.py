"""A robust training watched from outside: test images, and how far the boundary is from each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.attacks import (
    evaluating,
    margin_of,
    newton_points,
    segment_points,
    strong_pgd,
)
from levelset_core.attacks.config import STRONG_STEP
from levelset_core.data.images import ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator

#: Steps of each start of the attack, and of Newton.
ATTACK_STEPS, NEWTON_STEPS = 10, 10


@dataclass(frozen=True)
class Observation:
    """What was seen at one moment of a training.

    Attributes:
        epoch: epochs done.
        clean: share of the images that are right.
        robust: share that is right and stays so under pgd-strong of few steps.
        distances: signed max-norm distance of each image to S^y, (n,) float32: positive where
            the image is right, negative where it is wrong. An upper bound in size: the smaller
            of Newton's and, where the attack broke the image, false position's; NaN where
            neither found S^y.
    """

    epoch: float
    clean: float
    robust: float
    distances: Tensor


class Watch:
    """Looks at the same images with the same attack every time; changes nothing in a training.

    Args:
        images: the test images.
        epsilon: of the attack.
        device: of the network.

    Raises:
        LevelsetError: there are no images.
    """

    def __init__(self, images: ImageSet, epsilon: float, device: torch.device) -> None:
        if not len(images):
            raise LevelsetError("There are no images to watch a training by.")
        self.x, self.y = images.batch(slice(None), device)
        self.epsilon = epsilon

    def look(self, network: nn.Module, epoch: float) -> Observation:
        """Measure a network."""
        x, y = self.x, self.y
        step = max(1e-6, STRONG_STEP * self.epsilon)
        with evaluating(network):
            with torch.no_grad():
                right = margin_of(network(x), y) > 0
            attacked = strong_pgd(
                network, x, y, epsilon=self.epsilon, step=step, steps=ATTACK_STEPS,
                generator=torch_generator(0),
            )  # fmt: skip
            newton = newton_points(network, x, y, norm="linf", max_steps=NEWTON_STEPS)
            broken = segment_points(network, x, attacked.images, y)
            near = torch.minimum(newton.linf, broken.linf)
        near = torch.where(near.isinf(), torch.nan, near)
        distances = torch.where(right, near, -near).float().cpu()
        robust = right & ~attacked.broken
        return Observation(
            epoch, float(right.float().mean()), float(robust.float().mean()), distances
        )


def looks_to_arrays(looks: list[Observation]) -> dict[str, Any]:
    """One array a field, (k,) and (k, n)."""
    names = [field.name for field in fields(Observation)]
    return {k: np.stack([np.asarray(getattr(look, k)) for look in looks]) for k in names}


def looks_from_arrays(arrays: dict[str, Any]) -> list[Observation]:
    """What :func:`looks_to_arrays` took apart.

    Raises:
        LevelsetError: an array is missing, or their lengths differ.
    """
    names = [field.name for field in fields(Observation)]
    if any(name not in arrays for name in names) or len({len(arrays[n]) for n in names}) != 1:
        raise LevelsetError("The record of a training is damaged.")
    return [
        Observation(
            float(epoch), float(clean), float(robust), torch.from_numpy(np.array(distances))
        )
        for epoch, clean, robust, distances in zip(*(arrays[n] for n in names), strict=True)
    ]
