"""Is every closed surface a solid? Many clouds and seeds, few steps each.

    python -m benchmarks.soundness --data-dir DIR [--keep FILE] [--store] [--seeds 20] [--steps 150]

Eleven bodies (the scans in DIR/meshes, and their meshes bent, with holes, noise and outliers) once,
and the hard shapes (*dc*, *lordquas*, fandisk, rocker-arm) with every seed: counted are tracebacks,
meshes of a closed surface with open edges, as they are and as a PLY reads back, and Euler numbers.
With `--keep` every run is a line of FILE at once, and runs that are there are not repeated: it goes
on where it was interrupted, or stopped by `--minutes`.
"""

from __future__ import annotations

import json
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _measure
from benchmarks._peers import noisy, read_mesh
from levelset_core.data import PointCloud, read_point_cloud, sample_surface, thinned
from levelset_core.geometry import Mesh, components, write_mesh
from levelset_core.geometry.topology import soundness
from levelset_core.paths import data_folder
from levelset_core.random import numpy_generator
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer

SCANS = ("scan_01", "scan_02", "scan_05", "scan_07")
#: Bodies in all; those over make others of the meshes, each with so many points, noise in metres,
#: share of points 20 mm away, and holes of so many metres.
BODIES = 11
POINTS, NOISE, STRAYS, HOLES, HOLE = 100_000, 0.001, 0.001, 6, 0.06
#: Euler numbers of the hard shapes; a body has 2, where no limbs touch.
HARD = {"dc": -14, "lordquas": 2, "fandisk": 2, "rocker-arm": 0}


def bent(truth: Mesh, seed: int) -> PointCloud:
    """Another body: a mesh bent by smooth waves, as a scanner with holes and noise sees it."""
    rng = numpy_generator(seed)
    points = sample_surface(truth, POINTS, seed=seed).points
    size = np.ptp(points, axis=0).max()
    for _ in range(3):
        wave, push = rng.normal(size=3), 0.03 * size * rng.normal(size=3)
        points = points + np.sin(4 * points @ wave / size + rng.uniform(0, 6))[:, None] * push
    for middle in points[rng.integers(len(points), size=HOLES)]:
        points = points[np.linalg.norm(points - middle, axis=1) > HOLE * rng.uniform(0.3, 1)]
    points = points + NOISE * rng.normal(size=points.shape)
    strays = rng.uniform(size=len(points)) < STRAYS
    points[strays] += 20 * NOISE * rng.normal(size=(int(strays.sum()), 3))
    return PointCloud(points)


def clouds(data: Path, seeds: int) -> Iterator[tuple[str, int, Any]]:
    """Name, seed, and what gives the cloud."""
    meshes, scanned = data / "meshes", data / "clouds"
    for k in range(BODIES):
        name, seed = SCANS[k % len(SCANS)], k // len(SCANS)
        source = meshes / f"{name}.ply"
        truth = meshes / f"{name}_truth.ply"
        if seed:
            yield f"{name} bent", seed, lambda t=truth, s=seed: bent(read_mesh(t), s)
        else:
            yield name, 0, lambda f=source: read_point_cloud(f)
    for seed in range(seeds):
        for name in HARD:
            scan, truth = scanned / f"{name}_scan.ply", meshes / f"{name}.obj"
            if scan.is_file():
                yield name, seed, lambda f=scan: read_point_cloud(f)
            else:
                yield name, seed, lambda t=truth, s=seed: noisy(read_mesh(t), s)


def reconstructed(cloud: PointCloud, seed: int, options: Any, folder: Path) -> dict[str, Any]:
    """One training of few steps: what came out, in memory and as a file."""
    config = ReconstructionConfig.preset(
        "quick", steps=options.steps, seconds=None, seed=seed, resolution=options.resolution
    )
    trainer = ReconstructionTrainer(config, thinned(cloud, options.points), threads=options.threads)
    for _ in trainer:
        pass
    solid = trainer.extract_solid()
    path = folder / "solid.ply"
    write_mesh(solid.mesh, path)
    here, back = soundness(solid.mesh), soundness(read_mesh(path))
    return {
        "seems": trainer.prepared.survey.told if trainer.prepared.survey else "",
        "steps": trainer.step,
        "open": solid.trimmed,
        "watertight": here.watertight and back.watertight,
        "open_edges": here.open_edges + here.shared_edges + back.open_edges + back.shared_edges,
        "euler": here.euler,
        "pieces": len(components(solid.mesh)),
        "told": solid.told,
    }


def summary(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Tracebacks, unsound meshes, and how often each Euler number came out."""
    eulers: dict[str, Counter[str]] = {}
    for key, run in runs.items():
        shape, _, steps = key.split(", ")
        shape += f", {steps}"
        eulers.setdefault(shape, Counter())[str(run.get("euler", "traceback"))] += 1
    sound = [run for run in runs.values() if "euler" in run]
    return {
        "runs": len(runs),
        "tracebacks": len(runs) - len(sound),
        "taken_for_open": sum(run["open"] for run in sound),
        "not_watertight": sum(not (run["open"] or run["watertight"]) for run in sound),
        "euler_numbers_of_truth": HARD,
        "euler_numbers": {shape: dict(counts) for shape, counts in eulers.items()},
    }


def solids(options: Any, folder: Path) -> dict[str, Any]:
    """Every cloud and seed that time allows."""
    kept, begun = Path(options.keep or folder / "runs.jsonl"), time.monotonic()
    lines = kept.read_text().splitlines() if kept.exists() else []
    runs = {run["key"]: run for run in map(json.loads, lines)}
    for name, seed, give in clouds(data_folder(options.data_dir), options.seeds):
        key = f"{name}, seed {seed}, {options.steps} steps"
        if key in runs or time.monotonic() - begun > 60 * options.minutes:
            continue
        try:
            run = reconstructed(give(), seed, options, folder)
        except Exception:  # what this is for
            run = {"traceback": traceback.format_exc()}
        runs[key] = {"key": key} | run
        _measure.tell(key, run)
        with kept.open("a") as file:
            file.write(json.dumps(runs[key]) + "\n")
    return summary(runs) | {"all": list(runs.values())}


#: What the project asks of these figures.
REQUIRED: dict[str, float] = {"tracebacks": 0, "not_watertight": 0, "taken_for_open": 0}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Is every closed surface a solid?")
    parser.add_argument("--data-dir", help="holds meshes/ and clouds/ (default: $LEVELSET_DATA)")
    parser.add_argument("--keep", metavar="FILE", help="of the runs, one a line, to go on from")
    parser.add_argument("--seeds", type=int, default=20, help="of the hard shapes")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--points", type=int, default=40_000, help="of a cloud, at most")
    parser.add_argument("--minutes", type=float, default=600, help="begin no run after that")
    parser.add_argument("--resolution", type=int, default=192)
    options = _measure.parse(parser, arguments)
    with tempfile.TemporaryDirectory() as folder:
        figures = solids(options, Path(folder))
    names = ("seeds", "steps", "points", "resolution")
    further = [f"--{name}={getattr(options, name)}" for name in names]
    return _measure.report("soundness", options, figures, REQUIRED, further)


if __name__ == "__main__":
    main()
