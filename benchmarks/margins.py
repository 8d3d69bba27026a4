"""True margins in the playground: what the losses reach where the wanted margin fits.

    python -m benchmarks.margins [--store] [--quick] [--only figure_1,presets,spirals] [--seeds N]

* figure_1: 24 points, margin L-infinity and L2 at epsilon 0.2 and 0.24, 2,000 steps: the share of
  points whose margin is at least 0.97 epsilon.
* presets: two moons, circles, XOR, blobs as the page draws them, 1,500 steps, epsilon 0.9 times the
  largest margin that the points allow: the smallest margin beside that of cross-entropy, in the
  loss's own norm.
* spirals: the same points count and steps; accuracy and smallest margin.

A seed draws the network's first weights. All other settings are the playground's defaults. Margins
are distances to the contours of F on a grid of 1,201 x 1,201 over [-2, 2]^2: nothing that a loss
uses.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _measure
from levelset_core.data import PointSet
from levelset_core.geometry import contours, evaluate_grid, nearest_on_contours
from levelset_core.live import PlaygroundState
from levelset_core.live.state import Preset
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer

PLANE = (-2.0, 2.0, -2.0, 2.0)
GRID = 1201
#: A point has its margin where it reaches this share of epsilon.
REACHED = 0.97
#: Share of the largest margin that the presets' points allow which epsilon asks for.
ASKED = 0.9
PRESETS = ("two_moons", "circles", "xor", "blobs")
OURS = ("margin_linf", "margin_l2", "geometric_svm")


def true_margins(trainer: PlaygroundTrainer, norm: str) -> np.ndarray:
    """Signed margins, (n,), from the contours of a fine grid."""
    points = trainer.points
    lines = contours(evaluate_grid(trainer.network, PLANE, GRID, device=trainer.device), PLANE)
    distance, _ = nearest_on_contours(points.xy, lines, norm=2.0 if norm == "l2" else np.inf)
    return np.where(trainer.values() * points.labels > 0, distance, -distance)


def train(points: PointSet, steps: int, **settings: Any) -> tuple[PlaygroundTrainer, float]:
    """A trainer after that many steps, and the seconds a step."""
    trainer = PlaygroundTrainer(PlaygroundConfig(**settings), points)
    begin = time.perf_counter()
    for _ in range(steps):
        next(trainer)
    return trainer, (time.perf_counter() - begin) / steps
