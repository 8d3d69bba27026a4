"""``attack --min-norm``: how far the nearest adversarial images are."""

from __future__ import annotations

import datetime
from argparse import Namespace
from typing import TYPE_CHECKING

from levelset_core.cli.common import answer, progress
from levelset_core.device import describe_machine

if TYPE_CHECKING:
    from levelset_core.classifiers.files import Classifier
    from levelset_core.data.images import ImageSet

#: Images that the searches for the nearest adversarial image see together.
MIN_NORM_BLOCK = 50


def min_norm(options: Namespace, classifier: Classifier, data: ImageSet) -> int:
    """Distances of the nearest adversarial images, and the curve that they give."""
    import torch

    from levelset_core.attacks import over_epsilon
    from levelset_core.attacks.fast import frozen
    from levelset_core.attacks.minimum import accuracy_at, least_distances

    network = frozen(classifier.network, options.device)
    parts: list[dict[str, torch.Tensor]] = []
    for start in range(0, len(data), MIN_NORM_BLOCK):
        x, y = data.batch(slice(start, start + MIN_NORM_BLOCK), options.device)
        parts.append(least_distances(network, x, y, norm=options.norm, seed=options.seed + start))
        progress(f"{min(start + MIN_NORM_BLOCK, len(data))} of {len(data)} images")
    found = {name: torch.cat([part[name] for part in parts]).cpu() for name in parts[0]}
    least = found["least"]
    curve = accuracy_at(least, list(over_epsilon("pgd-strong", data.shape[0], options.norm)))
    right, missed = least[least > 0], int(least.isinf().sum())
    result = {
        "norm": options.norm, "images": len(data), "clean_accuracy": curve[0.0],
        "median": float(right.median()) if len(right) and not right.median().isinf() else None,
        "none_found": missed, "curve": {f"{epsilon:g}": share for epsilon, share in curve.items()},
        "searches": {
            name: int(((own == least) & (least > 0) & least.isfinite()).sum())
            for name, own in found.items() if name != "least"
        },
        "distances": [round(d, 6) if d < torch.inf else None for d in least.tolist()],
        "data": data.source, "seed": options.seed, "machine": describe_machine(options.device),
        "date": datetime.date.today().isoformat(),
    }  # fmt: skip
    lines = [f"{share:.2%} farther than {epsilon:g}" for epsilon, share in curve.items()]
    word = {"linf": "L_inf", "l2": "L2"}[options.norm]
    lines.append(f"of {len(data)} images have their nearest adversarial image, in {word}.")
    if missed:
        lines.append(f"For {missed} images no search found one.")
    return answer(options, result, *lines)
