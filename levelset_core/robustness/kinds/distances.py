"""Runs that measure how far the decision boundary of a classifier is from its test images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.attacks import AttackConfig, attack_points, newton_points
from levelset_core.random import torch_generator
from levelset_core.robustness.measure import ImageKind, Parts
from levelset_core.runs.folder import Run

#: The artifact: "right", (n,) bool, and distances, (n,), infinite where none was found: by Newton
#: in both norms, and "attack_linf", "attack_l2" of the point where a PGD direction meets S.
DISTANCES = "distances.npz"


class DistancesKind(ImageKind):
    """Upper bounds of the distance, by two ways in two norms."""

    name = "distances"
    title = "Distances to the boundary"
    artifact = DISTANCES
    block = 50

    def measure(
        self, network: nn.Module, x: Tensor, y: Tensor, attack: AttackConfig, seed: int
    ) -> dict[str, Tensor]:
        """See ``DISTANCES``."""
        with torch.no_grad():
            right = network(x).argmax(1) == y
        by_attack = attack_points(network, x, y, generator=torch_generator(seed))
        return {
            "right": right,
            "newton_linf": newton_points(network, x, y, norm="linf").linf,
            "newton_l2": newton_points(network, x, y, norm="l2").l2,
            "attack_linf": by_attack.linf,
            "attack_l2": by_attack.l2,
        }

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """Medians of those that are right as they are and have a distance."""
        arrays = self.arrays(trainer)
        right = arrays.pop("right")
        found: dict[str, Any] = {"right": int(right.sum())}
        for name, distances in arrays.items():
            own = distances[right]
            own = own[np.isfinite(own)]
            found[name] = {"found": len(own), "median": float(np.median(own)) if len(own) else None}
        return {**super().finish(run, trainer), "distances": found}


KIND = DistancesKind
