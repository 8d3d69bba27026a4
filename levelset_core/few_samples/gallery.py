"""Test images that one loss gets right and another wrong, with their nearest points of S_0."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import BinaryImages
from levelset_core.few_samples.config import GeneralizationConfig, Unit
from levelset_core.few_samples.training import are_right, train_group
from levelset_core.levelsets import project

#: Images of every pair of losses (one right, the other wrong).
PER_PAIR = 6
NAME = "gallery.npz"


@dataclass(frozen=True, eq=False)
class View:
    """What one trained network says of the n images.

    Attributes:
        right: sign F(x) is the label, (n,) bool.
        value: F(x), (n,).
        boundary: p^0, x projected on S_0, (n, d) in [0, 1] where the image is.
        linf, l2: ||x - p^0||, (n,); pixels run from 0 to 1.
        reached: |F(p^0)| <= 1e-4, (n,) bool.
    """

    right: NDArray[np.bool_]
    value: NDArray[np.float32]
    boundary: NDArray[np.float32]
    linf: NDArray[np.float32]
    l2: NDArray[np.float32]
    reached: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Images on which two losses differ.

    Attributes:
        fraction, repeat: of the networks that were trained.
        shape: channels, height, width.
        index: of the images in the test set, (n,).
        label: -1 or +1, (n,).
        images: (n, d) in [0, 1].
        views: by loss.
        accuracy: on the whole test set, by loss.
    """

    fraction: float
    repeat: int
    shape: tuple[int, int, int]
    index: NDArray[np.int64]
    label: NDArray[np.float32]
    images: NDArray[np.float32]
    views: dict[str, View]
    accuracy: dict[str, float]

    def rows(self, right: str, wrong: str) -> list[int]:
        """Images that ``right`` gets right and ``wrong`` wrong."""
        chosen = self.views[right].right & ~self.views[wrong].right
        return [int(k) for k in chosen.nonzero()[0]]

    def save(self, file: Path | BinaryIO) -> None:
        """As one NPZ of plain arrays."""
        arrays: dict[str, Any] = {
            "fraction": self.fraction, "repeat": self.repeat, "shape": self.shape,
            "index": self.index, "label": self.label,
            "images": np.round(self.images * 255).astype(np.uint8),
        }  # fmt: skip
        for loss, view in self.views.items():
            arrays |= {f"{loss}_{name}": values for name, values in vars(view).items()}
            arrays[f"{loss}_boundary"] = view.boundary.astype(np.float16)
            arrays[f"{loss}_accuracy"] = self.accuracy[loss]
        np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Gallery:
        """What :meth:`save` wrote.

        Raises:
            LevelsetError: the file is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                losses = [n.removesuffix("_right") for n in file.files if n.endswith("_right")]
                views = {}
                for loss in losses:
                    values = {name: file[f"{loss}_{name}"] for name in View.__dataclass_fields__}
                    boundary = values.pop("boundary").astype(np.float32)
                    views[loss] = View(boundary=boundary, **values)
                channels, height, width = (int(v) for v in file["shape"])
                return cls(
                    float(file["fraction"]), int(file["repeat"]), (channels, height, width),
                    file["index"], file["label"], file["images"].astype(np.float32) / 255, views,
                    {loss: float(file[f"{loss}_accuracy"]) for loss in losses},
                )  # fmt: skip
        except (OSError, ValueError, KeyError) as error:
            raise LevelsetError(f"The gallery {path.name} is missing or damaged.") from error


def make_gallery(
    config: GeneralizationConfig, chosen: Mapping[tuple[str, float], int], data: BinaryImages,
    fraction: float | None = None,
) -> Gallery:  # fmt: skip
    """Train the losses once more on the first reported part, and look where they differ.

    Args:
        chosen: the candidate of every loss and fraction.
        fraction: default: the one in the middle.
    """
    if fraction is None:
        fraction = config.fractions[(len(config.fractions) - 1) // 2]
    repeat = config.parts[0]
    networks = {
        loss: train_group(config, [Unit(loss, fraction, repeat, chosen[loss, fraction])], data)[
            0
        ].network
        for loss in config.losses
    }
    right = {loss: are_right(f, data.test, data.test_labels) for loss, f in networks.items()}
    rows: set[int] = set()
    for a, b in itertools.permutations(config.losses, 2):
        rows.update((right[a] & ~right[b]).nonzero().squeeze(1)[:PER_PAIR].tolist())
    index = torch.tensor(sorted(rows), dtype=torch.int64)
    x = data.test[index]
    return Gallery(
        fraction, repeat, data.shape, index.numpy(), data.test_labels[index].numpy(),
        (x + 0.5).numpy(), {loss: _view(f, x, right[loss][index]) for loss, f in networks.items()},
        {loss: float(r.double().mean()) for loss, r in right.items()},
    )  # fmt: skip


def _view(f: nn.Module, x: Tensor, right: Tensor) -> View:
    s = project(f, x, max_steps=50, tol=1e-4)
    way = x - s.points
    return View(
        right.numpy(), s.start_values.numpy(), (s.points + 0.5).numpy(),
        way.abs().amax(1).numpy() if len(x) else np.zeros(0, np.float32),
        torch.linalg.vector_norm(way, dim=1).numpy(), s.converged.numpy(),
    )  # fmt: skip
