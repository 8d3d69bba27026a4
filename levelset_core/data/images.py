"""Labelled images in memory, and where they come from: MNIST, Fashion-MNIST, CIFAR-10, folders."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from levelset_core.data.image_files import are_jpeg, read_class_folders, read_idx
from levelset_core.errors import LevelsetError
from levelset_core.paths import ASSETS, data_folder
from levelset_core.random import torch_generator

#: Bundled with the program: the first 1,000 training and 1,000 test images of MNIST.
EXCERPT = ASSETS / "data" / "mnist_excerpt"
#: Name -> title of the data sets known by name; a path is a folder of class folders.
IMAGE_SETS = {
    "mnist": "MNIST",
    "mnist_excerpt": "MNIST, bundled excerpt",
    "fashion_mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
}
#: In the source of class folders: their first images are others than those of the original files.
IN_TURNS = "classes taking turns"
SPLITS = ("train", "test")
_KINDS = ("images-idx3", "labels-idx1")
_RAW = tuple(f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in _KINDS)
_BATCHES = ("batches.meta", "test_batch", *(f"data_batch_{k}" for k in range(1, 6)))
#: Its class in torchvision, where that puts what it downloads, and all the files: a download may
#: have been cut off.
_DOWNLOADED = {
    "mnist": ("MNIST", "MNIST/raw", _RAW),
    "fashion_mnist": ("FashionMNIST", "FashionMNIST/raw", _RAW),
    "cifar10": ("CIFAR10", "cifar-10-batches-py", _BATCHES),
}
_DIGITS = tuple("0123456789")
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


@dataclass(frozen=True)
class ImageSet:
    """Images and their classes.

    Attributes:
        name: of the data set, or the folder's.
        images: (n, channels, height, width) uint8.
        labels: (n,) int64.
        classes: names, in the order of the labels.
        source: where they were read from, in words, for whoever reads a figure.
        notes: what was left out, changed or assumed when they were read, a sentence each.
        places: of a drawn subset, where its images are in the whole set, (n,) int64.
    """

    name: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: str = ""
    notes: tuple[str, ...] = ()
    places: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def batch(
        self, rows: Tensor | slice, device: torch.device | str = "cpu"
    ) -> tuple[Tensor, Tensor]:
        """Images in [0, 1], (m, c, h, w) float32, and labels, (m,)."""
        x = self.images[rows].to(device, torch.float32).div_(255)
        return x, self.labels[rows].to(device)

    def take(self, rows: Tensor | slice) -> ImageSet:
        """These images alone."""
        places = None if self.places is None else self.places[rows]
        return replace(self, images=self.images[rows], labels=self.labels[rows], places=places)

    def first(self, limit: int | None) -> ImageSet:
        """The first ``limit`` images, or all.

        Raises:
            LevelsetError: ``limit`` is not positive.
        """
        if limit is None:
            return self
        if limit < 1:
            raise LevelsetError(f"The number of images must be at least 1, got {limit}.")
        return self.take(slice(limit))

    def drawn(self, limit: int | None, seed: int) -> ImageSet:
        """``limit`` images drawn at random without repetition, in their order here.

        Raises:
            LevelsetError: ``limit`` is not positive.
        """
        if limit is None or limit >= len(self):
            return self.first(limit)
        self.first(limit)  # a bad limit is said there
        places = torch.randperm(len(self), generator=torch_generator(seed))[:limit].sort().values
        source = f"{self.source}, {limit:,} of {len(self):,} drawn by seed {seed}"
        return replace(self.take(places), source=source, places=places)


def is_here(name: str, data_dir: Path | str | None = None) -> bool:
    """Whether a data set of ``IMAGE_SETS`` can be read without a download."""
    folder = data_folder(data_dir)
    if name == "mnist_excerpt":
        return True
    if name == "cifar10":
        if _class_folders(folder, "test") is not None:
            return True
    elif any((folder / name).glob("*-ubyte*")):
        return True
    _, place, files = _DOWNLOADED[name]
    return all((folder / "torchvision" / place / file).is_file() for file in files)


def data_set_of(source: str) -> str:
    """The name of the data set that an :attr:`ImageSet.source` tells of, or "" for a folder's."""
    if "images of MNIST, bundled" in source:
        return "mnist_excerpt"
    if "images of class folders cifar10," in f"{source},":  # as it was called until 2026-11
        return "cifar10"
    names = ("mnist", "fashion_mnist", "cifar10")
    return next((name for name in names if source.startswith(f"{IMAGE_SETS[name]} ")), "")


def same_first_images(one: str, other: str) -> bool:
    """Whether two data sets begin with the same test images."""
    return one == other or {one, other} == {"mnist", "mnist_excerpt"}


def load_images(
    name: str,
    split: str,
    *,
    data_dir: Path | str | None = None,
    download: bool = True,
    channels: int | None = None,
) -> ImageSet:
    """A data set, or the class folders in a folder.

    Args:
        name: one of ``IMAGE_SETS``, or a folder: ``train/CLASS/*`` and ``test/CLASS/*``, or just
            ``CLASS/*``, of which every fifth image of a class is for tests.
        split: "train" or "test".
        data_dir: where data sets are, see :func:`data_folder`: ``mnist/*-ubyte.gz``, folders or
            zips of class folders.
        download: let torchvision download what is not there.
        channels: of the images in a folder: 1 or 3; None for what the files have.

    Raises:
        LevelsetError: there are no such data, or they are damaged.
    """
    if split not in SPLITS:
        raise LevelsetError(f"Unknown split {split!r}: choose train or test.")
    if channels not in (None, 1, 3):
        raise LevelsetError(f"Images have 1 or 3 channels, got {channels}.")
    if name not in IMAGE_SETS:
        return _folder(Path(name).expanduser(), Path(name).name, split, channels)
    folder = data_folder(data_dir)
    if name == "cifar10":
        place = _class_folders(folder, split)
        if place is None:
            return _torchvision(name, (), folder, split, download)
        source = f"CIFAR-10 {split} as class folders, {IN_TURNS}"
        if are_jpeg(place):
            source += ", JPEG files whose pixels differ a little from the original ones"
        return replace(_folder(place, name, split, 3), source=source, notes=())
    if name == "mnist_excerpt":
        images, labels = read_idx(EXCERPT, split)
        source = f"first {len(images)} {split} images of MNIST, bundled"
        return ImageSet(name, images, labels, _DIGITS, source)
    classes = _FASHION if name == "fashion_mnist" else _DIGITS
    if not any((folder / name).glob("*-ubyte*")):
        return _torchvision(name, classes, folder, split, download)
    images, labels = read_idx(folder / name, split)
    return ImageSet(name, images, labels, classes, f"{IMAGE_SETS[name]} {split}, local files")


def _class_folders(folder: Path, split: str) -> Path | None:
    """Where CIFAR-10 lies as class folders, or zips of them."""
    for place in (folder / "cifar10", folder / "cifar10_imagefolder"):
        if place.is_dir() and (list(place.glob("*.zip")) or (place / split).is_dir()):
            return place
    return None


def _folder(place: Path, name: str, split: str, channels: int | None) -> ImageSet:
    if not place.is_dir():
        known = ", ".join(IMAGE_SETS)
        raise LevelsetError(f"{place} is no folder of class folders; known data sets: {known}.")
    found = read_class_folders(place, split, channels)
    images, labels, classes = found.images, found.labels, found.classes
    if not found.divided:  # every fifth of a class is for tests
        same = labels[:, None] == torch.arange(len(classes))
        rank = same.cumsum(0).gather(1, labels[:, None]).squeeze(1)  # from 1
        chosen = (rank % 5 == 0) if split == "test" else (rank % 5 != 0)
        images, labels = images[chosen], labels[chosen]
        if not len(images):
            raise LevelsetError(f"{place} holds too few images: a class needs at least 5.")
    source = f"{split} images of class folders {name}{', grey' if images.shape[1] == 1 else ''}"
    return ImageSet(name, images, labels, classes, source, found.notes)


def _torchvision(
    name: str, classes: tuple[str, ...], folder: Path, split: str, download: bool
) -> ImageSet:
    from levelset_core._torchvision import torchvision

    root = folder / "torchvision"
    try:
        kind = getattr(torchvision.datasets, _DOWNLOADED[name][0])
        found = kind(str(root), train=split == "train", download=download)
    except (OSError, RuntimeError, EOFError, tarfile.TarError) as error:
        raise LevelsetError(
            f"{IMAGE_SETS[name]} is not in {folder} and cannot be downloaded: give --data-dir or "
            "$LEVELSET_DATA a folder that holds it."
        ) from error
    images = torch.as_tensor(found.data)
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2).contiguous()
    labels, source = torch.as_tensor(found.targets), f"{IMAGE_SETS[name]} {split}, torchvision"
    return ImageSet(name, images, labels, classes or tuple(found.classes), source)


def epoch_order(n: int, seed: int, epoch: int) -> Tensor:
    """The order of the images in an epoch, (n,): the same for a seed and an epoch."""
    return torch.randperm(n, generator=torch_generator(seed * 1_000_003 + epoch))
