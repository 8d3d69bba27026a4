"""Table 2: surfaces from raw scans by AtlasNet, by level sets and by screened Poisson.

    python -m levelset_core.reconstruction.table2 [--data-dir DIR] [--seconds 60] [--seed 0]

Every scan ``DIR/meshes/scan_*.ply`` that has its ``scan_*_truth.ply`` is reconstructed by every
method in the same time, with extraction for level sets, on the same number of threads. The
Chamfer distances are the paper's, see :func:`levelset_core.geometry.compare`. The result is
written after each reconstruction; what it holds already is not done again (``--fresh`` does).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from levelset_core.data import PointCloud, read_geometry, read_point_cloud
from levelset_core.device import describe_device, pick_device
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, compare, components, poisson_surface
from levelset_core.paths import data_folder
from levelset_core.reconstruction.atlasnet import ATLASES, AtlasNetConfig, AtlasNetTrainer
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.reconstruction.trainer import ReconstructionTrainer

#: Rows of the table: name -> title. "ours" is the preset "quick".
METHODS: dict[str, str] = {
    "atlasnet-1-sphere": "AtlasNet, 1 sphere",
    "atlasnet-1-patch": "AtlasNet, 1 patch",
    "atlasnet-25-patches": "AtlasNet, 25 patches",
    "ours": "Level sets (quick)",
    "poisson": "Screened Poisson, estimated normals",
}
#: The paper's Table 2, on FAUST, which is not here: mean and deviation of Chamfer L1 and L2.
PAPER: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "atlasnet-1-sphere": ((23.56, 2.91), (17.69, 2.45)),
    "atlasnet-1-patch": ((18.67, 3.45), (13.38, 2.66)),
    "atlasnet-25-patches": ((11.54, 0.53), (7.89, 0.42)),
    "ours": ((10.71, 0.63), (7.32, 0.46)),
}
#: What is summed up, of :class:`levelset_core.geometry.Comparison`.
FIGURES = ("chamfer_l1", "chamfer_l2", "point_to_surface", "normal_consistency", "f_score")
RESULT = Path("docs/results/table2.json")
#: Method -> scan -> figures.
Cells = dict[str, dict[str, dict[str, Any]]]


def reconstruct(method: str, cloud: PointCloud, seconds: float, seed: int) -> tuple[Mesh, int]:
    """The surface of a cloud by a row of the table, and the optimizer steps it took.

    Poisson takes what time it takes; the others train until ``seconds`` are over.

    Raises:
        LevelsetError: an unknown method, or Open3D is not there.
    """
    if method == "poisson":
        return poisson_surface(cloud.points), 0
    trainer: AtlasNetTrainer | ReconstructionTrainer
    if method in ATLASES:
        trainer = AtlasNetTrainer(AtlasNetConfig.row(method, seconds=seconds, seed=seed), cloud)
    elif method == "ours":
        config = ReconstructionConfig.preset("quick", seconds=seconds, seed=seed)
        trainer = ReconstructionTrainer(config, cloud, threads=torch.get_num_threads())
    else:
        raise LevelsetError(f"Unknown method {method!r}: choose of {', '.join(METHODS)}.")
    for _ in trainer:
        pass
    return trainer.extract_mesh(), trainer.step


def find_scans(data_dir: Path | str | None = None) -> dict[str, tuple[Path, Path]]:
    """Scans and their truth, by name.

    Raises:
        LevelsetError: there are none.
    """
    folder = data_folder(data_dir) / "meshes"
    found = {}
    for scan in sorted(folder.glob("scan_*.ply")):
        truth = scan.with_name(f"{scan.stem}_truth.ply")
        if truth.is_file():
            found[scan.stem] = (scan, truth)
    if not found:
        raise LevelsetError(
            "No scan_*.ply with its scan_*_truth.ply in the folder meshes of "
            f"{data_folder(data_dir)}: give --data-dir or $LEVELSET_DATA."
        )
    return found


def measure(method: str, scan: Path, truth: Path, seconds: float, seed: int) -> dict[str, Any]:
    """One cell of the table: the comparison, seconds, steps and pieces."""
    cloud, target = read_point_cloud(scan), read_geometry(truth)
    begun = time.perf_counter()
    mesh, steps = reconstruct(method, cloud, seconds, seed)
    taken = time.perf_counter() - begun
    return {
        **compare(mesh, target, seed=seed).as_dict(),
        "seconds": round(taken, 1),
        "steps": steps,
        "components": len(components(mesh)),
    }


def summary(cells: Cells) -> dict[str, dict[str, list[float]]]:
    """Mean and standard deviation over the scans, ``{method: {figure: [mean, deviation]}}``."""
    table: dict[str, dict[str, list[float]]] = {}
    for method, scans in cells.items():
        for figure in FIGURES:
            values = [cell[figure] for cell in scans.values() if cell.get(figure) is not None]
            if values:
                spread = [round(float(np.mean(values)), 6), round(float(np.std(values)), 6)]
                table.setdefault(method, {})[figure] = spread
    return table


def run(
    scans: dict[str, tuple[Path, Path]],
    methods: list[str],
    seconds: float,
    seed: int,
    cells: Cells | None = None,
    done: Callable[[Cells], None] = lambda cells: None,
) -> Cells:
    """All cells, ``{method: {scan: figures}}``; "floor" compares the truth with itself.

    Args:
        scans: as :func:`find_scans` gives them.
        methods: names in ``METHODS``.
        seconds: for each reconstruction.
        seed: of everything.
        cells: those known already.
        done: called with all cells after each new one.
    """
    cells = cells or {}
    for name, (scan, truth) in scans.items():
        for method in ("floor", *methods):
            row = cells.setdefault(method, {})
            if name in row:
                continue
            if method == "floor":
                target = read_geometry(truth)
                row[name] = compare(target, target, seed=seed).as_dict()
            else:
                row[name] = measure(method, scan, truth, seconds, seed)
            done(cells)
    return cells


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Table 2 as a stored experiment.")
    parser.add_argument("--data-dir", help="where data are (default: $LEVELSET_DATA)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each reconstruction")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    parser.add_argument("--methods", default=",".join(METHODS), help="names, with commas between")
    parser.add_argument("--scans", help="names, with commas between (default: all)")
    parser.add_argument("--fresh", action="store_true", help="do again what is stored already")
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        scans = find_scans(options.data_dir)
        if options.scans:
            scans = {name: scans[name] for name in options.scans.split(",") if name in scans}
        settings = {name: getattr(options, name) for name in ("seconds", "seed", "threads")}
        settings["machine"] = {
            "cpu": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "device": describe_device(pick_device()),
            "torch": torch.__version__,
        }
        cells = {} if options.fresh else _stored(options.output, settings)

        def store(cells: Cells) -> None:
            _write(options.output, settings, cells)
            print(f"{sum(map(len, cells.values()))} cells", file=sys.stderr, flush=True)

        cells = run(scans, options.methods.split(","), options.seconds, options.seed, cells, store)
    except LevelsetError as error:
        print(error, file=sys.stderr)
        return 2
    print(as_text(summary(cells)))
    return 0


def as_text(table: dict[str, dict[str, list[float]]]) -> str:
    """The table for people; Chamfer distances are x 1000, in the scans' units."""
    titles = {**METHODS, "floor": "Truth against itself (floor)"}
    lines = [f"{'':36}{'Chamfer L1':>18}{'Chamfer L2':>18}"]
    for method in (*METHODS, "floor"):
        if method in table:
            cells = [table[method][figure] for figure in ("chamfer_l1", "chamfer_l2")]
            row = "".join(f"{f'{mean:.2f} ± {spread:.2f}':>18}" for mean, spread in cells)
            lines.append(f"{titles[method]:36}{row}")
    return "\n".join(lines)


def _stored(path: Path, settings: dict[str, Any]) -> Cells:
    """The cells of a result with the same settings, or none."""
    try:
        result = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    same = all(result.get(name) == value for name, value in settings.items())
    return dict(result.get("cells", {})) if same else {}


def _write(path: Path, settings: dict[str, Any], cells: dict[str, Any]) -> None:
    command = ["python", "-m", "levelset_core.reconstruction.table2"]
    command += [f"--{name}={settings[name]:g}" for name in ("seconds", "seed", "threads")]
    result = {
        "experiment": "table2",
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(command),
        **settings,
        "paper": PAPER,
        "table": summary(cells),
        "cells": cells,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
