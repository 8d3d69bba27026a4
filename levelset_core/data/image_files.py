"""Readers of image files: idx (MNIST's format), class folders, and zips of class folders."""

from __future__ import annotations

import gzip
import io
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
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
#: Bytes of an idx file once it is unpacked, and of a picture in a zip file.
MAX_UNPACKED, MAX_MEMBER = 1 << 30, 64 << 20
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
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise LevelsetError(f"{path.name} cannot be read: {error}.") from error
    header = 4 + 4 * dimensions
    if len(content) > MAX_UNPACKED:
        raise LevelsetError(f"{path.name} has more than {MAX_UNPACKED >> 20} MB unpacked.")
    if len(content) < header:
        raise LevelsetError(f"{path.name} is damaged: it is cut off.")
    shape = [int(k) for k in np.frombuffer(content[4:header], ">u4")]
    magic = bytes((0, 0, 8, dimensions))
    if content[:4] != magic or len(content) != header + math.prod(shape):
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


@dataclass(frozen=True)
class ClassFolders:
    """Pictures of class folders.

    Attributes:
        images: (n, c, h, w) uint8, the classes taking turns.
        labels: (n,) int64.
        classes: names, in the order of the labels.
        divided: whether the folder itself says which images are for training and which for tests.
        notes: what was left out, changed or assumed, a sentence each.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    divided: bool
    notes: tuple[str, ...] = ()


def read_class_folders(place: Path, split: str, channels: int | None = None) -> ClassFolders:
    """Pictures of a folder or its zips: ``[SPLIT/]CLASS/FILE``.

    Args:
        place: the folder.
        split: "train" or "test".
        channels: 1 for grey, 3 for colour; as the files have it if None: one where all are grey.

    Raises:
        LevelsetError: no pictures, one class only, or a file that is no picture.
    """
    found = list(_names(place))
    places = {PurePosixPath(name): archive for name, archive in found if not _hidden(name)}
    hidden = len(found) - len(places)
    notes = [f"Hidden files were left out: {hidden}."] if hidden else []
    divided = any(path.parts[0] == split and len(path.parts) > 2 for path in places)
    members: dict[str, list[PurePosixPath]] = {}
    for path in sorted(places):
        if len(path.parts) > 1 and (not divided or path.parts[0] == split):
            members.setdefault(path.parts[-2], []).append(path)
    if len(members) < 2:
        raise LevelsetError(
            f"{place} needs at least two class folders with images ({split}/CLASS/FILE or "
            f"CLASS/FILE), found {len(members)}{_only(members)}."
        )
    classes, labels, note = _labels(sorted(members))
    notes += note
    # Taking turns, so that the first n images are of all classes.
    turns = sorted(
        (turn, labels[name], path)
        for name, paths in members.items()
        for turn, path in enumerate(paths)
    )
    pictures = _pictures(place, places, [path for _, _, path in turns])
    images, note = one_batch(pictures, channels)
    labelled = torch.tensor([label for _, label, _ in turns])
    return ClassFolders(images, labelled, classes, divided, (*notes, *note))


def _only(members: Iterable[str]) -> str:
    return "".join(f": {name}" for name in members)


def _hidden(name: str) -> bool:
    """Files that systems leave beside pictures, as "._1.png"."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def _labels(names: list[str]) -> tuple[tuple[str, ...], dict[str, int], list[str]]:
    """Classes in the order of the labels, and the label of each name.

    In alphabetical order, as torchvision's ``ImageFolder`` has them; folders of some of the digits
    are classes of those numbers.
    """
    numbers = {name: int(name) for name in names if name.isdecimal() and len(name) < 5}
    values = sorted(numbers.values())
    gaps = values != list(range(len(names))) and values != list(range(1, len(names) + 1))
    if len(set(values)) < len(names) or not gaps:
        return tuple(names), {name: k for k, name in enumerate(names)}, []
    by_number = {number: name for name, number in numbers.items()}
    classes = tuple(by_number.get(k, str(k)) for k in range(values[-1] + 1))
    listed = ", ".join(map(str, values[:12])) + (", ..." if len(values) > 12 else "")
    return classes, numbers, [f"The folders are taken as the classes of these numbers: {listed}."]


def _pictures(
    place: Path, places: dict[PurePosixPath, Path | None], paths: list[PurePosixPath]
) -> list[Picture]:
    pictures = []
    with ExitStack() as stack:
        archives = {
            file: stack.enter_context(zipfile.ZipFile(file))
            for file in set(places.values())
            if file
        }
        for path in paths:
            file = places[path]
            content = _member(archives[file], path) if file else (place / path).read_bytes()
            pictures.append(_decode(str(path), content))
    return pictures


def _member(archive: zipfile.ZipFile, path: PurePosixPath) -> bytes:
    """A picture in a zip.

    Raises:
        LevelsetError: it is damaged, encrypted, or too large once unpacked.
    """
    try:
        info = archive.getinfo(str(path))
        if info.file_size > MAX_MEMBER:
            raise LevelsetError(
                f"{path} has {info.file_size >> 20} MB: at most {MAX_MEMBER >> 20}."
            )
        return archive.read(info)
    except LevelsetError:
        raise
    except Exception as error:  # zipfile raises whatever it stumbles over
        raise LevelsetError(f"{path} cannot be read from its zip file.") from error


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
        except Exception as error:  # zipfile raises whatever it stumbles over
            raise LevelsetError(f"{file.name} is damaged: it is not a zip file.") from error
        yield from ((n, file) for n in names if PurePosixPath(n).suffix.lower() in SUFFIXES)


@dataclass(frozen=True)
class Picture:
    """A picture as its file has it.

    Attributes:
        pixels: (h, w) or (h, w, 3) uint8, at most ``MAX_SIDE`` a side.
        size: of the file, width and height.
        transparent, deep: it has transparency, or more than 8 bits, which were left out.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    transparent: bool = False
    deep: bool = False


def _decode(name: str, content: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if max(picture.size) > MAX_FILE_SIDE:
                raise LevelsetError(
                    f"{name} has {picture.size[0]} x {picture.size[1]} pixels: "
                    f"at most {MAX_FILE_SIDE} a side."
                )
            size, mode = picture.size, picture.mode
            transparent = mode in ("LA", "PA", "RGBA", "La", "RGBa") or (
                "transparency" in picture.info
            )
            deep = mode[0] in "IF"
            grey = mode[0] in "1LIF" and mode != "LAB"
            if deep:
                small = Image.fromarray(_eight_bits(np.asarray(picture)))
            elif mode in ("P", "PA"):
                small = picture.convert("RGB")
                colours = np.asarray(small)
                grey = bool((colours == colours[..., :1]).all())
                small = small.convert("L") if grey else small
            else:
                small = picture.convert("L" if grey else "RGB")
    except (LevelsetError, MemoryError):
        raise
    except Exception as error:  # its decoders raise whatever they stumble over
        raise LevelsetError(f"{name} is damaged: it is not a picture.") from error
    if max(small.size) > MAX_SIDE:
        small = small.resize((SIZE, SIZE), Image.Resampling.BOX)
    return Picture(np.array(small), size, transparent, deep)


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Of 16 bits, or of numbers of floating point in [0, 1] or [0, 255]."""
    if values.dtype.kind == "f":
        scale = 255.0 if float(values.max(initial=0.0)) <= 1 else 1.0
    else:
        scale = 1 / 257 if int(values.max(initial=0)) > 255 or values.dtype == np.uint16 else 1.0
    return np.clip(np.rint(values * scale), 0, 255).astype(np.uint8)


def one_batch(pictures: list[Picture], channels: int | None) -> tuple[Tensor, list[str]]:
    """(n, c, h, w) uint8, and what was changed: other sizes become ``SIZE`` x ``SIZE``."""
    grey = sum(picture.pixels.ndim == 2 for picture in pictures)
    made = channels or (1 if grey == len(pictures) else 3)
    notes = []
    if channels is None and 0 < grey < len(pictures):
        notes.append(
            f"{grey:,} of {len(pictures):,} images are grey, the others in colour: all are read in "
            "colour (--channels)."
        )
    elif channels == 1 and grey < len(pictures):
        notes.append(f"{len(pictures) - grey:,} images in colour are read as grey.")
    for what, count in (
        ("Transparency was left out of {} images.", sum(p.transparent for p in pictures)),
        ("More than 8 bits a pixel became 8 in {} images.", sum(p.deep for p in pictures)),
    ):
        notes += [what.format(f"{count:,}")] if count else []
    mode = "L" if made == 1 else "RGB"
    images = [Image.fromarray(picture.pixels).convert(mode) for picture in pictures]
    if len({image.size for image in images}) > 1:
        images = [image.resize((SIZE, SIZE), Image.Resampling.BICUBIC) for image in images]
    size = images[0].size
    scaled = sum(picture.size != size for picture in pictures)
    if scaled:
        notes.append(
            f"{scaled:,} of {len(pictures):,} images were scaled to {size[0]} x {size[1]}."
        )
    arrays = np.stack([np.asarray(image).reshape(*size[::-1], made) for image in images])
    return torch.from_numpy(arrays).permute(0, 3, 1, 2).contiguous(), notes
