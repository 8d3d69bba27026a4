"""Any classifier as attacks need it: finite logits with a path for gradients, each row its own.

Figures of attacks on a network as it is brought may only say how well it hides. This wrapper
changes no class that the network gives, but lets an attack follow it as far as it can be followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError

#: What stands for an infinite logit: beyond all others, and differences still make sense.
BEYOND = 1e30
#: What outputs may be: logits, or probabilities that sum to 1, or one probability a class.
KINDS = ("logits", "softmax", "sigmoid")
#: Draws of a random network whose mean is attacked (Athalye et al., 2018: EoT).
DRAWS = 8


class Attackable(nn.Module):
    """A network with what an attack needs.

    - NaN never wins, infinity is a large number; a derivative that is none counts as 0.
    - Probabilities become logits: log p, or log p - log(1 - p) for one probability a class.
    - Without a path for gradients they are 0, so that an attack runs and finds nothing.
    - The outputs of a random network are the mean of some draws.
    - A network whose rows depend on each other sees the same other images beside every row.

    Args:
        network: (n, *d) -> (n, classes).
        kind: of its outputs, one of ``KINDS``.
        draws: whose mean is taken.
        context: images shown along with any others, (m, *d).
    """

    context: Tensor | None

    def __init__(
        self,
        network: nn.Module,
        *,
        kind: str = "logits",
        draws: int = 1,
        context: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.network, self.kind, self.draws = network, kind, draws
        self.register_buffer("context", context)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, *d) -> (n, classes)."""
        if x.requires_grad:
            x = x.view_as(x)
            x.register_hook(lambda g: g.nan_to_num(0.0, 0.0, 0.0))
        outputs = torch.stack([self._once(x) for _ in range(self.draws)]).mean(0)
        outputs = as_logits(outputs, self.kind).nan_to_num(-BEYOND, BEYOND, -BEYOND)
        if x.requires_grad:  # a path, where the network has none
            outputs = outputs + 0 * x.flatten(1)[:, :1]
        return outputs

    def _once(self, x: Tensor) -> Tensor:
        if self.context is None:
            return outputs_of(self.network, x)
        others = self.context.expand(-1, *x.shape[1:])
        return outputs_of(self.network, torch.cat([x, others]))[: len(x)]


def outputs_of(network: nn.Module, x: Tensor) -> Tensor:
    """What a network gives, as floating point numbers, (n, *d) -> (n, classes).

    Raises:
        LevelsetError: no row of two numbers or more an image, or the network fails on them.
    """
    try:
        found = network(x)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise LevelsetError(
            f"The network fails on {len(x)} images {tuple(x.shape[1:])}: {said[0]}"
        ) from error
    if not isinstance(found, Tensor):
        raise LevelsetError(
            f"A classifier gives one tensor (n, classes), this one a {type(found).__name__}: wrap "
            "it so that the logits alone come out."
        )
    if found.ndim != 2 or len(found) != len(x) or found.shape[1] < 2:
        raise LevelsetError(
            "A classifier gives a row of two numbers or more an image, (n, classes); this one maps "
            f"{tuple(x.shape)} to {tuple(found.shape)}."
        )
    return found if found.dtype in (torch.float32, torch.float64) else found.float()


def as_logits(outputs: Tensor, kind: str) -> Tensor:
    """Logits of the same order: log p for probabilities, the log odds for one a class."""
    if kind == "logits":
        return outputs
    tiny = torch.finfo(outputs.dtype).tiny
    logarithm = outputs.clamp_min(tiny).log()
    return logarithm if kind == "softmax" else logarithm - (1 - outputs).clamp_min(tiny).log()


@contextmanager
def same_draws(seed: int) -> Iterator[None]:
    """What draws from torch's generator draws the same numbers; afterwards that goes on as before.

    Networks with random parts have no generator of their own to be handed.
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield
