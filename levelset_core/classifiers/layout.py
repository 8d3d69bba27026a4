"""How a program from elsewhere takes an image, and the image that it is."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

#: What images have: grey or red, green and blue.
_CHANNELS = (1, 3)
#: Axes of images that are taken flat or without channels -> their shape.
_SHAPES = {(28, 28): (1, 28, 28), (784,): (1, 28, 28), (3072,): (3, 32, 32)}
#: What to do where a program gives not the logits alone.
WRAP = "export a network around it whose forward takes images and returns the logits alone"


def shape_of(axes: Sequence[int]) -> tuple[int, int, int] | None:
    """Channels, height and width of an image taken as ``axes``; None where they are not known.

    Channels come first, or last as TensorFlow has them.
    """
    if len(axes) != 3:
        return _SHAPES.get(tuple(axes))
    a, b, c = axes
    return (c, a, b) if c in _CHANNELS and a not in _CHANNELS else (a, b, c)


def laid_out(x: Tensor, axes: Sequence[int]) -> Tensor:
    """Images (n, c, h, w) as a program takes them, (n, *axes)."""
    if len(axes) == 3 and tuple(x.shape[1:]) != tuple(axes):
        return x.permute(0, 2, 3, 1)
    return x.reshape(len(x), *axes)


def layout_remark(shape: Sequence[int], axes: Sequence[int]) -> str:
    """The sentence about a program that takes images in another form."""
    taken, read = (" x ".join(map(str, sizes)) for sizes in (axes, shape))
    last = ", channels last" if len(axes) == 3 else ""
    return f"The network takes an image as {taken} numbers{last}; it is read as {read}."
