"""Checks that the losses share: finite samples, and labels and outputs that suit each other."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError


def check_samples(x: Tensor) -> None:
    """Refuse what would turn every weight into NaN.

    Raises:
        LevelsetError: no samples, or one that is not finite.
    """
    if not len(x):
        raise LevelsetError("The loss needs at least one sample, got an empty batch.")
    finite = torch.isfinite(x)
    if not finite.all():
        row = int((~finite).nonzero()[0, 0])
        raise LevelsetError(f"Samples must be finite: sample {row} holds {x[~finite][0].item()}.")


def check_scalar(value: Tensor, x: Tensor) -> None:
    """Refuse F(x) that is not one number a sample: (n, 1) would broadcast against labels (n,).

    Raises:
        LevelsetError: F(x) has another shape than (n,).
    """
    if value.shape != x.shape[:1]:
        raise LevelsetError(
            f"A binary loss needs a scalar F, (n, *d) -> (n,): {len(x)} samples gave "
            f"{tuple(value.shape)}."
        )


def signed_labels(y: Tensor, x: Tensor) -> Tensor:
    """``y`` as +1.0 / -1.0 in x's precision, (n,).

    Raises:
        LevelsetError: a length that differs from x's, or another label.
    """
    _check_count(y, x)
    wrong = (y != 1) & (y != -1)
    if wrong.any():
        raise LevelsetError(f"Binary labels are +1 or -1, got {y[wrong][0].item()}.")
    return y.to(x.dtype)


def class_labels(y: Tensor, logits: Tensor) -> Tensor:
    """``y`` as int64 classes of ``logits``, (n, classes).

    Raises:
        LevelsetError: fewer than two classes, or labels that are not 0, ..., classes - 1.
    """
    _check_count(y, logits)
    classes = logits.shape[1]
    if classes < 2:
        raise LevelsetError(
            f"Logits need at least two classes, got {tuple(logits.shape)}: "
            "a scalar F gives (n,), with labels +-1."
        )
    if y.is_floating_point():
        raise LevelsetError(f"Classes are integers 0 to {classes - 1}, got {y.dtype}.")
    wrong = (y < 0) | (y >= classes)
    if wrong.any():
        raise LevelsetError(f"Classes are 0 to {classes - 1}, got {y[wrong][0].item()}.")
    return y.long()


def where_positive(values: Tensor) -> Tensor:
    """sign(values) with sign(0) = -1: a sample on the boundary is not yet right."""
    return torch.where(values > 0, 1.0, -1.0).to(values.dtype)


def _check_count(y: Tensor, x: Tensor) -> None:
    if y.shape != x.shape[:1]:
        raise LevelsetError(f"{len(x)} samples need {len(x)} labels, got {tuple(y.shape)}.")
