"""Two-class data sets that fill about [-1, 1]^2, and never leave the plane."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from levelset_core.data.points import BOUNDS, PointSet
from levelset_core.errors import LevelsetError
from levelset_core.random import numpy_generator
from levelset_core.settings import choose

#: Two streams of one seed: the drawing, and fresh points of the same kind to test on.
TRAIN, HELD_OUT = 0, 1

Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def _split(n: int) -> tuple[int, int]:
    return (n + 1) // 2, n // 2


def _signs(n: int) -> np.ndarray:
    first, second = _split(n)
    return np.repeat([1, -1], [first, second])


def _two_moons(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets  # takes longer to import than all the rest

    xy, classes = datasets.make_moons(_split(n), shuffle=False)
    return (xy - [0.5, 0.25]) / 1.6, 1 - 2 * classes


def _circles(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    from sklearn import datasets

    xy, classes = datasets.make_circles(_split(n)[::-1], factor=0.45, shuffle=False)
    return 0.95 * xy, 2 * classes - 1


def _xor(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = _signs(n)
    size = rng.uniform(0.12, 0.95, (n, 2))
    first = rng.choice([-1.0, 1.0], n)
    return size * np.stack([first, first * labels], axis=1), labels


def _spirals(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = _signs(n)
    along = np.concatenate([np.linspace(0.12, 1.0, k) for k in _split(n)])
    angle = 1.5 * 2 * np.pi * along
    arm = 0.95 * along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return arm * labels[:, None], labels


def _blobs(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    labels = _signs(n)
    centres = np.where(labels[:, None] > 0, [0.45, 0.4], [-0.45, -0.4])
    return centres + rng.normal(0.0, 0.16, (n, 2)), labels


def _figure_1(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # In the spirit of the paper's Figure 1 (its points are not published): two classes that
    # a wide, winding margin separates, with few samples to say so.
    labels = _signs(n)
    along = np.concatenate([np.linspace(-0.9, 0.9, k) for k in _split(n)])
    height = 0.42 * np.sin(np.pi * along) + 0.34 * labels
    away = 0.3 * labels * np.abs(rng.normal(0.0, 1.0, n))
    return np.stack([along, height + away], axis=1), labels


_PRESETS: dict[str, tuple[str, Draw]] = {
    "two_moons": ("Two moons", _two_moons),
    "circles": ("Circles", _circles),
    "xor": ("XOR", _xor),
    "spirals": ("Spirals", _spirals),
    "blobs": ("Blobs", _blobs),
    "figure_1": ("Figure 1", _figure_1),
}

#: Name -> title of every preset.
PRESETS: dict[str, str] = {name: title for name, (title, _) in _PRESETS.items()}


def make_points(
    preset: str, n: int = 200, noise: float = 0.1, *, seed: int = 0, stream: int = TRAIN
) -> PointSet:
    """n points of a preset, half of each class, with Gaussian noise.

    Args:
        preset: a name in ``PRESETS``.
        n: how many, 2 to 2000.
        noise: standard deviation in units of the plane, 0 to 1.
        seed: the same seed gives the same points.
        stream: ``TRAIN``, or ``HELD_OUT`` for fresh points of the same distribution.

    Raises:
        LevelsetError: unknown preset, or n or noise out of range.
    """
    draw = _PRESETS[choose("preset", preset, PRESETS)][1]
    if not 2 <= n <= 2000:
        raise LevelsetError(f"The number of points must be 2 to 2000, got {n}.")
    if not 0 <= noise <= 1:
        raise LevelsetError(f"The noise must be 0 to 1, got {noise}.")
    rng = numpy_generator(seed, stream)
    xy, labels = draw(n, rng)
    xy = np.clip(xy + rng.normal(0.0, 1.0, xy.shape) * noise, BOUNDS[0], BOUNDS[1])
    return PointSet(xy, labels)
