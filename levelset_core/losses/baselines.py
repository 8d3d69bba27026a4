"""Losses the paper compares with: cross-entropy, hinge, Elsayed et al."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import Network, row_by_row, value_and_jacobian
from levelset_core.levelsets.functions import check_range
from levelset_core.losses.labels import (
    are_logits,
    check_samples,
    class_labels,
    scalar_output,
    signed_labels,
)


def cross_entropy(f: Network, x: Tensor, y: Tensor) -> Tensor:
    """Binary: 1/N sum log(1 + exp(-y F(x))), y = +-1. Logits (n, classes): softmax cross-entropy.

    Raises:
        LevelsetError: no samples, one that is not finite, or labels that do not suit F.
    """
    x = check_samples(f, x)
    value = f(x)
    if are_logits(value, y):
        return torch.nn.functional.cross_entropy(value, class_labels(y, value))
    value = scalar_output(value, x)
    return torch.nn.functional.softplus(-signed_labels(y, x) * value).mean()


def hinge(f: Network, x: Tensor, y: Tensor) -> Tensor:
    """1/N sum max{0, 1 - y F(x)}: the margin of the output space, y = +-1.

    Raises:
        LevelsetError: no samples, one that is not finite, labels other than +-1, or F not scalar.
    """
    x = check_samples(f, x)
    y, value = signed_labels(y, x), scalar_output(f(x), x)
    return torch.relu(1.0 - y * value).mean()


#: ||.||_q that is dual to the distance ||.||_p.
_DUAL = {"l2": 2.0, "linf": 1.0}


@row_by_row
def elsayed(
    f: Network,
    x: Tensor,
    y: Tensor,
    *,
    epsilon: float = 0.2,
    distance: str = "l2",
    differentiate_gradient: bool = False,
) -> Tensor:
    """1/N sum max{0, epsilon - y F(x) / ||D_xF(x)||_q}   (Elsayed et al., NeurIPS 2018).

    The distance to the boundary of the network linearized at x; in L2 it is one generalized
    Newton step. ||.||_q is dual to the distance's norm.

    Args:
        f, x, y: scalar F, samples (n, *d), labels +-1 (n,).
        epsilon: wanted margin.
        distance: "l2" or "linf".
        differentiate_gradient: also through ||D_xF(x)||_q (second order); their paper, and the
            default, hold it fixed.

    Raises:
        LevelsetError: no samples, one that is not finite, labels other than +-1, F not scalar, or
            another distance.
    """
    x = check_samples(f, x)
    y = signed_labels(y, x)
    check_range(epsilon=epsilon)
    if distance not in _DUAL:
        raise LevelsetError(
            f"Elsayed's margin is defined for {' and '.join(_DUAL)}, got {distance!r}."
        )
    value, jacobian = value_and_jacobian(f, x, create_graph=differentiate_gradient)
    value = scalar_output(value, x)
    norm = torch.linalg.vector_norm(jacobian.flatten(1), ord=_DUAL[distance], dim=1)
    used = norm > 1e-8  # no direction, no linearized boundary
    norm = torch.where(used, norm, 1.0)
    value = value if differentiate_gradient else scalar_output(f(x), x)
    return torch.where(used, torch.relu(epsilon - y * value / norm), 0.0).mean()
