"""Square (Andriushchenko et al., 2020): random squares of the box's corners, kept if they help.

It needs outputs alone, so it judges what has no gradients, or false ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from levelset_core.attacks.pgd import Attacked
from levelset_core.errors import LevelsetError, optional
from levelset_core.levelsets.functions import evaluating

#: Images that are looked at together.
SIDE = 50


def square(
    network: nn.Module, x: Tensor, y: Tensor, *, epsilon: float, queries: int = 1000, seed: int = 0
) -> Attacked:
    """Square in L_inf, on F^y.

    Args:
        network: finite logits, (n, c, h, w) -> (n, classes).
        x, y: images in [0, 1] that are right, and their classes.
        epsilon: half side of the box.
        queries: passes an image.
        seed: of its draws.

    Raises:
        LevelsetError: epsilon is 0.
    """
    if not epsilon > 0:
        raise LevelsetError(f"Square needs an epsilon above 0, got {epsilon}.")
    SquareAttack = optional("pyautoattack.square", "attacks").SquareAttack
    images, broken = x.clone(), torch.zeros(len(x), dtype=torch.bool, device=x.device)
    devices = [x.device] if x.device.type == "cuda" else []
    with evaluating(network), torch.random.fork_rng(devices), torch.no_grad():
        attack = SquareAttack(
            network, eps=epsilon, n_queries=queries, seed=seed, norm="Linf", device=x.device
        )
        for rows in torch.arange(len(x), device=x.device).split(SIDE):
            found = attack.perturb(x[rows].contiguous(), y[rows])
            wrong = network(found).argmax(1) != y[rows]
            images[rows[wrong]], broken[rows[wrong]] = found[wrong], True
    return Attacked(images, broken)
