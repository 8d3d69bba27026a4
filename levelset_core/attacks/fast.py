"""A frozen copy of a network that gives gradients in its input faster on a CPU.

The same function, up to rounding: parameters without gradients, convolutions in the
layout (n, h, w, c), and a first convolution whose gradient in the image is a matrix product.
Libraries compute that gradient, of one or three channels out of many, at a tenth of the speed.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d

from levelset_core.memory import keep_memory

#: More channels than this are no image's, and a library's convolution is as fast.
MAX_CHANNELS = 4


def frozen(network: nn.Module, device: torch.device) -> nn.Module:
    """On a CPU such a copy, and memory that is freed is kept (:func:`keep_memory`); elsewhere
    the network itself.
    """
    if device.type != "cpu":
        return network
    keep_memory()
    return for_attacks(network)


def for_attacks(network: nn.Module) -> nn.Module:
    """The copy; the network itself is not touched.

    For any module: what has no suitable first convolution only gets the layout.
    """
    fast: nn.Module = copy.deepcopy(network).requires_grad_(False)
    fast = fast.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for name, module in fast.named_modules():
        if isinstance(module, nn.Conv2d):
            if _suits(module):
                parent, _, own = name.rpartition(".")
                setattr(fast.get_submodule(parent), own, _FirstConv(module))
            break
    return fast


def _suits(conv: nn.Conv2d) -> bool:
    plain = (conv.stride, conv.dilation, conv.groups) == ((1, 1), (1, 1), 1)
    padded = conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return type(conv) is nn.Conv2d and plain and padded and conv.in_channels <= MAX_CHANNELS


class _FirstConv(nn.Module):
    """A convolution of stride 1 on images."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.weight, self.bias = conv.weight, conv.bias
        assert not isinstance(conv.padding, str)  # see _suits
        self.padding = conv.padding

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = _FirstConvFunction.apply(x, self.weight, self.bias, self.padding)  # type: ignore[no-untyped-call]
        return result


class _FirstConvFunction(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, padding: tuple[int, int]
    ) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.dtype, ctx.padding = x.shape, x.dtype, padding
        return conv2d(x, weight, bias, padding=padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        # Under autocast the gradient is of another type than the weight.
        weight = ctx.saved_tensors[0].to(gradient.dtype)  # (o, c, kh, kw)
        outputs, channels, kh, kw = weight.shape
        n, _, height, width = gradient.shape
        rows = gradient.permute(0, 2, 3, 1).reshape(-1, outputs)  # (n h w, o)
        taps = weight.permute(2, 3, 1, 0).reshape(-1, outputs) @ rows.T  # (kh kw c, n h w)
        taps = taps.reshape(kh, kw, channels, n, height, width)
        result = gradient.new_zeros(channels, n, height + kh - 1, width + kw - 1)
        for i in range(kh):
            for j in range(kw):
                result[:, :, i : i + height, j : j + width] += taps[i, j]
        top, left = ctx.padding
        result = result[:, :, top : top + ctx.shape[2], left : left + ctx.shape[3]]
        return result.transpose(0, 1).to(ctx.dtype), None, None, None
