"""True margins in the playground: what the losses reach where the wanted margin fits.

    python -m benchmarks.margins [--store] [--quick] [--only figure_1,blobs,...] [--seeds N]

* figure_1: 24 points, margin L-infinity and L2 at epsilon 0.2 and 0.24, 2,000 steps: the share of
  points whose margin is at least 0.97 epsilon; figure_1_newton: the same at Newton's feet.
* two_moons, circles, xor, blobs as the page draws them, 1,500 steps, epsilon 0.9 times the largest
  margin that the points allow: the smallest margin beside that of cross-entropy, in the loss's own
  norm.
* spirals as the page draws them, the same number of steps; accuracy and smallest margin.

A seed draws the network's first weights. All else is what the page sets for these points. Margins
are distances to the contours of F on a grid of 1,001 x 1,001 over [-2, 2]^2: nothing that a loss
uses.
"""

from __future__ import annotations

import argparse
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import _measure
from levelset_core.data import PointSet
from levelset_core.geometry import contours, evaluate_grid, nearest_on_contours
from levelset_core.live.state import SUITED, SUITED_SETTINGS, Preset
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


def figure_1(how: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Shares of the 24 points that reach the margin asked for, a seed each."""
    drawing = Preset("figure_1", **SUITED["figure_1"]).points()
    steps = 100 if options.quick else 2000
    found = {}
    cases = [(0.2, 0.99, "linf"), (0.24, 0.95, "linf"), (0.2, 0.99, "l2"), (0.24, 0.95, "l2")]
    for epsilon, goal, norm in cases:
        runs = [
            trained(drawing, steps, objective=f"margin_{norm}", epsilon=epsilon, points=how, seed=k)
            for k in range(options.seeds)
        ]
        margins = [true_margins(run, norm) for run in runs]
        share = [round(float((m >= REACHED * epsilon).mean()), 4) for m in margins]
        found[f"margin_{norm}_{epsilon}"] = {
            "loss": [round(run.loss or 0.0, 6) for run in runs],
            "share": share,
            "smallest": [round(float(m.min()), 4) for m in margins],
            "seeds_with_the_share": sum(s >= goal for s in share),
        }
        _measure.tell(f"{norm} {epsilon}", found[f"margin_{norm}_{epsilon}"])
    return found


def beside_cross_entropy(preset: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The smallest margin of each loss beside that of cross-entropy, a seed each."""
    drawing, steps = Preset(preset).points(), 100 if options.quick else 1500
    suited = SUITED_SETTINGS.get(preset, {})
    largest = {norm: drawing.largest_margin(norm) for norm in ("linf", "l2")}
    plain = [
        trained(drawing, steps, objective="cross_entropy", seed=k) for k in range(options.seeds)
    ]
    rivals = {norm: [_smallest(run, norm) for run in plain] for norm in largest}
    found: dict[str, Any] = {
        "largest": {k: round(v, 4) for k, v in largest.items()}, "cross_entropy": rivals
    }  # fmt: skip
    for objective in OURS:
        norm = PlaygroundConfig(objective=objective).norm
        epsilon = ASKED * largest[norm]
        settings = {"objective": objective, "epsilon": epsilon, **suited}
        own = [
            _smallest(trained(drawing, steps, seed=k, **settings), norm)
            for k in range(options.seeds)
        ]
        ahead = sum(a >= b for a, b in zip(own, rivals[norm], strict=True))
        found[objective] = {"norm": norm, "smallest": own, "seeds_not_behind": ahead}
        _measure.tell(f"{preset} {objective}", found[objective])
    return found


def spirals(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Accuracy and smallest margin of each loss, a seed each."""
    points = Preset("spirals", **SUITED["spirals"]).points()
    steps = 100 if options.quick else 1500
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


PARTS: dict[str, _measure.Part] = {
    "figure_1": partial(figure_1, "nearest"),
    **{preset: partial(beside_cross_entropy, preset) for preset in PRESETS},
    "spirals": spirals,
    "figure_1_newton": partial(figure_1, "newton"),
}
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
