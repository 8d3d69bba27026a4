"""A stranger's classifier: what a confined process makes of it, see ``confined``.

The server never holds the network. It gets what is to be said of it, and the file of this program
that it becomes, as bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from levelset_core.classifiers.files import Classifier, save_classifier
from levelset_core.classifiers.looking import look_at
from levelset_core.classifiers.normalization import Normalization
from levelset_core.classifiers.uploads import classifier_from_bytes
from levelset_core.data.images import IMAGE_SETS, ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import weights_digest


@dataclass(frozen=True)
class UploadedClassifier:
    """What a file holds.

    Attributes:
        model, shape, classes, described: see :class:`~levelset_core.classifiers.files.Classifier`.
        numbers: of parameters.
    """

    model: str
    shape: tuple[int, int, int]
    classes: int
    described: bool
    numbers: int


@dataclass(frozen=True, eq=False)
class SeenClassifier:
    """What it does on images, and the file that it becomes.

    Attributes:
        lines: what is to be said, a sentence each.
        stem: of the file's name: of equal networks it is the same.
        content: (n,) uint8, the file.
    """

    lines: list[str]
    stem: str
    content: np.ndarray


def uploaded_classifier(name: str, arch: str | None, content: bytes) -> UploadedClassifier:
    """What a file holds.

    Args:
        name, content, arch: see :func:`~levelset_core.classifiers.uploads.classifier_from_bytes`.

    Raises:
        LevelsetError: it cannot be read.
    """
    found = classifier_from_bytes(name, content, arch=arch)
    weights = found.network.state_dict().values()
    numbers = getattr(found.network, "numbers", 0) or sum(t.numel() for t in weights)
    return UploadedClassifier(found.model, found.shape, found.classes, found.described, numbers)


def seen_classifier(
    name: str,
    arch: str | None,
    content: bytes,
    normalization: Normalization | None,
    images: Sequence[ImageSet],
) -> SeenClassifier:
    """The classifier as it is right on images, and what is to be said about it.

    Args:
        name, arch, content: see :func:`uploaded_classifier`.
        normalization: what a person says that it wants; None to find out.
        images: first those that it is likeliest made for; the others if these do not fit.

    Raises:
        LevelsetError: it cannot be read.
    """
    found = classifier_from_bytes(name, content, arch=arch)
    lines: list[str] = []
    if images:
        try:
            found, lines = _seen(found, images, normalization)
        except LevelsetError as error:
            lines = [f":material/warning: {error}"]
    return SeenClassifier(lines, weights_digest(found), file_of(found))


def file_of(classifier: Classifier) -> np.ndarray:
    """A classifier as a file of this program, (n,) uint8."""
    c = classifier
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        save_classifier(path, c.network, c.model, c.shape, c.classes)
        return np.fromfile(path, dtype=np.uint8)


def _seen(
    found: Classifier, images: Sequence[ImageSet], normalization: Normalization | None
) -> tuple[Classifier, list[str]]:
    looks = []
    for data in images:  # clothes, if the digits do not fit
        look = look_at(found, data, normalization)
        looks.append((look.accuracy, look, data.name))
        if not look.warning:
            break
    accuracy, look, name = max(looks, key=lambda seen: seen[0])
    lines = list(look.notes)
    if look.warning:
        lines.append(f":material/warning: {look.warning}")
    elif not any(" are right so" in line for line in lines):
        lines.append(
            f"**{accuracy:.1%}** of the first {look.images:,} images of "
            f"{IMAGE_SETS.get(name, name)} are right without an attack."
        )
    return look.classifier, lines
