"""True margins in the playground: what the losses reach where the wanted margin fits.

    python -m benchmarks.margins [--store] [--quick] [--only figure_1,presets,spirals] [--seeds N]

* figure_1: 24 points, margin L-infinity and L2 at epsilon 0.2 and 0.24, 2,000 steps: the share of
  points whose margin is at least 0.97 epsilon; with Newton's points beside the nearest ones.
* presets: two moons, circles, XOR, blobs as the page draws them, 1,500 steps, epsilon 0.9 times the
  largest margin that the points allow: the smallest margin beside that of cross-entropy, in the
  loss's own norm.
* spirals: the same number of points and steps; accuracy and smallest margin.

A seed draws the network's first weights. All else is what the page sets for these points. Margins
are distances to the contours of F on a grid of 1,001 x 1,001 over [-2, 2]^2: nothing that a loss
uses.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import _measure
from levelset_core.data import PointSet
from levelset_core.geometry import contours, evaluate_grid, nearest_on_contours
from levelset_core.live.state import SUITED, Preset
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer

PLANE = (-2.0, 2.0, -2.0, 2.0)
GRID = 1001
#: A point has its margin where it reaches this share of epsilon.
REACHED = 0.97
#: Share of the largest margin that the points allow which epsilon asks for.
ASKED = 0.9
PRESETS = ("two_moons", "circles", "xor", "blobs")
OURS = ("margin_linf", "margin_l2", "geometric_svm")


def true_margins(trainer: PlaygroundTrainer, norm: str) -> np.ndarray:
    """Signed margins, (n,), from the contours of a fine grid."""
    points = trainer.points
    lines = contours(evaluate_grid(trainer.network, PLANE, GRID, device=trainer.device), PLANE)
    distance, _ = nearest_on_contours(points.xy, lines, norm=2.0 if norm == "l2" else np.inf)
    with torch.no_grad():
        outputs = trainer.network(trainer.x).cpu().numpy() * points.labels
    return np.where(outputs > 0, distance, -distance)


def trained(drawing: PointSet, steps: int, **settings: Any) -> PlaygroundTrainer:
    """A trainer after that many steps."""
    trainer = PlaygroundTrainer(PlaygroundConfig(**settings), drawing)
    for _ in range(steps):
        next(trainer)
    return trainer


def figure_1(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Shares of the 24 points that reach the margin asked for, a seed each."""
    suited = dict(SUITED["figure_1"])
    rate = suited.pop("learning_rate")
    drawing, steps = Preset("figure_1", **suited).points(), 100 if options.quick else 2000
    found = {}
    for objective, norm in (("margin_linf", "linf"), ("margin_l2", "l2")):
        for epsilon, goal in ((0.2, 0.99), (0.24, 0.95)):
            for how in ("nearest", "newton"):
                margins = [
                    true_margins(
                        trained(
                            drawing,
                            steps,
                            objective=objective,
                            epsilon=epsilon,
                            points=how,
                            seed=k,
                            learning_rate=rate,
                        ),
                        norm,
                    )
                    for k in range(options.seeds)
                ]
                share = [round(float((m >= REACHED * epsilon).mean()), 4) for m in margins]
                name = f"{objective}_{epsilon}_{how}"
                found[name] = {
                    "share": share,
                    "smallest": [round(float(m.min()), 4) for m in margins],
                    "seeds_with_the_share": sum(s >= goal for s in share),
                }
                _measure.tell(name, found[name])
    return found


def presets(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The smallest margin of each loss beside that of cross-entropy, a seed each."""
    steps = 100 if options.quick else 1500
    found: dict[str, Any] = {}
    for preset in PRESETS:
        points = Preset(preset).points()
        largest = {norm: points.largest_margin(norm) for norm in ("linf", "l2")}
        found[preset] = {
            "largest": {k: round(v, 4) for k, v in largest.items()}, "cross_entropy": {}
        }  # fmt: skip
        rivals = [
            trained(points, steps, objective="cross_entropy", seed=k) for k in range(options.seeds)
        ]
        for norm in largest:
            smallest = [_smallest(trainer, norm) for trainer in rivals]
            found[preset]["cross_entropy"][norm] = smallest
        for objective in OURS:
            norm = PlaygroundConfig(objective=objective).norm
            epsilon = ASKED * largest[norm]
            own = [
                _smallest(
                    trained(points, steps, objective=objective, epsilon=epsilon, seed=k), norm
                )
                for k in range(options.seeds)
            ]
            rival = found[preset]["cross_entropy"][norm]
            ahead = sum(a >= b for a, b in zip(own, rival, strict=True))
            found[preset][objective] = {"norm": norm, "smallest": own, "seeds_not_behind": ahead}
            _measure.tell(f"{preset} {objective}", found[preset][objective])
    return found


def spirals(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Accuracy and smallest margin of each loss, a seed each."""
    points, steps = Preset("spirals").points(), 100 if options.quick else 1500
    found = {}
    for objective in OURS:
        norm = PlaygroundConfig(objective=objective).norm
        epsilon = ASKED * points.largest_margin(norm)
        own = [
            true_margins(trained(points, steps, objective=objective, epsilon=epsilon, seed=k), norm)
            for k in range(options.seeds)
        ]
        found[objective] = {
            "norm": norm,
            "accuracy": [round(float((m > 0).mean()), 4) for m in own],
            "smallest": [round(float(m.min()), 4) for m in own],
        }
        _measure.tell(f"spirals {objective}", found[objective])
    return found


def _smallest(trainer: PlaygroundTrainer, norm: str) -> float:
    """Rounded to four decimals, as the points are."""
    smallest = float(true_margins(trainer, norm).min())
    return round(smallest, 4) if math.isfinite(smallest) else -1.0


PARTS: dict[str, _measure.Part] = {"figure_1": figure_1, "presets": presets, "spirals": spirals}
#: What the project asks of these figures: seeds of five, and the spirals' accuracy.
REQUIRED: dict[str, float] = {
    "seeds_with_the_share": 5,
    "seeds_not_behind": 4,
    "accuracy": 1.0,
}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("True margins in the playground.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--seeds", type=int, default=5)
    options = _measure.parse(parser, arguments)
    return _measure.report_parts(
        "margins", options, PARTS, REQUIRED, ["--seeds", str(options.seeds)]
    )


if __name__ == "__main__":
    main()
