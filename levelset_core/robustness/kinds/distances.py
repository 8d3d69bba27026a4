"""Runs that measure how far the decision boundary of a classifier is from its test images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.attacks import AttackConfig, attack_points, newton_points
from levelset_core.attacks.balls import NORMS
from levelset_core.attacks.fast import frozen
from levelset_core.attacks.minimum import least_distances
from levelset_core.random import torch_generator
from levelset_core.robustness.measure import ImageKind, Measurement, Parts
from levelset_core.runs.folder import Run

#: The artifact: "right", (n,) bool, and distances, (n,), infinite where none was found, in both
#: norms: "newton_linf", "newton_l2"; "attack_linf", "attack_l2" of the point where a PGD direction
#: meets S; "fab_linf", "nearest_linf" and the others of :mod:`levelset_core.attacks.minimum`;
#: "least_linf", "least_l2": the smallest known.
DISTANCES = "distances.npz"


class DistancesKind(ImageKind):
    """Upper bounds of the distance, by several ways in two norms."""

    name = "distances"
    title = "Distances to the boundary"
    artifact = DISTANCES
    block = 50

    def network(self, m: Measurement) -> nn.Module:
        """A fast frozen copy."""
        return frozen(m.networks[0], m.device)

    def measure(
        self, network: nn.Module, x: Tensor, y: Tensor, attack: AttackConfig, seed: int
    ) -> dict[str, Tensor]:
        """See ``DISTANCES``."""
        with torch.no_grad():
            right = network(x).argmax(1) == y
        by_attack = attack_points(network, x, y, generator=torch_generator(seed))
        found = {
            "newton_linf": newton_points(network, x, y, norm="linf").linf,
            "newton_l2": newton_points(network, x, y, norm="l2").l2,
            "attack_linf": by_attack.linf,
            "attack_l2": by_attack.l2,
        }
        for norm in NORMS:
            own = least_distances(network, x, y, norm=norm, seed=seed)
            found |= {f"{name}_{norm}": own[name] for name in ("fab", "nearest")}
            known = [own["least"], found[f"newton_{norm}"], found[f"attack_{norm}"]]
            found[f"least_{norm}"] = torch.stack(known).amin(0)
        return {"right": right, **found}

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
