"""Was a classifier trained on other pixels than those in [0, 1] that it is given?

People normalize images in front of their networks and leave that out of the file. The usual
normalizations are tried on images as they are; a better one must be better beyond chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.signs.attackable import outputs_of, same_draws
from levelset_core.classifiers.normalization import Normalization, usual_normalizations
from levelset_core.levelsets.functions import evaluating

Change = Callable[[Tensor], Tensor]
#: A change must take away so much of the error, be right on so many more of all images, and by a
#: sign test at this level. Of 27 honest networks it took 0.12 of the error at most.
ERROR, BETTER, LEVEL = 0.2, 0.01, 0.01
#: Of changes this close in accuracy the first one in the list is meant.
CLOSE = 0.02


#: Other changes, after the usual normalizations.
OTHERS: dict[str, Change] = {
    "1 - x, light on dark": lambda x: 1 - x,
    "x / 255": lambda x: x / 255,
    "their own mean 0 and deviation 1": lambda x: (
        (x - x.mean((1, 2, 3), keepdim=True)) / (x.std((1, 2, 3), keepdim=True) + 1e-6)
    ),
}
#: Those for square images, and for images in colour.
SQUARE: dict[str, Change] = {"rows and columns exchanged": lambda x: x.mT}
COLOUR: dict[str, Change] = {"blue, green, red": lambda x: x.flip(1)}


def _by(n: Normalization) -> Change:
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (n.mean, n.std))
    return lambda x: (x - mean.to(x)) / std.to(x)


def changes_for(shape: tuple[int, int, int]) -> dict[str, Change]:
    """What pixels of images (channels, height, width) may have been changed to, usual ones first:
    those of the data set that comes first, then those that are nobody's own.
    """
    usual = usual_normalizations(shape[0])[1:]
    own, anybodys = usual[:-3], usual[-3:]
    found = {str(n): _by(n) for n in (*own[:1], *anybodys, *own[1:])} | OTHERS
    square = SQUARE if shape[1] == shape[2] else {}
    return found | square | (COLOUR if shape[0] == 3 else {})


def probe_pixels(network: nn.Module, x: Tensor, y: Tensor, seed: int) -> dict[str, Any]:
    """Accuracy on images as they are, and with pixels changed.

    Args:
        network: (n, c, h, w) -> (n, classes).
        x, y: images in [0, 1] and their classes; the more, the smaller a difference is seen.
        seed: of a random network's draws.

    Returns:
        "images", "accuracy"; "better": the change with which most are right, or "" if none is
        better beyond chance; "best": the accuracy with it.
    """
    from scipy.stats import binomtest  # half a second

    changes = changes_for((x.shape[1], x.shape[2], x.shape[3]))
    with evaluating(network), torch.no_grad():

        def right(change: Change) -> Tensor:
            parts = []
            with same_draws(seed):
                for a, b in zip(x.split(100), y.split(100), strict=True):
                    parts.append(outputs_of(network, change(a)).nan_to_num(-1e30).argmax(1) == b)
            return torch.cat(parts).cpu()

        own = right(lambda x: x)
        found = {name: right(change) for name, change in changes.items()}
    good: dict[str, float] = {}
    for name, rows in found.items():
        won, lost, wrong = (int(r.sum()) for r in (rows & ~own, own & ~rows, ~own))
        if won - lost >= max(BETTER * len(x), ERROR * wrong, 1):
            test = binomtest(won, won + lost, 0.5, alternative="greater")
            if test.pvalue < LEVEL:
                good[name] = float(rows.double().mean())
    best = max(good.values(), default=0.0)
    better = next((name for name, share in good.items() if share >= best - CLOSE), "")
    accuracy = float(own.double().mean())
    best = good.get(better, accuracy)
    return {"images": len(x), "accuracy": accuracy, "better": better, "best": best}
