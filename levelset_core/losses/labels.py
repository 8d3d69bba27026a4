"""Checks that the losses share: finite samples, and labels and outputs that suit each other."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import Network, outputs_of
from levelset_core.levelsets.functions import as_points


def check_samples(f: Network, x: Tensor | np.ndarray, look: bool = True) -> Tensor:
    """The samples; refuse what would turn every weight into NaN.

    Without ``look`` what they hold is not looked at, which transforms cannot follow.

    Raises:
        LevelsetError: no samples, one that is not finite, or no (n, *d) floating point batch.
    """
    x = as_points(x, f)
    if not len(x):
        raise LevelsetError("The loss needs at least one sample, got an empty batch.")
    finite = torch.isfinite(x)
    if look and not finite.all():
        row = int((~finite).nonzero()[0, 0])
        raise LevelsetError(f"Samples must be finite: sample {row} holds {x[~finite][0].item()}.")
    return x


def scalar_output(value: Tensor, x: Tensor) -> Tensor:
    """F(x) as (n,): (n, 1) would broadcast against labels (n,).

    Raises:
        LevelsetError: F(x) is not one number a sample.
    """
    if value.ndim in (1, 2) and len(value) == len(x):
        value = outputs_of(value, x)
    if value.shape != x.shape[:1]:
        raise LevelsetError(
            f"A binary loss needs a scalar F, (n, *d) -> (n,): {len(x)} samples gave "
            f"{tuple(value.shape)}."
        )
    return value


def are_logits(value: Tensor, y: Tensor | np.ndarray, look: bool = True) -> bool:
    """Whether F(x) is one number a class. A single column with labels +-1 is a scalar F."""
    if value.ndim != 2 or value.shape[1] > 1:
        return value.ndim == 2
    return look and not bool(_sign(torch.as_tensor(y)).all())


def signed_labels(y: Tensor | np.ndarray, x: Tensor, look: bool = True) -> Tensor:
    """``y`` as +1.0 / -1.0 in x's precision, (n,).

    Raises:
        LevelsetError: a length that differs from x's, or another label.
    """
    y = _counted(y, x)
    wrong = ~_sign(y)
    if look and wrong.any():
        raise LevelsetError(f"Binary labels are +1 or -1, got {y[wrong][0].item()}.")
    return y.to(x.dtype)


def class_labels(y: Tensor | np.ndarray, logits: Tensor, look: bool = True) -> Tensor:
    """``y`` as int64 classes of ``logits``, (n, classes).

    Raises:
        LevelsetError: fewer than two classes, or labels that are not 0, ..., classes - 1.
    """
    y = _counted(y, logits)
    classes = logits.shape[1]
    if classes < 2:
        raise LevelsetError(
            f"Logits need at least two classes, got {tuple(logits.shape)}: "
            "a scalar F gives (n,), with labels +-1."
        )
    if y.is_floating_point():
        raise LevelsetError(f"Classes are integers 0 to {classes - 1}, got {y.dtype}.")
    wrong = (y < 0) | (y >= classes)
    if look and wrong.any():
        raise LevelsetError(f"Classes are 0 to {classes - 1}, got {y[wrong][0].item()}.")
    return y.long()


def where_positive(values: Tensor) -> Tensor:
    """sign(values) with sign(0) = -1: a sample on the boundary is not yet right."""
    return torch.where(values > 0, 1.0, -1.0).to(values.dtype)


def _sign(y: Tensor) -> Tensor:
    return (y == 1) | (y == -1)


def _counted(y: Tensor | np.ndarray, x: Tensor) -> Tensor:
    y = torch.as_tensor(y, device=x.device)
    if y.shape != x.shape[:1]:
        raise LevelsetError(f"{len(x)} samples need {len(x)} labels, got {tuple(y.shape)}.")
    return y
