"""Image sets with ten classes merged into two, and small random parts of them (Sec. 5.1).

The paper merges "arbitrarily"; ``MERGES`` are the ways there are here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.data.images import ImageSet, load_images
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: Ways to merge the classes, and what they say of them.
MERGES = {
    "half": "first half of the classes against the second",
    "odd-even": "even class numbers against odd ones",
    "vehicles-animals": "vehicles against animals (CIFAR-10)",
}
_VEHICLES = {"airplane", "plane", "automobile", "car", "ship", "truck"}
_ANIMALS = {"bird", "cat", "deer", "dog", "frog", "horse"}
#: Images of the training set that are never trained on: hyper-parameters are chosen on them.
HELD_OUT = 2000
#: Seeds: of the choice of the held-out images, and of the drawn parts (plus the repeat).
_HOLD, _DRAW = 20_191, 1_000_000


@dataclass(frozen=True, eq=False)
class BinaryImages:
    """Images as rows of numbers in [-0.5, 0.5], with labels +-1.

    Attributes:
        name, source: of the image set.
        train, train_labels: (n, d) float32 and (n,) float32, without the held-out ones.
        held_out, held_out_labels: the same, for the choice of hyper-parameters.
        test, test_labels: the whole test set.
        total: images of the original training set, of which fractions are taken.
        shape: channels, height and width of an image.
        classes: names of the classes before the merge.
        second: numbers of the classes that are +1; all others are -1.
    """

    name: str
    source: str
    train: Tensor
    train_labels: Tensor
    held_out: Tensor
    held_out_labels: Tensor
    test: Tensor
    test_labels: Tensor
    total: int
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    second: tuple[int, ...]

    @property
    def labels(self) -> dict[str, list[str]]:
        """Names of the classes on either side."""
        sides: dict[str, list[str]] = {"-1": [], "+1": []}
        for number, name in enumerate(self.classes):
            sides["+1" if number in self.second else "-1"].append(name)
        return sides

    def draw(self, fraction: float, repeat: int) -> tuple[Tensor, Tensor]:
        """A random part of the training images: the same for a fraction and a repeat.

        Raises:
            LevelsetError: less than two images, or more than there are.
        """
        count = round(fraction * self.total)
        if not 2 <= count <= len(self.train):
            raise LevelsetError(
                f"A fraction of {fraction:g} is {count} of {self.total} images: at least 2 and "
                f"at most {len(self.train)} can be drawn ({len(self.held_out)} are held out)."
            )
        rows = torch.randperm(len(self.train), generator=torch_generator(_DRAW + repeat))[:count]
        return self.train[rows], self.train_labels[rows]


def second_side(classes: tuple[str, ...], merge: str) -> tuple[int, ...]:
    """Numbers of the classes that a merge calls +1.

    Raises:
        LevelsetError: an unknown merge, one that these classes do not have, or one class only.
    """
    choose("merge", merge, MERGES)
    if len(classes) < 2:
        raise LevelsetError(f"There is one class only, {classes}: two are needed.")
    if merge == "half":
        return tuple(range(len(classes) // 2, len(classes)))
    if merge == "odd-even":
        return tuple(range(1, len(classes), 2))
    found = tuple(k for k, name in enumerate(classes) if name.lower() in _ANIMALS)
    vehicles = sum(name.lower() in _VEHICLES for name in classes)
    if not found or not vehicles or len(found) + vehicles < len(classes):
        raise LevelsetError(
            "The merge vehicles-animals is for the classes of CIFAR-10; these are "
            f"{', '.join(classes[:10])}. Take half or odd-even."
        )
    return found


def binary_images(name: str, data_dir: str | None = None, merge: str = "half") -> BinaryImages:
    """Load an image set, merge its classes and hold images out.

    Args:
        name, data_dir: see :func:`levelset_core.data.images.load_images`.
        merge: one of ``MERGES``.

    Raises:
        LevelsetError: it cannot be loaded, has too few images, or not the merge's classes.
    """
    train, test = (load_images(name, split, data_dir=data_dir) for split in ("train", "test"))
    second = second_side(train.classes, merge)
    held = min(HELD_OUT, len(train) // 5)
    if held < 2:
        raise LevelsetError(f"{name} has {len(train)} training images: at least 10 are needed.")
    order = torch.randperm(len(train), generator=torch_generator(_HOLD))
    x, y = _rows(train, order, second)
    test_x, test_y = _rows(test, torch.arange(len(test)), second)
    return BinaryImages(
        name, f"{train.source}; {test.source}", x[held:], y[held:], x[:held], y[:held],
        test_x, test_y, len(train), train.shape, train.classes, second,
    )  # fmt: skip


def _rows(images: ImageSet, rows: Tensor, second: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    x, labels = images.batch(rows)
    is_second = torch.isin(labels, torch.tensor(second))
    return x.flatten(1) - 0.5, torch.where(is_second, 1.0, -1.0)
