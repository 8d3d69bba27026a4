"""Curves from raw points: what `curve --preset quick` reaches.

    python -m benchmarks.curves [--store] [--only trefoil,others,partial,ablation] [--seeds N]

* trefoil: 100 points with noise 0.01, as the sample of that name, one draw a seed.
* others: a figure-eight knot, an ellipse, an open helix, a noisy ring in the plane, a Hopf link;
  the trefoil from 30 and from 1,000 points.
* partial: a trefoil without 15% of its length, at three places, and a ring without a quarter.
* ablation: the mean distance after the warm start alone, and after Eq. 13 with and without what
  the prior goes on to say; on noisy and on exact points; and Eq. 13 from a random start.

Distances are means over points all along the found curve to the true one, and the other way.
Seconds are wall time of the whole command, reading and writing included.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _measure
from levelset_core.data import PointCloud
from levelset_core.data.pointclouds import downsample
from levelset_core.data.shapes import helix, trefoil
from levelset_core.geometry import Polyline, distance_to
from levelset_core.random import numpy_generator
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.reconstruction.assess import along

SAMPLES = 2000
T = 2 * np.pi * np.arange(SAMPLES) / SAMPLES
#: Steps of the ablation, and the part of them that is the warm start.
STEPS = 1000


@dataclass(frozen=True, eq=False)
class Case:
    """True curves, the share of each that points are drawn from, how many, and their noise."""

    truth: tuple[Polyline, ...]
    share: float = 1.0
    count: int = 100
    noise: float = 0.01

    def cloud(self, seed: int) -> PointCloud:
        """As the samples of the app: even points, then noise."""
        parts = [line.points[: round(self.share * len(line))] for line in self.truth]
        drawn = np.concatenate(parts)
        even = downsample(PointCloud(drawn), self.count, "farthest", seed=seed).points
        return PointCloud(even + self.noise * numpy_generator(seed, 1).normal(size=even.shape))


def ring(*coordinates: np.ndarray) -> Polyline:
    """A closed curve by its coordinates over T."""
    return Polyline(np.stack(coordinates, axis=1), closed=True)


def turned(line: Polyline, part: float) -> Polyline:
    """The same closed curve, begun elsewhere."""
    return Polyline(np.roll(line.points, -round(part * len(line)), axis=0), closed=True)


KNOT = trefoil(SAMPLES)
CIRCLE = ring(np.cos(T), np.sin(T))
FIGURE_EIGHT = ring(
    (2 + np.cos(2 * T)) * np.cos(3 * T) / 3, (2 + np.cos(2 * T)) * np.sin(3 * T) / 3,
    np.sin(4 * T) / 3,
)  # fmt: skip
HOPF = (
    ring(0.6 * np.cos(T), 0.6 * np.sin(T), 0 * T),
    ring(0.6 + 0.6 * np.cos(T), 0 * T, 0.6 * np.sin(T)),
)
CASES = {
    "trefoil": {"trefoil": Case((KNOT,))},
    "others": {
        "figure_eight": Case((FIGURE_EIGHT,)),
        "ellipse": Case((ring(np.cos(T), 0.6 * np.sin(T), 0.2 * np.cos(T)),)),
        "helix": Case((helix(SAMPLES),)),
        "ring_2d": Case((CIRCLE,), noise=0.02),
        "hopf_link": Case(HOPF, count=160),
        "trefoil_30": Case((KNOT,), count=30),
        "trefoil_1000": Case((KNOT,), count=1000),
    },
    "partial": {
        "trefoil_gap_0": Case((KNOT,), 0.85, 85),
        "trefoil_gap_0.2": Case((turned(KNOT, 0.2),), 0.85, 85),
        "trefoil_gap_0.4": Case((turned(KNOT, 0.4),), 0.85, 85),
        "ring_2d_gap": Case((CIRCLE,), 0.75, 75, 0.02),
    },
}


def distances(lines: list[Polyline], truth: tuple[Polyline, ...]) -> dict[str, float]:
    """Mean distance to the truth, of the truth, and the largest of both."""
    found, exact = along(tuple(lines)), along(truth)
    there, back = distance_to(found, exact), distance_to(exact, found)
    return {
        "mean_distance": round(float(there.mean()), 5),
        "mean_distance_of_truth": round(float(back.mean()), 5),
        "hausdorff": round(float(max(there.max(), back.max())), 5),
    }


def run(case: Case, seed: int, options: Any, folder: Path) -> dict[str, Any]:
    """The command line on a draw; what it told and how far it is from the truth."""
    source, output = folder / "points.xyz", folder / "curve.csv"
    np.savetxt(source, case.cloud(seed).points)
    told = _measure.command("curve", source, output, seed=seed, threads=options.threads)
    names = ("steps", "seconds", "pieces", "closed", "gaps", "ends")
    return distances(read_lines(output), case.truth) | {name: told[name] for name in names}


def read_lines(path: Path) -> list[Polyline]:
    """The polylines of a CSV; a closed one ends where it began."""
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    lines = []
    for _, group in groupby(rows, key=lambda row: row[0]):
        points = np.array([[float(x) for x in row[1:]] for row in group])
        closed = np.array_equal(points[0], points[-1])
        lines.append(Polyline(points[:-1] if closed else points, closed))
    return lines


def commands(part: str, seeds: int) -> _measure.Part:
    """Every case of a part, a row a seed."""

    def measure(options: Any, folder: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for name, case in CASES[part].items():
            draws = range(options.seed, options.seed + (options.seeds or seeds))
            rows = {f"seed_{seed}": run(case, seed, options, folder) for seed in draws}
            worst = max(row["mean_distance"] for row in rows.values())
            result[name] = rows | {"mean_distance_worst": worst}
            _measure.tell(name, result[name])
        return result

    return measure


def ablation(options: Any, folder: Path) -> dict[str, Any]:
    """What the prior and Eq. 13 each do to the mean distance."""
    result: dict[str, Any] = {}
    for name, noise in (("noise_0.01", 0.01), ("exact", 0.0)):
        case = Case((KNOT,), noise=noise)
        result[name] = {
            "prior_and_anchors": trained(case, options.seed),
            "prior_without_anchors": trained(case, options.seed, anchors=0),
            "eq13_alone": trained(case, options.seed, warm_share=0.0),
        }
        _measure.tell(name, result[name])
    return result


def trained(case: Case, seed: int, **changes: Any) -> dict[str, Any]:
    """Mean distance and pieces, when Eq. 13 takes over and at the end."""
    config = ReconstructionConfig.preset("curve", steps=STEPS, seconds=None, seed=seed, **changes)
    trainer = ReconstructionTrainer(config, case.cloud(seed), threads=1)
    warm, row = round(STEPS * config.warm_share), {}
    for snapshot in trainer:
        if snapshot.step in (warm, STEPS):
            lines = list(trainer.extract_curve().polylines)
            found = distances(lines, case.truth)["mean_distance"] if lines else None
            when = "at_the_end" if snapshot.step == STEPS else "after_the_warm_start"
            row[when] = {"mean_distance": found, "pieces": len(lines)}
    return row


PARTS: dict[str, _measure.Part] = {
    "trefoil": commands("trefoil", 5),
    "others": commands("others", 1),
    "partial": commands("partial", 1),
    "ablation": ablation,
}

#: What the project asks of the trefoil.
REQUIRED = {"mean_distance": 0.01, "pieces": 1, "closed": 1}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Curves from raw points.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run")
    told = "draws a case (default: 5 of the trefoil, else 1)"
    parser.add_argument("--seeds", type=int, help=told)
    options = parser.parse_args(arguments)
    further = ["--seeds", str(options.seeds)] if options.seeds else []
    return _measure.report_parts("curves", options, PARTS, REQUIRED, further)


if __name__ == "__main__":
    main()
