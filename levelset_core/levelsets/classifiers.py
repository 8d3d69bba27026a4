"""Decision boundaries of classifiers as level sets (Eq. 1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def class_margin(logits: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """F^j(x) = f_j - max_{i != j} f_i, whose zero set bounds the region of class j   (Eq. 1).

    Args:
        logits: f, (n, *d) -> (n, classes).

    Returns:
        A scalar function of x, (n, *d), and of the classes j, (n,) int: hand j to
        :func:`levelset_core.project` as ``args=(j,)``.
    """

    def margin(x: Tensor, j: Tensor) -> Tensor:
        f, own = logits(x), j[:, None]  # (n, classes), (n, 1)
        return f.gather(1, own).squeeze(1) - f.scatter(1, own, -torch.inf).amax(1)

    margin.__wrapped__ = logits  # type: ignore[attr-defined]  # whose mode and precision are meant
    return margin
