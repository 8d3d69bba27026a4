"""Evaluation mode while a network is attacked or sampled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn


@contextmanager
def evaluating(f: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Batch norm and dropout as at test time, each row on its own; afterwards as before."""
    if not isinstance(f, nn.Module):
        yield
        return
    training = [module for module in f.modules() if module.training]
    f.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
