"""A device that is none: its tensors say that they are elsewhere, and compute on the CPU.

It stands in for a GPU where there is none. What would fail there fails here: operations on tensors
of two devices, factories that forget the device, generators of another device, ``numpy()``. All
figures are those of the CPU, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

_NAME = "elsewhere"
_setup_privateuseone_for_python_backend(_NAME)
ELSEWHERE = torch.device(_NAME, 0)
_CPU = torch.device("cpu")
_aten = torch.ops.aten
#: Copies between devices are what these are for.
_TRANSFERS = {_aten._to_copy.default, _aten.copy_.default, _aten.copy.default}
#: Of these, indices may be on the CPU while the tensor is not.
_INDEXED = {_aten.index.Tensor, _aten.index_put_.default, _aten.index_put.default}
_Generator = torch.Generator


class MixedDevicesError(RuntimeError):
    """What a GPU would have refused."""


class ElsewhereTensor(torch.Tensor):
    """Wraps a tensor of the CPU and says that it is elsewhere."""

    elem: torch.Tensor

    @staticmethod
    def __new__(cls, elem: torch.Tensor) -> ElsewhereTensor:
        made = torch.Tensor._make_wrapper_subclass(
            cls, elem.size(), strides=elem.stride(), storage_offset=elem.storage_offset(),
            dtype=elem.dtype, layout=elem.layout, requires_grad=elem.requires_grad,
            device=ELSEWHERE,
        )  # fmt: skip
        made.elem = elem
        return made

    def __repr__(self) -> str:
        return f"{self.elem!r} elsewhere"

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["elem"], None

    @staticmethod
    def __tensor_unflatten__(inner: dict[str, Any], _: None, *size: Any) -> ElsewhereTensor:
        return ElsewhereTensor(inner["elem"])

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        if not force:
            raise TypeError(f"can't convert {ELSEWHERE} device type tensor to numpy")
        return self.detach().cpu().numpy()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        return self.numpy()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


#: Generators made for the device; kept, since PyTorch hands on what they stand for alone.
_made: dict[int, torch.Generator] = {}


class ElsewhereGenerator(torch.Generator):
    """A generator that belongs to one of both devices."""

    def __new__(cls, device: torch.device | str = "cpu") -> Any:
        made = super().__new__(cls, "cpu")
        if torch.device(device).type == _NAME:
            _made[made._cdata] = made
        return made

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.place = torch.device(device)

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return self.place


class _Elsewhere(TorchDispatchMode):
    """Makes the device's tensors where a factory asks for it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


@contextmanager
def elsewhere() -> Iterator[torch.device]:
    """The device, for as long as the block lasts."""
    torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device=) as a copy from the CPU
    try:
        with mock.patch("torch.Generator", ElsewhereGenerator), _Elsewhere():
            yield ELSEWHERE
    finally:
        torch._C._set_only_lift_cpu_tensors(False)
        _made.clear()


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves = tree_leaves((args, kwargs))
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    there = any(isinstance(tensor, ElsewhereTensor) for tensor in tensors)
    if there and func not in _TRANSFERS:
        _refuse_mixed(func, args, tensors)
    asked = kwargs.get("device")
    if asked is not None:
        there = torch.device(asked).type == _NAME
        kwargs = {**kwargs, "device": _CPU}
    if func is _aten.copy_.default:
        there = isinstance(args[0], ElsewhereTensor)
    _refuse_generator(func, leaves, there)
    plain_args, plain_kwargs = tree_map(_plain, (args, kwargs))
    found = func(*plain_args, **plain_kwargs)
    if func is _aten._to_copy.default and asked is not None:
        (source,) = (t for t in tensors[:1])
        if found is _plain(source):
            found = found.clone()
    if not there or func is _aten._local_scalar_dense.default:
        return found
    found = tree_map(lambda x: ElsewhereTensor(x) if isinstance(x, torch.Tensor) else x, found)
    return return_and_correct_aliasing(func, args, kwargs, found)


def _plain(value: Any) -> Any:
    return value.elem if isinstance(value, ElsewhereTensor) else value


def _refuse_mixed(func: Any, args: Any, tensors: list[torch.Tensor]) -> None:
    """Single numbers may be anywhere, as on a GPU."""
    if func in _INDEXED:
        tensors = [args[0], *args[2:3]]
    for tensor in tensors:
        if not isinstance(tensor, ElsewhereTensor) and tensor.dim():
            raise MixedDevicesError(
                f"{func}: expected all tensors to be on the same device, got {ELSEWHERE} and cpu "
                f"with shapes {[tuple(t.shape) for t in tensors]}"
            )


def _refuse_generator(func: Any, leaves: list[Any], there: bool) -> None:
    for leaf in leaves:
        if isinstance(leaf, _Generator) and (leaf._cdata in _made) != there:
            raise MixedDevicesError(
                f"{func}: the generator and the tensor are on two devices, the tensor "
                f"{'elsewhere' if there else 'on the CPU'}"
            )
