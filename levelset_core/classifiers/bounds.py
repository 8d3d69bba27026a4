"""What a stranger's graph would need, found without doing it: on tensors that hold no numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import flop_registry

from levelset_core.errors import LevelsetError

#: Elements of one tensor, of all results together, and multiplications of one pass, at most:
#: 256 MiB, 1 GiB and seconds to minutes of one core. VGG-16 on 6 images of 3 x 224 x 224 fits; of
#: more than fit, as many go through together as do.
MAX_TENSOR, MAX_TOTAL, MAX_WORK = 2**26, 2**28, 2**41
#: Sides of a tensor that is taken apart along an axis.
MAX_PIECES = 2**15


class TooLarge(LevelsetError):
    """A pass through a graph would need too much memory or time."""


class _Counting(TorchDispatchMode):
    """Sees every elementary operator, those within composite ones too, and adds up its results;
    views take no memory.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.elements = self.work = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        found = func(*args, **kwargs)
        is_view = any(r.alias_info is not None for r in func._schema.returns)
        for tensor in tree_leaves(found):
            if isinstance(tensor, Tensor) and not is_view:
                if tensor.numel() > MAX_TENSOR:
                    raise TooLarge(
                        f"The exported program makes a tensor of {tensor.numel():,} numbers "
                        f"({func}): at most {MAX_TENSOR:,}."
                    )
                self.elements += tensor.numel()
        if (count := flop_registry.get(func.overloadpacket)) is not None:
            self.work += count(*args, **kwargs, out_val=found) // 2
        if self.elements > MAX_TOTAL or self.work > MAX_WORK:
            raise TooLarge(
                f"The exported program makes more than {MAX_TOTAL:,} numbers, or multiplies more "
                f"than {MAX_WORK:,} times, in one pass."
            )
        return found


def run_filled(run: Callable[[Tensor], Tensor], size: int, part: Tensor) -> Tensor:
    """The results for a part by what takes ``size`` images at once: its first fills it up."""
    filled = torch.cat([part, part[:1].expand(size - len(part), *part.shape[1:])])
    return run(filled)[: len(part)]


def run_parts(run: Callable[[Tensor], Tensor], parts: Sequence[Tensor]) -> Tensor:
    """The results for all parts of a batch, in one.

    What one part needs fits; what a gradient through all of them keeps may not. So each of several
    runs again when its gradient is taken.

    Args:
        run: (n, *d) -> (n, classes).
        parts: (n_k, *d) each.
    """
    again = len(parts) > 1 and torch.is_grad_enabled() and any(p.requires_grad for p in parts)
    each = partial(checkpoint, run, use_reentrant=False) if again else run
    return torch.cat([each(part) for part in parts])


def check_bounds(run: Callable[[Tensor], Any], shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """Run on images of ``shape`` on the device "meta": only sizes and types are computed.

    Raises:
        TooLarge: see there.
    """
    with torch.no_grad(), _Counting():
        run(torch.empty(shape, dtype=dtype, device="meta"))


class _Ahead(_Counting):
    """Computes the sizes of every operator's results before it runs."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        meta_args, meta_kwargs = tree_map(_on_meta, (args, kwargs))
        if "device" in meta_kwargs:
            meta_kwargs["device"] = "meta"
        # Of what has no such form the result is not larger than its arguments.
        with suppress(NotImplementedError, RuntimeError):
            super().__torch_dispatch__(func, types, meta_args, meta_kwargs)
        return func(*args, **kwargs)


def _on_meta(value: Any) -> Any:
    return value.to("meta") if isinstance(value, Tensor) else value


def check_bounds_of(run: Callable[[Tensor], Any], x: Tensor) -> None:
    """Run for sizes that depend on numbers: each operator's are known before its memory is taken.

    Raises:
        TooLarge: see there.
    """
    with torch.no_grad(), _Ahead():
        run(x)
