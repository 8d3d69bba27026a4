"""What a network wants pixels to be: (x - mean) / std, by name or by numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError


@dataclass(frozen=True)
class Normalization:
    """Pixels x in [0, 1] become (x - mean) / std.

    Attributes:
        mean, std: one number, or one for every channel.
        title: whose it is, in words; "" for one that a person gives.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    title: str = ""

    def __post_init__(self) -> None:
        numbers = (*self.mean, *self.std)
        if not numbers or not all(math.isfinite(v) for v in numbers) or min(self.std) <= 0:
            raise LevelsetError(
                f"A normalization needs finite means and positive deviations, got {self.mean} and "
                f"{self.std}."
            )
        if len(self.mean) != len(self.std):
            raise LevelsetError(
                f"A normalization needs as many means as deviations, got {len(self.mean)} and "
                f"{len(self.std)}."
            )

    @property
    def numbers(self) -> str:
        """As "mean 0.1307, std 0.3081"."""
        mean, std = (", ".join(f"{v:g}" for v in values) for values in (self.mean, self.std))
        return f"mean {mean}, std {std}"

    def __str__(self) -> str:
        return f"{self.title} ({self.numbers})" if self.title else self.numbers

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"mean": list(self.mean), "std": list(self.std), "title": self.title}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Normalization:
        """What :meth:`as_dict` gave.

        Raises:
            LevelsetError: it is none.
        """
        try:
            mean, std = (tuple(map(float, values[k])) for k in ("mean", "std"))
            return cls(mean, std, str(values["title"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise LevelsetError(f"This is no normalization: {values!r}.") from error


_PLAIN = Normalization((0.0,), (1.0,), "pixels in [0, 1] as they are")
_SIGNED = Normalization((0.5,), (0.5,), "to [-1, 1]")
_BYTES = Normalization((0.0,), (1 / 255,), "to 0..255")
_CENTRED = Normalization((0.5,), (1.0,), "to [-0.5, 0.5]")
#: Usual ones by the number of channels, sorted by use, first the pixels as they are; CIFAR-10's
#: deviations are given in two ways, of all pixels and as the mean over images.
USUAL: dict[int, tuple[Normalization, ...]] = {
    1: (
        _PLAIN,
        Normalization((0.1307,), (0.3081,), "MNIST's"),
        _SIGNED,
        _BYTES,
        Normalization((0.286,), (0.353,), "Fashion-MNIST's"),
        _CENTRED,
        Normalization((0.449,), (0.226,), "ImageNet's in grey"),
    ),
    3: (
        _PLAIN,
        Normalization((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616), "CIFAR-10's"),
        Normalization((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.201), "CIFAR-10's, image-wise"),
        Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "ImageNet's"),
        _SIGNED,
        _BYTES,
        _CENTRED,
    ),
}


def usual_normalizations(channels: int) -> tuple[Normalization, ...]:
    """Those that networks of so many channels are often trained with; the first changes nothing."""
    return USUAL.get(channels, (_PLAIN, _SIGNED, _BYTES, _CENTRED))


def given_normalization(mean: Sequence[float], std: Sequence[float]) -> Normalization:
    """One by its numbers, with its title if it is a usual one.

    Raises:
        LevelsetError: they are no normalization.
    """
    found = Normalization(tuple(mean), tuple(std))
    known = (n for usual in USUAL.values() for n in usual)
    return next((n for n in known if (n.mean, n.std) == (found.mean, found.std)), found)


class Normalized(nn.Module):
    """A network on normalized pixels.

    Args:
        network: of normalized images.
        normalization: of as many channels as the images have, or one number for all.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, normalization: Normalization) -> None:
        super().__init__()
        self.network, self.normalization = network, normalization
        for name in ("mean", "std"):
            values = torch.tensor(getattr(normalization, name)).view(1, -1, 1, 1)
            self.register_buffer(name, values, persistent=False)

    @property
    def random_parts(self) -> tuple[str, ...]:
        """Of the network, see :class:`levelset_core.classifiers.exported.ExportedNetwork`."""
        parts: tuple[str, ...] = getattr(self.network, "random_parts", ())
        return parts

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, c, h, w) in [0, 1] -> (n, classes)."""
        logits: Tensor = self.network((x - self.mean) / self.std)
        return logits


def normalized(network: nn.Module, normalization: Normalization) -> nn.Module:
    """The network on such pixels: itself where nothing changes."""
    if set(normalization.mean) == {0.0} and set(normalization.std) == {1.0}:
        return network
    return Normalized(network, normalization)
