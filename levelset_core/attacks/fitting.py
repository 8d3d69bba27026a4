"""A network of any kind made fit for an attack, and what was done to it in words.

An honest network is left as it is, bit for bit. All others get what ``attackable`` has, where no
gradient leads anywhere Square goes on, and each of these things is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from levelset_core.attacks.gradient_free import square
from levelset_core.attacks.pgd import Attacked
from levelset_core.attacks.signs.attackable import Attackable
from levelset_core.attacks.signs.findings import findings_of
from levelset_core.attacks.signs.gradients import gradients_of
from levelset_core.attacks.signs.outputs import (
    finite_rows,
    fit_for_attacks,
    is_random,
    probe_outputs,
)
from levelset_core.data.images import ImageSet

#: Images that are looked at, those whose outputs must be numbers, and passes of Square an image
#: where there are no gradients.
LOOKED_AT, FINITE, QUERIES = 20, 1000, 2000
#: Findings that change how a network is attacked; random ones are up to ``AttackConfig.eot``.
_CHANGES = ("probabilities", "depends on the batch", "training mode")


@dataclass(frozen=True)
class Fitted:
    """A network for an attack.

    Attributes:
        network: itself, or wrapped.
        notes: what it does and what was done about it, a sentence or two each.
        blind: F^y has no gradients: Square gives the figure.
    """

    network: nn.Module
    notes: tuple[str, ...] = ()
    blind: bool = False

    def without_gradients(
        self, network: nn.Module, x: Tensor, y: Tensor, found: Attacked, epsilon: float, seed: int
    ) -> Attacked:
        """What PGD found, and where the network is blind what Square finds on the rest."""
        left = (~found.broken).nonzero().squeeze(1)
        if not self.blind or not len(left) or not epsilon:
            return found
        more = square(network, x[left], y[left], epsilon=epsilon, queries=QUERIES, seed=seed)
        images, broken = found.images.clone(), found.broken.clone()
        images[left], broken[left] = more.images, more.broken
        return Attacked(images, broken)


def fitted(network: nn.Module, data: ImageSet, device: torch.device, seed: int) -> Fitted:
    """Look at the first images and do what an attack needs.

    Raises:
        LevelsetError: the network gives no row of two numbers or more an image.
    """
    if isinstance(network, Attackable) or getattr(network, "fit_for_attacks", False):
        return Fitted(network)
    x, y = data.batch(slice(LOOKED_AT), device)
    outputs = probe_outputs(network, x, y, max(2, len(data.classes)), seed)
    seen = findings_of({"outputs": outputs}, len(x))
    notes = [f"{f.sentence} {f.advice}" for f in seen if f.name in _CHANGES]
    wrapped = fit_for_attacks(network, outputs, x, draws=1)
    many = data.batch(slice(FINITE), device)[0]
    if lost := int((~finite_rows(network, many, seed)).sum()):
        notes.append(
            f"Outputs are NaN or infinite on {lost} of {len(many)} images: NaN counts as wrong, an "
            "infinite output as 1e30, and attacks hold for the rest."
        )
    gradients = gradients_of(wrapped, x, y)
    blind = bool((gradients == 0).flatten(1).all(1).double().mean() > 0.5)
    if blind:
        notes.append(
            "Gradients are zero (nearly) everywhere: no gradient attack can judge this network, "
            "so Square, which needs none, gives the figure."
        )
    return Fitted(wrapped if notes and not is_random(outputs) else network, tuple(notes), blind)
