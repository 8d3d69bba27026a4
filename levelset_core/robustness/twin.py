"""The masked twin: the bundled standard network with its logits times 300, made on the fly.

It gives every image the same class as the standard network, and stands no real attack better. But
its softmax is exactly 0 or 1, so cross-entropy has no gradient and PGD on it finds nothing.
``benchmarks/masked_twin.py`` measured it; the page shows that.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from levelset_core.attacks.masking import Scaled
from levelset_core.attacks.pgd import margin_of
from levelset_core.levelsets.functions import evaluating
from levelset_core.paths import ASSETS

#: What the twin multiplies logits by, and the half side of the box.
FACTOR, EPSILON = 300.0, 0.3
#: What was measured.
STORED = ASSETS / "robustness" / "masked_twin.json"


def masked(network: nn.Module, factor: float = FACTOR) -> nn.Module:
    """The network with its logits times ``factor``: the same classes, other gradients."""
    return Scaled(network, 1 / factor).eval()


@cache
def measured() -> dict[str, Any]:
    """What the benchmark stored: date, command, images, and what it found of each network."""
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def gradient_of(network: nn.Module, x: Tensor, y: Tensor, loss: str) -> Tensor:
    """The gradient in the image of cross-entropy ("xent") or of F^y ("margin"), (n, *d).

    Args:
        network: logits, (n, *d) -> (n, classes).
        x, y: images and their classes.
        loss: whose.
    """
    x = x.detach().clone().requires_grad_()
    with evaluating(network):
        logits = network(x)
        value = cross_entropy(logits, y) if loss == "xent" else margin_of(logits, y).sum()
    value.backward()
    assert x.grad is not None
    return x.grad
