"""What may stand for F: its mode, its home, the shapes it takes and gives; a classifier's F^j."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError

#: F: (n, *d) -> (n,), (n, 1) or (n, l), each row on its own; further per-row tensors may follow x.
#: (n, 1) counts as (n,) everywhere.
Network = Callable[..., Tensor]
#: |F - level| at which a point has arrived, in F's units, if nobody says so.
TOL = 1e-6
#: Precisions in which that is out of reach.
HALF = (torch.float16, torch.bfloat16)


def as_points(x: Tensor | np.ndarray, f: Network) -> Tensor:
    """A batch of points for F; an array of numbers becomes a tensor where F's parameters live.

    Raises:
        LevelsetError: x is not an (n, *d) floating point batch, or in another precision than F.
    """
    if isinstance(x, np.ndarray) and x.dtype.kind in "fiu":
        module = module_of(f)
        dtype, device = home_of(f) if module else (torch.float32, None)
        if module is None and x.dtype == np.float64:
            dtype = torch.float64
        x = torch.as_tensor(x, dtype=dtype, device=device)
    if not isinstance(x, Tensor):
        raise LevelsetError(f"Points are a tensor or an array (n, *d), got {type(x).__name__}.")
    if x.ndim < 2 or not x.is_floating_point():
        raise LevelsetError(
            f"Points are a floating point batch (n, *d), got {tuple(x.shape)} {x.dtype}."
        )
    return x


def outputs_of(value: Tensor, x: Tensor) -> Tensor:
    """F(x) as (n,) or, for l > 1, (n, l): a single column is one number a point.

    Raises:
        LevelsetError: F's output is not one row a point.
    """
    if not isinstance(value, Tensor) or value.ndim not in (1, 2) or len(value) != len(x):
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise LevelsetError(f"F must map (n, *d) to (n,) or (n, l): {tuple(x.shape)} gave {got}.")
    return value.squeeze(1) if value.ndim == 2 and value.shape[1] == 1 else value


def module_of(f: Any) -> nn.Module | None:
    """The module whose function F is: itself, or what a wrapper, partial or method holds."""
    while f is not None and not isinstance(f, nn.Module):
        if isinstance(f, functools.partial):
            f = f.func
        else:
            f = getattr(f, "__wrapped__", None) or getattr(f, "__self__", None)
    return f


def home_of(f: Network) -> tuple[torch.dtype, torch.device]:
    """Where a network lives: precision and device of its parameters; float32 on the CPU if none."""
    module = module_of(f)
    for parameter in module.parameters() if module else ():
        if parameter.is_floating_point():
            return parameter.dtype, parameter.device
    return torch.float32, torch.device("cpu")


@contextmanager
def evaluating(f: Network) -> Iterator[None]:
    """Batch norm and dropout as at test time, each row on its own; afterwards as before.

    It reaches the module that :func:`module_of` finds. A function that hides its network (a
    lambda, say) has to be put in evaluation mode by who wrote it.
    """
    module = module_of(f)
    training = [m for m in module.modules() if m.training] if module else []
    if not training:
        yield
        return
    assert module is not None
    module.eval()
    try:
        yield
    finally:
        for m in training:
            m.training = True


def check_search(max_steps: int, tol: float | None, max_jump: float = 0.0) -> None:
    """Refuse what no search for a level set can be told.

    Raises:
        LevelsetError: steps that are no whole number, or a number below 0.
    """
    check_range(max_steps=max_steps, tol=tol, max_jump=max_jump)
    if int(max_steps) != max_steps:
        raise LevelsetError(f"max_steps must be a whole number, got {max_steps}.")


def check_range(**numbers: float | Tensor | None) -> None:
    """Refuse what must not be negative; tensors are not looked into.

    Raises:
        LevelsetError: a number below 0, or NaN.
    """
    for name, number in numbers.items():
        if number is not None and not isinstance(number, Tensor) and not number >= 0:
            raise LevelsetError(f"{name} must be 0 or more, got {number}.")


P = ParamSpec("P")
T = TypeVar("T")


def row_by_row(
    function: Callable[Concatenate[Network, P], T],
) -> Callable[Concatenate[Network, P], T]:
    """A function of F for which every row is on its own: F is in evaluation mode meanwhile.

    It also says in a sentence what cannot be done under ``torch.func.vmap``.
    """

    @functools.wraps(function)
    def call(f: Network, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with evaluating(f):
                return function(f, *args, **kwargs)
        except RuntimeError as error:
            if "vmap" not in str(error):
                raise
            raise LevelsetError(
                f"{function.__name__} looks at the data, which vmap cannot follow: take samples "
                'by stop="fixed", here or in the project(...) before.'
            ) from error

    return cast("Callable[Concatenate[Network, P], T]", call)  # ``f`` may be given by name


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
