"""Ours beside screened Poisson on every cloud there is, in one run: a table of figures."""

from __future__ import annotations

import datetime
import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _measure
from levelset_core.data import PointCloud, read_geometry, read_point_cloud, sample_surface
from levelset_core.geometry import Mesh, components, distance_to, poisson_surface
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.topology import soundness
from levelset_core.paths import data_folder
from levelset_core.random import numpy_generator

MESHES = ("stanford-bunny", "spot", "fandisk", "rocker-arm")
#: Points and noise (of the longest side) drawn from meshes, and places that surfaces are compared
#: at.
POINTS, NOISE, PLACES = 20_000, 0.002, 30_000
#: Depth of Poisson's octree: of clouds of 20,000 points, and of the others.
DEPTHS = {True: 8, False: 9}
#: Seconds in which body scans are reconstructed once more.
HURRIED = (10, 20)


@dataclass(frozen=True, eq=False)
class Subject:
    """A cloud as a file, what it was drawn from, and the truth's normals at its points.

    Attributes:
        source: what the command line reads.
        truth: None of scans whose surface nobody knows.
        points, normals: (n, 3); normals of the truth, or the file's own, or None.
    """

    name: str
    source: Path
    truth: Mesh | None
    points: np.ndarray
    normals: np.ndarray | None


def subjects(data_dir: str | None, folder: Path, seed: int) -> Iterator[Subject]:
    """Body scans, simulated scans, scans of the bunny, bimba, samples of meshes."""
    data = data_folder(data_dir)
    pairs = [(f"scan_{k}", data / "meshes" / f"scan_{k}") for k in ("01", "02", "05", "07")]
    pairs += [(name, data / "clouds" / name) for name in ("dc", "lordquas")]
    for name, stem in pairs:
        scan = stem.with_name(f"{stem.name}.ply" if "scan" in name else f"{stem.name}_scan.ply")
        truth = stem.with_name(f"{stem.name}_truth.ply")
        if scan.is_file() and truth.is_file():
            yield _known(name, scan, read_mesh(truth))
    bunny = data / "clouds" / "bunny_scans"
    if (bunny / "bun.conf").is_file():
        yield _known("bunny_scans", bunny / "bun.conf", read_mesh(bunny / "bun_zipper.ply"))
    bimba = data / "clouds" / "bimba_uneven.ply"
    if bimba.is_file():
        cloud = read_point_cloud(bimba)
        yield Subject("bimba", bimba, None, cloud.points, cloud.normals)
    for name in MESHES:
        source = data / "meshes" / f"{name}.obj"
        if source.is_file():
            surface, drawn = read_mesh(source), folder / f"{name}.npy"
            np.save(drawn, noisy(surface, seed).points)
            yield _known(name, drawn, surface)


def noisy(truth: Mesh, seed: int) -> PointCloud:
    """Uniform samples with Gaussian noise, in shares of the largest side, and true normals."""
    cloud = sample_surface(truth, POINTS, seed=seed)
    low, high = truth.bounds
    offset = numpy_generator(seed).normal(size=cloud.points.shape)
    points = cloud.points + NOISE * float((high - low).max()) * offset
    return PointCloud(points, cloud.normals)


def _known(name: str, source: Path, truth: Mesh) -> Subject:
    """With the normal of the truth that is nearest to every point, of 200,000 places on it."""
    from scipy.spatial import cKDTree

    from levelset_core.data import read_scans

    conf = source.suffix == ".conf"
    cloud = read_scans([source]) if conf else read_point_cloud(source)
    places, faces = sample_faces(truth, 200_000, numpy_generator(0))
    _, near = cKDTree(places).query(cloud.points)
    return Subject(name, source, truth, cloud.points, truth.face_normals[faces[near]])


def read_mesh(path: Path) -> Mesh:
    """A mesh, of a file that is known to hold one."""
    mesh = read_geometry(path)
    assert isinstance(mesh, Mesh)
    return mesh


def figures(mesh: Mesh, subject: Subject, seed: int) -> dict[str, Any]:
    """Distances of surface and truth, both ways, and what shape it is; in the cloud's units.

    Where no truth is known, the points' distances to the surface stand for both ways. Open edges
    are those that do not have two faces: 0 of a solid.
    """
    if subject.truth is None:
        there = distance_to(subject.points, mesh)
        ways = [there]
    else:
        mine, _ = sample_faces(mesh, PLACES, numpy_generator(seed, 0))
        true, _ = sample_faces(subject.truth, PLACES, numpy_generator(seed, 1))
        ways = [distance_to(mine, subject.truth), distance_to(true, mesh)]
    shape = soundness(mesh)
    return {
        "point_to_surface": round(float(np.mean([way.mean() for way in ways])), 6),
        "p99": round(max(float(np.quantile(way, 0.99)) for way in ways), 6),
        "hausdorff": round(max(float(way.max()) for way in ways), 6),
        "euler": shape.euler,
        "pieces": len(components(mesh)),
        "open_edges": shape.open_edges + shape.shared_edges,
        "watertight": shape.watertight,
    }


def ours(subject: Subject, folder: Path, seconds: float, options: Any) -> dict[str, Any]:
    """The command line on a cloud, with so many seconds for everything."""
    output = folder / f"{subject.name}.ply"
    before, begun = _cpu(), time.perf_counter()
    told = _measure.command(
        "reconstruct", subject.source, output, preset="quick", seconds=seconds,
        seed=options.seed, threads=options.threads, clock=options.clock,
    )  # fmt: skip
    spent = _cpu() - before
    took = spent if options.clock == "processor" else time.perf_counter() - begun
    return figures(read_mesh(output), subject, options.seed) | {
        "steps": told["steps"], "seconds": round(took, 2),
        "cpu_seconds": round(spent, 1),
        "seconds_over_asked": round(took / seconds, 3),
    }  # fmt: skip


def row(subject: Subject, folder: Path, options: Any) -> dict[str, Any]:
    """Ours, screened Poisson with estimated and with true normals, on one cloud."""
    found: dict[str, Any] = {"points": len(subject.points), "measured": now()}
    found["ours"] = ours(subject, folder, options.seconds, options)
    depth = DEPTHS[len(subject.points) <= POINTS]
    for name, normals in (("poisson_estimated", None), ("poisson_true", subject.normals)):
        if name == "poisson_true" and normals is None:
            continue
        begun, before = time.perf_counter(), time.process_time()
        surface = poisson_surface(subject.points, normals, depth=depth)
        spent = {
            "cpu_seconds": time.process_time() - before,
            "seconds": time.perf_counter() - begun,
        }
        found[name] = figures(surface, subject, options.seed)
        found[name] |= {name: round(value, 1) for name, value in spent.items()}
        ratio = found["ours"]["point_to_surface"] / found[name]["point_to_surface"]
        found[f"over_{name}"] = round(ratio, 3)
    if subject.truth is not None:
        found["euler_of_truth"] = soundness(subject.truth).euler
    return found


def now() -> str:
    """Date, hour, and how many processes wanted a core: more than the threads, and others ran."""
    return f"{datetime.datetime.now():%Y-%m-%d %H:%M}, load {os.getloadavg()[0]:.1f}"


def _cpu() -> float:
    """Seconds of processor time that ended child processes took: unlike wall time it does not grow
    on a busy machine.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(rows: dict[str, Any]) -> str:
    """As Markdown, a line a method."""
    names = ("point_to_surface", "p99", "hausdorff", "euler", "pieces", "open_edges", "seconds")
    lines = ["| cloud | method | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for name, cells in rows.items():
        for method in ("ours", "poisson_estimated", "poisson_true"):
            if own := cells.get(method):
                values = " | ".join(f"{own[k]:.4g}" for k in names)
                lines.append(f"| {name} | {method} | {values} |")
    return "\n".join(lines)


def chosen(options: Any, folder: Path) -> Iterator[Subject]:
    """The clouds that the options name."""
    for subject in subjects(options.data_dir, folder, options.seed):
        if not options.clouds or subject.name in options.clouds.split(","):
            yield subject


def peers(options: Any, folder: Path) -> dict[str, Any]:
    """Every cloud there is, and the worst ratios; stored rows of clouds not chosen stay."""
    rows = _measure.stored("reconstruction").get("peers", {}).get("clouds", {})
    rows = rows if options.store and options.clouds else {}
    for subject in chosen(options, folder):
        rows[subject.name] = row(subject, folder, options)
        _measure.tell(subject.name, rows[subject.name])
    _measure.tell("peers", "\n" + table(rows))
    ratios = [r["over_poisson_true"] for r in rows.values() if "over_poisson_true" in r]
    return {"clouds": rows, "over_poisson_true_worst": max(ratios, default=None)}


def hurried(options: Any, folder: Path) -> dict[str, Any]:
    """Body scans in few seconds."""
    found: dict[str, Any] = {}
    for subject in chosen(options, folder):
        if subject.name.startswith("scan_"):
            own = {str(s): ours(subject, folder, s, options) for s in HURRIED}
            found[subject.name] = own | {"measured": now()}
            _measure.tell(subject.name, own)
    names = [str(seconds) for seconds in HURRIED]
    worst = {k: max(row[k]["point_to_surface"] for row in found.values()) for k in names if found}
    return {"clouds": found, "point_to_surface_worst": worst}
