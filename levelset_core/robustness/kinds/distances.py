"""Runs that measure how far the decision boundary of a classifier is from its test images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.attacks import attack_points, newton_points
from levelset_core.data.images import ImageSet
from levelset_core.random import torch_generator
from levelset_core.robustness.measure import MeasureKind, Part, Parts, networks, test_images
from levelset_core.runs.arrays import write_arrays
from levelset_core.runs.folder import Run

#: The artifact: "right", (n,) bool, and distances, (n,), infinite where none was found: by Newton
#: in both norms, and "attack_linf", "attack_l2" of the point where a PGD direction meets S.
DISTANCES = "distances.npz"
BLOCK = 50
NAMES = ("right", "newton_linf", "newton_l2", "attack_linf", "attack_l2")


class DistancesKind(MeasureKind):
    """The first of the models."""

    name = "distances"
    title = "Distances to the boundary"

    def build(self, run: Run) -> Parts:
        """One part for every ``BLOCK`` images."""
        c = run.config
        data, device = test_images(c.settings), torch.device(c.device)
        (network, *_) = networks(run, data, device)
        return Parts(
            {f"from {k}": _block(network, data, k, c.seed, device)
             for k in range(0, len(data), BLOCK)}
        )  # fmt: skip

    def finish(self, run: Run, trainer: Parts) -> dict[str, Any]:
        """Write ``DISTANCES``; medians of those that are right as they are and have a distance."""
        parts = [trainer.results[name] for name in trainer.parts]
        arrays = {name: torch.cat([part[name] for part in parts]).numpy() for name in NAMES}
        write_arrays(run.artifacts / DISTANCES, arrays)
        right = arrays["right"]
        found: dict[str, Any] = {"right": int(right.sum())}
        for name in NAMES[1:]:
            own = arrays[name][right]
            own = own[np.isfinite(own)]
            found[name] = {"found": len(own), "median": float(np.median(own)) if len(own) else None}
        return {**self.result(run, trainer), "distances": found}


def _block(network: nn.Module, data: ImageSet, k: int, seed: int, device: torch.device) -> Part:
    def work(_: dict[str, Any]) -> dict[str, Tensor]:
        x, y = data.batch(slice(k, k + BLOCK), device)
        with torch.no_grad():
            right = network(x).argmax(1) == y
        by_attack = attack_points(network, x, y, generator=torch_generator(seed * 1_000_003 + k))
        return {
            "right": right.cpu(),
            "newton_linf": newton_points(network, x, y, norm="linf").linf.cpu(),
            "newton_l2": newton_points(network, x, y, norm="l2").l2.cpu(),
            "attack_linf": by_attack.linf.cpu(),
            "attack_l2": by_attack.l2.cpu(),
        }

    return work


KIND = DistancesKind
