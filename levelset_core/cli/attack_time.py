"""How long an attack is going to take, told before it begins: a file may hold any network."""

from __future__ import annotations

import time
from argparse import Namespace

import torch

from levelset_core.attacks import AttackConfig
from levelset_core.classifiers.files import Classifier
from levelset_core.cli.common import progress
from levelset_core.data.images import ImageSet
from levelset_core.errors import LevelsetError
from levelset_core.runs.words import duration

#: Seconds an image from which on it is told.
SLOW = 0.5
#: An attack that takes longer is not begun, in seconds.
MOST = 7 * 86_400.0
#: A step is a pass there and one back, which takes twice as long.
_PASSES = 3


def foresee(
    options: Namespace, classifier: Classifier, data: ImageSet, attack: AttackConfig
) -> None:
    """Tell what slow networks need, by two images on the CPU.

    Raises:
        LevelsetError: it would take more than a week.
    """
    if data.shape != classifier.shape:
        return  # that is said of its own
    x = data.batch(slice(0, 2), torch.device("cpu"))[0]
    begun = time.perf_counter()
    with torch.no_grad():
        classifier.network(x)
    each = (time.perf_counter() - begun) / len(x)
    if each < SLOW:
        return
    images = min(options.limit or len(data), len(data))
    steps = attack.steps * attack.restarts * max(1, attack.eot)
    least = each * images * (1 + _PASSES * steps)
    said = f"An image takes {each:.1f} s to pass through this network"
    if least > MOST:
        raise LevelsetError(
            f"{said}, so {images:,} images with {steps:,} steps take at least {duration(least)}: "
            "ask for fewer (--limit, --steps)."
        )
    progress(f"{said}: {images:,} images with {steps:,} steps take at least {duration(least)}.")
