"""Readers of image files: idx (MNIST's format), class folders, and zips of class folders."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from levelset_core.errors import LevelsetError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
#: Images of one size up to this stay as they are; others are scaled to ``SIZE`` x ``SIZE``.
MAX_SIDE, SIZE = 64, 32
#: Side of an image file at most, before it is scaled.
MAX_FILE_SIDE = 8192
_STEMS = {"train": "train", "test": "t10k"}


def read_idx(folder: Path, split: str) -> tuple[Tensor, Tensor]:
    """Images, (n, 1, h, w) uint8, and labels, (n,) int64, from ``*-ubyte[.gz]``.

    Raises:
        LevelsetError: a file is missing or damaged, or the numbers differ.
    """
    images = _read_idx_file(folder, f"{_STEMS[split]}-images-idx3-ubyte", 3)
    labels = _read_idx_file(folder, f"{_STEMS[split]}-labels-idx1-ubyte", 1)
    if len(images) != len(labels):
        raise LevelsetError(f"{folder} has {len(images)} images but {len(labels)} labels.")
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels).long()


def _read_idx_file(folder: Path, name: str, dimensions: int) -> np.ndarray:
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.exists()), None)
    if path is None:
        raise LevelsetError(f"{folder} does not hold {name}.gz.")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise LevelsetError(f"{path.name} cannot be read: {error}.") from error
    header = 4 + 4 * dimensions
    shape = [int(k) for k in np.frombuffer(content[4:header], ">u4")]
    magic = bytes((0, 0, 8, dimensions))
    if content[:4] != magic or len(content) != header + int(np.prod(shape)):
        raise LevelsetError(f"{path.name} is damaged: it is not an idx file of bytes.")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape).copy()


def write_idx(folder: Path, split: str, images: Tensor, labels: Tensor) -> None:
    """Write what :func:`read_idx` reads: (n, 1, h, w) uint8 and (n,), compressed."""
    for name, array in (
        (f"{_STEMS[split]}-images-idx3-ubyte.gz", images[:, 0].numpy()),
        (f"{_STEMS[split]}-labels-idx1-ubyte.gz", labels.numpy().astype(np.uint8)),
    ):
        header = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
        (folder / name).write_bytes(gzip.compress(header + array.tobytes(), 9, mtime=0))


def read_class_folders(
    place: Path, split: str
) -> tuple[list[np.ndarray], Tensor, tuple[str, ...], bool]:
    """Pictures of a folder or its zips: ``[SPLIT/]CLASS/FILE``, the classes taking turns.

    Returns:
        Pictures, each (h, w, 3) uint8; labels, (n,); classes in alphabetical order; whether the
        folder itself says which images are for training and which for tests.

    Raises:
        LevelsetError: no pictures, one class only, or a file that is no picture.
    """
    places = {PurePosixPath(name): archive for name, archive in _names(place)}
    divided = any(path.parts[0] == split and len(path.parts) > 2 for path in places)
    members: dict[str, list[PurePosixPath]] = {}
    for path in sorted(places):
        if len(path.parts) > 1 and (not divided or path.parts[0] == split):
            members.setdefault(path.parts[-2], []).append(path)
    classes = tuple(sorted(members))
    if len(classes) < 2:
        raise LevelsetError(
            f"{place} needs at least two class folders with images ({split}/CLASS/FILE or "
            f"CLASS/FILE), found {len(classes)}."
        )
    # Taking turns, so that the first n images are of all classes.
    turns = sorted(
        (turn, label, path)
        for label, name in enumerate(classes)
        for turn, path in enumerate(members[name])
    )
    pictures = []
    with ExitStack() as stack:
        archives = {
            file: stack.enter_context(zipfile.ZipFile(file))
            for file in set(places.values())
            if file
        }
        for _, _, path in turns:
            file = places[path]
            content = archives[file].read(str(path)) if file else (place / path).read_bytes()
            pictures.append(_decode(str(path), content))
    return pictures, torch.tensor([label for _, label, _ in turns]), classes, divided


def are_jpeg(place: Path) -> bool:
    """Whether a picture of :func:`read_class_folders` is a JPEG, so that its pixels are not exact.

    Raises:
        LevelsetError: a zip is damaged.
    """
    return any(PurePosixPath(name).suffix.lower() in (".jpg", ".jpeg") for name, _ in _names(place))


def _names(place: Path) -> Iterator[tuple[str, Path | None]]:
    """Names of pictures below a folder or in its zips, and the zip that each is in."""
    for path in place.rglob("*"):
        if path.suffix.lower() in SUFFIXES:
            yield path.relative_to(place).as_posix(), None
    for file in sorted(place.glob("*.zip")):
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
        except (OSError, zipfile.BadZipFile) as error:
            raise LevelsetError(f"{file.name} is damaged: it is not a zip file.") from error
        yield from ((n, file) for n in names if PurePosixPath(n).suffix.lower() in SUFFIXES)


def _decode(name: str, content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if max(picture.size) > MAX_FILE_SIDE:
                raise LevelsetError(
                    f"{name} has {picture.size[0]} x {picture.size[1]} pixels: "
                    f"at most {MAX_FILE_SIDE} a side."
                )
            small = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LevelsetError(f"{name} is damaged: it is not a picture.") from error
    if max(small.size) > MAX_SIDE:
        small = small.resize((SIZE, SIZE), Image.Resampling.BOX)
    return np.array(small)


def scale_images(pictures: list[np.ndarray]) -> Tensor:
    """One batch, (n, 3, h, w) uint8: pictures of different sizes become ``SIZE`` x ``SIZE``."""
    if len({picture.shape for picture in pictures}) > 1:
        pictures = [
            np.array(Image.fromarray(p).resize((SIZE, SIZE), Image.Resampling.BICUBIC))
            for p in pictures
        ]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
