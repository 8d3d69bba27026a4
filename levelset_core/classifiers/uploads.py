"""Classifiers from the bytes of a stranger's file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path

from torch import Tensor

from levelset_core.classifiers import foreign
from levelset_core.classifiers.files import Classifier, load_classifier, read_about
from levelset_core.errors import LevelsetError

#: Endings that can be read; see :mod:`levelset_core.classifiers.exported` for .pt2.
SUFFIXES = (*foreign.SUFFIXES, ".pt2", ".onnx")
#: Architectures that a state dict from elsewhere may be of; the linear head is found later.
ARCHITECTURES = ("convnet4a", "convnet4b", "resnet18")
#: Shapes of the images that such networks are tried with: MNIST's and CIFAR-10's.
SHAPES = ((1, 28, 28), (3, 32, 32))


def classifier_from_bytes(name: str, content: bytes, *, arch: str | None = None) -> Classifier:
    """The classifier in a file; without ``arch`` the first architecture that fits.

    Args:
        name: of the file; only its ending matters.
        content: the file.
        arch: one of ``ARCHITECTURES``.

    Raises:
        LevelsetError: it is damaged, of another kind, or fits no known architecture.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise LevelsetError(f"{name} must end in one of {', '.join(SUFFIXES)}.")
    if not content:
        raise LevelsetError(f"{name} is empty.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (re.sub(r"[^\w.-]+", "_", Path(name).stem)[:60] + suffix)
        path.write_bytes(content)
        return any_classifier(path, name, arch=arch)


def any_classifier(
    path: Path,
    name: str,
    *,
    arch: str | None = None,
    shapes: Sequence[tuple[int, int, int]] = SHAPES,
    classes: int = 10,
) -> Classifier:
    """The classifier in a file; without ``arch`` the first architecture that fits.

    Args:
        path: of the file, which errors call ``name``.
        arch: one of ``ARCHITECTURES``.
        shapes, classes: that networks are tried with where a file does not say it.

    Raises:
        LevelsetError: there is no such file, it is damaged, or fits no known architecture.
    """
    if path.suffix.lower() in (".pt2", ".onnx") or (arch is None and _describes_itself(path)):
        return load_classifier(path)
    return _foreign(path, name, (arch,) if arch else ARCHITECTURES, shapes, classes)


def _describes_itself(path: Path) -> bool:
    with suppress(LevelsetError):
        read_about(path)
        return True
    return False


def _foreign(
    path: Path,
    name: str,
    architectures: Sequence[str],
    shapes: Sequence[tuple[int, int, int]],
    classes: int,
) -> Classifier:
    weights, _ = foreign.read_state_dict(path)
    errors = []
    outputs = dict.fromkeys((classes, _classes(weights)))
    for arch, shape, number in product(architectures, shapes, outputs):
        try:
            return load_classifier(path, arch=arch, shape=shape, classes=number)
        except LevelsetError as error:
            errors.append(str(error))
    if len(architectures) == 1:
        raise LevelsetError(f"{name} is no {architectures[0]}: {errors[0]}")
    sizes = sum(tensor.numel() for tensor in weights.values())
    raise LevelsetError(
        f"{name} holds {len(weights)} tensors with {sizes:,} numbers ({_some(weights)}), which are "
        f"none of {', '.join(architectures)} for images of {_sizes(shapes)}: export it "
        "with torch.export instead."
    )


def _sizes(shapes: Iterable[tuple[int, int, int]]) -> str:
    return " or ".join(" x ".join(map(str, shape)) for shape in shapes)


def _some(names: Iterable[str]) -> str:
    """The first names, as a sentence has them."""
    names = list(names)
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def _classes(weights: dict[str, Tensor]) -> int:
    """Outputs of the last layer, as the file has it."""
    last = list(weights.values())[-1]
    return int(last.shape[0]) if last.ndim and 2 <= last.shape[0] <= 10_000 else 10
