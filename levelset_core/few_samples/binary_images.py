"""Image sets with ten classes merged into two, and small random parts of them (Sec. 5.1).

The paper merges "arbitrarily". Here the first half of the classes is -1, the second half +1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from levelset_core.data.images import ImageSet, load_images
from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator

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
        classes: names of the classes before the merge; the first half is -1.
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


def binary_images(name: str, data_dir: str | None = None) -> BinaryImages:
    """Load an image set, merge its classes and hold images out.

    Raises:
        LevelsetError: it cannot be loaded, has one class only or too few images.
    """
    train, test = (load_images(name, split, data_dir=data_dir) for split in ("train", "test"))
    if len(train.classes) < 2:
        raise LevelsetError(f"{name} has one class only: two are needed.")
    held = min(HELD_OUT, len(train) // 5)
    if held < 2:
        raise LevelsetError(f"{name} has {len(train)} training images: at least 10 are needed.")
    order = torch.randperm(len(train), generator=torch_generator(_HOLD))
    x, y = _rows(train, order)
    test_x, test_y = _rows(test, torch.arange(len(test)))
    return BinaryImages(
        name, f"{train.source}; {test.source}", x[held:], y[held:], x[:held], y[:held],
        test_x, test_y, len(train), train.shape, train.classes,
    )  # fmt: skip


def _rows(images: ImageSet, rows: Tensor) -> tuple[Tensor, Tensor]:
    x, labels = images.batch(rows)
    second = labels >= len(images.classes) // 2
    return x.flatten(1) - 0.5, torch.where(second, 1.0, -1.0)
