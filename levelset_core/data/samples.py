"""Named raw clouds to start from, each with the truth it was drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from levelset_core.data.pointclouds import PointCloud, downsample, sample_surface
from levelset_core.data.readers import read_geometry, read_point_cloud
from levelset_core.data.shapes import closed_spline, helix, make_surface, trefoil
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline
from levelset_core.paths import ASSETS, data_folder
from levelset_core.random import numpy_generator
from levelset_core.settings import choose

Truth = Mesh | Polyline

#: Points drawn from a surface, and noise as a part of its longest side.
SURFACE_POINTS, SURFACE_NOISE = 20_000, 0.002
#: Points of a curve, as in the paper: chosen by farthest-point sampling, then moved by the noise.
CURVE_POINTS, CURVE_NOISE = 100, 0.01


@dataclass(frozen=True)
class Sample:
    """An entry of the menu.

    Attributes:
        name: for code and addresses.
        title: for people.
        kind: "surface" or "curve".
        note: what it is and where it comes from, a sentence or two.
        up: the axis that points up, "y" or "z".
        file: in the folder ``meshes`` of :func:`levelset_core.paths.data_folder`, for
            what does not come with the project; else None.
    """

    name: str
    title: str
    kind: str
    note: str
    up: str = "z"
    file: str | None = None

    def available(self, data_dir: Path | str | None = None) -> bool:
        """Whether it can be loaded here."""
        return self.file is None or (data_folder(data_dir) / "meshes" / self.file).is_file()


_DRAWN = f"{SURFACE_POINTS:,} points with 0.2% noise"
_SIDE = "Noise in % of the longest side."
_FETCHED = f"{_DRAWN}, read from the data folder: it does not come with the project. {_SIDE}"

#: In the order of the menu.
SAMPLES: dict[str, Sample] = {
    sample.name: sample
    for sample in (
        Sample(
            "body_scan", "Body scan", "surface",
            "120,000 points of a simulated raw scan: 12 cameras, 1 mm noise, outliers, gaps under "
            "the arms and between the legs. Anny body model (Apache-2.0), MakeHuman data (CC0).",
        ),
        Sample(
            "bunny", "Bunny", "surface",
            f"{_DRAWN} of the Stanford bunny, coarse copy in the public domain. {_SIDE}",
            up="y",
        ),
        Sample("flange", "Mechanical part", "surface", f"{_DRAWN} of a generated flange. {_SIDE}"),
        Sample("genus_two", "Genus 2", "surface", f"{_DRAWN} of a generated double ring. {_SIDE}"),
        Sample("spot", "Spot", "surface", f"Keenan Crane's cow, {_FETCHED}", "y", "spot.obj"),
        Sample("fandisk", "Fandisk", "surface", f"CAD part, {_FETCHED}", file="fandisk.obj"),
        Sample(
            "rocker_arm", "Rocker arm", "surface", f"Genus 1, {_FETCHED}", file="rocker-arm.obj"
        ),
        Sample(
            "trefoil", "Trefoil knot", "curve",
            f"{CURVE_POINTS} points with 0.5% noise of a knotted closed curve. {_SIDE}",
        ),
        Sample(
            "helix", "Open helix", "curve",
            f"{CURVE_POINTS} points with 0.6% noise of an open curve. {_SIDE}",
        ),
        Sample(
            "spline", "Noisy closed curve", "curve",
            f"{CURVE_POINTS} points with 1.2% noise of a closed cubic spline. {_SIDE}",
        ),
    )
}  # fmt: skip


def load_sample(
    name: str, seed: int = 0, *, data_dir: Path | str | None = None
) -> tuple[PointCloud, Truth]:
    """A raw cloud without normals, and the surface or curve that it was drawn from.

    Args:
        name: of ``SAMPLES``.
        seed: of the drawing and the noise; the body scan is always the same.
        data_dir: see :func:`levelset_core.paths.data_folder`.

    Raises:
        LevelsetError: no such sample, or its file is not there.
    """
    sample = SAMPLES[choose("sample", name, SAMPLES)]
    if sample.kind == "curve":
        curve = _CURVES[name]()
        even = downsample(PointCloud(curve.points), CURVE_POINTS, "farthest", seed=seed).points
        noise = 2 * CURVE_NOISE if name == "spline" else CURVE_NOISE
        shift = numpy_generator(seed, 1).normal(size=even.shape)
        return PointCloud(even + noise * shift, source=sample.title), curve
    if name == "body_scan":
        cloud = read_point_cloud(ASSETS / "samples" / "body_scan.npz")
        return cloud, _read_mesh(ASSETS / "samples" / "body_scan_truth.npz")
    truth = _truth(sample, data_dir)
    drawn = sample_surface(truth, SURFACE_POINTS, seed=seed)
    sigma = SURFACE_NOISE * float(np.ptp(truth.bounds, axis=0).max())
    shift = numpy_generator(seed, 1).normal(size=drawn.points.shape)
    return PointCloud(drawn.points + sigma * shift, source=sample.title), truth


def _truth(sample: Sample, data_dir: Path | str | None) -> Mesh:
    if sample.name in _SURFACES:
        return _SURFACES[sample.name]()
    if not sample.available(data_dir):
        raise LevelsetError(
            f"{sample.title} does not come with the project: put {sample.file} into the folder "
            "meshes of --data-dir or $LEVELSET_DATA."
        )
    return _read_mesh(data_folder(data_dir) / "meshes" / str(sample.file))


@lru_cache(maxsize=8)
def _read_mesh(path: Path) -> Mesh:
    found = read_geometry(path)
    if not isinstance(found, Mesh):
        raise LevelsetError(f"{path.name} holds points only, but a mesh is needed.")
    return found


_SURFACES: dict[str, Callable[[], Mesh]] = {
    "bunny": partial(_read_mesh, ASSETS / "samples" / "bunny.npz"),
    "flange": lru_cache(partial(make_surface, "flange")),
    "genus_two": lru_cache(partial(make_surface, "genus_two")),
}
_CURVES = {"trefoil": trefoil, "helix": helix, "spline": closed_spline}
