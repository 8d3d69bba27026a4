"""Surfaces from raw points: what `reconstruct --preset quick --seconds 60` reaches.

    python -m benchmarks.reconstruction --data-dir DIR [--store] [--only PART,PART]

* scans: every DIR/meshes/scan_NN.ply against its truth, beside the floor: the same metrics
  between two samplings of the truth.
* paper: the paper's preset in the same time on the first scan.
* meshes: 20,000 points with 0.2% noise on other meshes, beside screened Poisson with the true
  normals (`pip install "levelset-lab[poisson]"`).

* peers: ours beside screened Poisson, with estimated and with the truth's normals, on every cloud
  there is: body scans, simulated and raw range scans, an uneven one, samples of meshes
  (`--clouds NAME,NAME` for some of them). Distances of surface and truth, both ways; Euler number,
  pieces, open edges, seconds; `cpu_seconds` tell how busy the machine was.
* hurried: body scans in 10 and in 20 s.

Seconds are wall time of the whole command, its start, reading and writing included; of peers and
hurried, with `--clock processor`, its processor time, for machines that others use. For peers on
the same core, `OMP_NUM_THREADS=1 python -m benchmarks.reconstruction --only peers --threads 1`.
"""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks import _measure
from benchmarks._peers import MESHES, hurried, noisy, peers, read_mesh
from levelset_core.data import PointCloud, sample_surface
from levelset_core.geometry import Mesh, compare, poisson_surface
from levelset_core.paths import data_folder
from levelset_core.reconstruction.table2 import find_scans

SECONDS = 60


def reconstruct(source: Path, preset: str, folder: Path, options: Any) -> tuple[dict, Mesh]:
    """Run the command line; what it printed, and its mesh."""
    output = folder / f"{source.stem}_{preset}.ply"
    told = _measure.command(
        "reconstruct", source, output, preset=preset, seconds=options.seconds, seed=options.seed
    )
    return told, read_mesh(output)


def measure(a: Mesh | PointCloud, b: Mesh | PointCloud, seed: int) -> dict[str, float]:
    """What there is of the metrics, rounded."""
    found = compare(a, b, seed=seed).as_dict()
    return {name: round(value, 6) for name, value in found.items() if value is not None}


def figures_of(mesh: Mesh, truth: Mesh, told: dict[str, Any], seed: int) -> dict[str, Any]:
    """Metrics against the truth; lengths of point-to-surface in mm where units are metres."""
    found = measure(mesh, truth, seed)
    names = ("chamfer_l1", "chamfer_l2", "point_to_surface", "normal_consistency", "f_score")
    return {name: found[name] for name in names} | {
        name: told[name] for name in ("steps", "seconds", "components", "components_found")
    }


def floor_of(truth: Mesh, seed: int) -> dict[str, float]:
    """The same metrics between two samplings of the truth."""
    a, b = (sample_surface(truth, 30_000, seed=seed + k) for k in (1, 2))
    found = measure(a.without_normals(), b.without_normals(), seed)
    return {name: found[name] for name in ("chamfer_l1", "chamfer_l2", "f_score")}


def scans(options: Any, folder: Path) -> dict[str, Any]:
    """Every scan that has a truth."""
    result: dict[str, Any] = {}
    for name, (scan, truth_file) in find_scans(options.data_dir).items():
        told, mesh = reconstruct(scan, "quick", folder, options)
        truth = read_mesh(truth_file)
        own, floor = figures_of(mesh, truth, told, options.seed), floor_of(truth, options.seed)
        both = ("chamfer_l1", "chamfer_l2")
        over = {f"{k}_over_floor": round(own[k] / floor[k], 4) for k in both}
        result[name] = own | over | {"floor": floor}
        _measure.tell(name, result[name])
    rows = list(result.values())
    result["all"] = {
        "point_to_surface_mean": round(mean(r["point_to_surface"] for r in rows), 6),
        "point_to_surface_worst": max(r["point_to_surface"] for r in rows),
        "chamfer_l1_over_floor_worst": max(r["chamfer_l1_over_floor"] for r in rows),
        "chamfer_l2_over_floor_worst": max(r["chamfer_l2_over_floor"] for r in rows),
        "f_score_worst": min(r["f_score"] for r in rows),
        "normal_consistency_worst": min(r["normal_consistency"] for r in rows),
        "components_most": max(r["components"] for r in rows),
    }
    return result


def paper(options: Any, folder: Path) -> dict[str, Any]:
    """The paper's preset and ours in the same time on the same scan."""
    scan, truth_file = next(iter(find_scans(options.data_dir).values()))
    truth = read_mesh(truth_file)
    rows = {}
    for preset in ("quick", "paper"):
        told, mesh = reconstruct(scan, preset, folder, options)
        rows[preset] = figures_of(mesh, truth, told, options.seed)
    ratio = rows["paper"]["point_to_surface"] / rows["quick"]["point_to_surface"]
    return rows | {"paper_over_quick_point_to_surface": round(ratio, 1)}


def other_meshes(options: Any, folder: Path) -> dict[str, Any]:
    """Noisy samples of meshes of other kinds, beside Poisson with the true normals."""
    result: dict[str, Any] = {}
    for name in MESHES:
        truth = read_mesh(data_folder(options.data_dir) / "meshes" / f"{name}.obj")
        cloud = noisy(truth, options.seed)
        source = folder / f"{name}.npy"
        np.save(source, cloud.points)
        told, mesh = reconstruct(source, "quick", folder, options)
        ours = figures_of(mesh, truth, told, options.seed)
        surface = poisson_surface(cloud.points, cloud.normals, depth=8)
        theirs = measure(surface, truth, options.seed)["point_to_surface"]
        ratio = ours["point_to_surface"] / theirs
        result[name] = ours
        result[name] |= {"poisson_point_to_surface": theirs, "over_poisson": round(ratio, 3)}
        _measure.tell(name, result[name])
    result["over_poisson_worst"] = max(row["over_poisson"] for row in result.values())
    return result


PARTS: dict[str, _measure.Part] = {
    "scans": scans, "paper": paper, "meshes": other_meshes, "peers": peers,
    "hurried": hurried,
}  # fmt: skip

#: What the project asks of these figures.
REQUIRED: dict[str, float] = {
    "point_to_surface_mean": 0.001,
    "point_to_surface_worst": 0.0015,
    "chamfer_over_floor": 1.07,
    "f_score": 0.98,
    "normal_consistency": 0.97,
    "components": 1,
    "paper_over_quick_point_to_surface": 20,
    "over_poisson": 1.3,
    "over_poisson_true": 1.0,  # on every cloud of the peers
    "point_to_surface_of_body_scans_in_20_s": 0.0005,
    "point_to_surface_of_body_scans_in_10_s": 0.0008,
    "point_to_surface_of_dc_and_lordquas": 0.09,
    "hausdorff_of_dc_and_lordquas": 2.8,
    "seconds_over_asked": 1.15,
}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Reconstruction from raw points.")
    parser.add_argument("--data-dir", help="holds meshes/ (default: $LEVELSET_DATA)")
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run")
    parser.add_argument("--clouds", help="of the peers; default: all that there are")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument(
        "--clock", default="wall", choices=list(_measure.STARTS), help="of peers and hurried"
    )
    options = parser.parse_args(arguments)
    further = ["--seconds", f"{options.seconds:g}", "--clock", options.clock]
    further += ["--clouds", options.clouds] if options.clouds else []
    return _measure.report_parts("reconstruction", options, PARTS, REQUIRED, further)


if __name__ == "__main__":
    main()
