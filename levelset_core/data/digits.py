"""Own digits as MNIST has them: from strokes of a pen, or from a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import center_of_mass

from levelset_core.data.image_files import MAX_FILE_SIDE
from levelset_core.errors import LevelsetError

#: Side of an image of MNIST, and of the box that its digit fits into.
SIDE, BOX = 28, 20
#: Side that strokes are drawn at before they are scaled down, and a pen's width in parts of it.
DRAWN, PEN = 560, 0.075
#: Below this a pixel counts as background.
INK = 16

Stroke = Sequence[Sequence[float]]


def digit_from_strokes(strokes: Sequence[Stroke]) -> np.ndarray:
    """Lines of a round pen as an image of MNIST, (28, 28) uint8.

    Args:
        strokes: each a list of places (x, y) in [0, 1], y downwards.

    Raises:
        LevelsetError: nothing is drawn, or a place is no pair of finite numbers.
    """
    picture = Image.new("L", (DRAWN, DRAWN))
    pen = ImageDraw.Draw(picture)
    width = round(PEN * DRAWN)
    for stroke in strokes:
        places = np.array(stroke, dtype=np.float64).reshape(len(stroke), -1)
        if not places.size:
            continue
        if places.shape[1] != 2 or not np.isfinite(places).all():
            raise LevelsetError("A stroke is a list of places (x, y).")
        at = [(float(a), float(b)) for a, b in np.clip(places, 0, 1) * DRAWN]
        pen.line(at, fill=255, width=width, joint="curve")
        for a, b in at:  # round ends
            pen.ellipse((a - width / 2, b - width / 2, a + width / 2, b + width / 2), fill=255)
    return centred_digit(np.asarray(picture))


def digit_from_picture(content: bytes) -> np.ndarray:
    """A picture of a digit as an image of MNIST, (28, 28) uint8.

    Dark ink on a light ground is inverted; a grey 28 x 28 image with a black rim is taken as it
    is.

    Raises:
        LevelsetError: it is no picture, too large, or empty.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            if max(picture.size) > MAX_FILE_SIDE:
                raise LevelsetError(
                    f"The picture is {picture.width} x {picture.height} pixels: at most "
                    f"{MAX_FILE_SIDE} on a side."
                )
            flat = picture.convert("RGBA")
            ground = Image.new("RGBA", flat.size, (255, 255, 255, 255))
            grey = np.asarray(Image.alpha_composite(ground, flat).convert("L"))
    except (LevelsetError, MemoryError):
        raise
    except Exception as error:  # its decoders raise whatever they stumble over
        raise LevelsetError("This file is no picture that can be read.") from error
    rim = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.median(rim) > 127:
        grey = 255 - grey
    elif grey.shape == (SIDE, SIDE) and not rim.any():
        return grey.copy()
    # A photographed ground is not even: what is nearer to it than to the ink is ground.
    ground_level = float(np.median(grey))
    span = float(grey.max()) - ground_level
    if span < INK:
        raise LevelsetError("There is no digit in the picture: it is all of one brightness.")
    ink = np.clip((grey - ground_level - 0.15 * span) / (0.7 * span), 0, 1) * 255
    return centred_digit(ink.astype(np.uint8))


def centred_digit(ink: np.ndarray) -> np.ndarray:
    """Scaled into a box of 20 x 20, its centre of mass put at pixel (14, 14) of 28 x 28 (LeCun).

    Args:
        ink: (h, w) uint8, bright on black.

    Raises:
        LevelsetError: it is empty.
    """
    rows, columns = (np.unique(places) for places in np.nonzero(ink > INK))
    if not len(rows):
        raise LevelsetError("There is no digit yet: draw one.")
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(part.shape)
    height, width = (max(1, round(n * scale)) for n in part.shape)
    scaled = Image.fromarray(part).resize((width, height), Image.Resampling.BOX)
    small = np.asarray(scaled, dtype=np.float64)
    if small.max() > 0:
        small = small * (255 / small.max())
    y, x = center_of_mass(small)
    result = np.zeros((SIDE, SIDE), dtype=np.uint8)
    top, left = (
        int(np.clip(round(SIDE / 2 - centre), 0, SIDE - size))
        for centre, size in ((y, height), (x, width))
    )
    result[top : top + height, left : left + width] = small.round().astype(np.uint8)
    return result
