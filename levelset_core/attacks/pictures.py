"""Adversarial images to keep: as arrays, and as a sheet to look at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from levelset_core.data.images import ImageSet
from levelset_core.errors import LevelsetError

#: On a sheet: images at most, pairs in a row, and how wide one is drawn.
MOST, ACROSS, WIDE = 60, 10, 84
_CAPTION = 14


def adversarial_arrays(
    network: nn.Module, data: ImageSet, found: Tensor, broken: Tensor
) -> dict[str, np.ndarray]:
    """What an attack broke: "original" and "adversarial" in [0, 1], (m, c, h, w) float32; "label",
    "seen_as", and "place" in the test set, (m,) int64.

    Args:
        network: logits, on the CPU or a device of its own.
        data: the images that were attacked.
        found, broken: as in :class:`levelset_core.attacks.AttackReport`.
    """
    rows = broken.nonzero().squeeze(1)
    x, y = data.batch(rows)
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    seen = [torch.zeros(0, dtype=torch.int64)]
    network.eval()
    with torch.no_grad():
        seen += [network(part.to(device)).argmax(1).cpu() for part in found[rows].split(100)]
    places = rows if data.places is None else data.places[rows]
    arrays = {
        "original": x, "adversarial": found[rows], "label": y, "seen_as": torch.cat(seen),
        "place": places,
    }  # fmt: skip
    return {name: values.numpy() for name, values in arrays.items()}


def sheet(arrays: dict[str, np.ndarray], classes: tuple[str, ...]) -> bytes:
    """A PNG of the first ``MOST`` pairs: the image, the adversarial one below it, both names.

    Raises:
        LevelsetError: there is none.
    """
    count = min(MOST, len(arrays["label"]))
    if not count:
        raise LevelsetError("The attack broke no image: there is none to draw.")
    high = round(WIDE * arrays["original"].shape[2] / arrays["original"].shape[3])
    tall = 2 * high + _CAPTION + 6
    down = -(-count // ACROSS)
    picture = Image.new("RGB", (min(count, ACROSS) * (WIDE + 4), down * tall), "white")
    pen = ImageDraw.Draw(picture)
    for k in range(count):
        left, top = (k % ACROSS) * (WIDE + 4), (k // ACROSS) * tall
        for row, name in enumerate(("original", "adversarial")):
            tile = _tile(arrays[name][k]).resize((WIDE, high), Image.Resampling.NEAREST)
            picture.paste(tile, (left, top + row * high))
        seen = classes[arrays["seen_as"][k]] if arrays["seen_as"][k] < len(classes) else "?"
        pen.text(
            (left + 2, top + 2 * high), f"{classes[arrays['label'][k]]} > {seen}", fill="black"
        )
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """The arrays as one compressed NPZ file."""
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


def save_images(path: Path, arrays: dict[str, np.ndarray], classes: tuple[str, ...]) -> list[Path]:
    """Write the arrays to ``path`` and, if there are any images, a sheet beside it; what was
    written.

    Raises:
        LevelsetError: the name does not end in .npz, or the folder cannot be written.
    """
    check_target(path)
    files: dict[Path, bytes] = {path: npz(arrays)}
    if len(arrays["label"]):
        files[path.with_suffix(".png")] = sheet(arrays, classes)
    try:
        for file, content in files.items():
            file.write_bytes(content)
    except OSError as error:
        raise LevelsetError(f"{path} cannot be written: {error.strerror}.") from error
    return list(files)


def check_target(path: Path) -> None:
    """Refuse a name that no arrays go to.

    Raises:
        LevelsetError: it does not end in .npz, or there is no such folder.
    """
    if path.suffix != ".npz":
        raise LevelsetError(f"Adversarial images are saved as .npz, with a .png beside: {path}.")
    if not path.parent.is_dir():
        raise LevelsetError(f"There is no folder {path.parent}.")


def _tile(values: Any) -> Image.Image:
    pixels = np.round(255 * np.clip(np.moveaxis(values, 0, -1), 0, 1)).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
