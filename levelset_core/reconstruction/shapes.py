"""Shapes in a run's folder: the cloud it works on, the surface or curve it found, F on a grid.

All of it as NPZ without pickle, in the cloud's units: fast to write every other second, and a page
reads it while the run goes on. Vertices are single precision around an origin in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.data import PointCloud
from levelset_core.geometry import Grid, Mesh, Polyline
from levelset_core.geometry.grid import Band, lattice
from levelset_core.geometry.marching import march
from levelset_core.runs.files import array_bytes, read_arrays, take, write_arrays
from levelset_core.runs.folder import Run

#: Names in a run's ``inputs`` and ``artifacts``.
CLOUD, TRUTH = "cloud.npz", "truth.npz"
PREVIEW, SHAPE, FIELD = "preview.npz", "shape.npz", "field.npz"


@dataclass(frozen=True, eq=False)
class Shape:
    """What a run found, or has found so far.

    Attributes:
        meshes: the surface; of a curve in space the two surfaces that meet in it.
        lines: the curve's pieces; none of a surface.
        step, seconds: of the training when it was extracted.
        whole: the surface before it was trimmed, where it was.
        away: (n,) how far each vertex of ``sheet`` is from the points, in their spacings there, see
            :func:`levelset_core.reconstruction.boundary.away_from_data`; None of a preview.
    """

    meshes: tuple[Mesh, ...] = ()
    lines: tuple[Polyline, ...] = ()
    step: int = 0
    seconds: float = 0.0
    whole: Mesh | None = None
    away: np.ndarray | None = None

    @property
    def sheet(self) -> Mesh:
        """The surface as far as it goes: what can be trimmed."""
        return self.meshes[0] if self.whole is None else self.whole

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.lines and not any(len(mesh.faces) for mesh in self.meshes)


@dataclass(frozen=True, eq=False)
class FieldGrid:
    """F on a regular grid.

    Attributes:
        values: (l, nx, ny, nz), F's outputs one after another, in units of the cloud's length.
        low, high: (3,), where the first and the last node are.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def level_set(self, level: float) -> Mesh:
        """{F_1 = level}, interpolated between the nodes; empty where F does not cross the level."""
        shape = self.values.shape[1:]
        step = (self.high - self.low) / (np.array(shape) - 1)
        grid = Grid((0.0, 0.0, 0.0), 1.0, shape)
        mesh = march(Band(self.values[0], lattice(np.array(shape) - 1), grid.size), grid, level)
        return replace(mesh, vertices=self.low + step * mesh.vertices)


def cloud_bytes(cloud: PointCloud) -> bytes:
    """A cloud as the content of an input called ``CLOUD``."""
    arrays = {"points": cloud.points}
    arrays |= {name: a for name in _CARRIED if (a := getattr(cloud, name)) is not None}
    return array_bytes(arrays)


#: What a cloud may have besides its points.
_CARRIED = ("normals", "colours", "intensity", "stations", "station")


def read_cloud(run: Run) -> PointCloud:
    """The cloud that a run works on.

    Raises:
        LevelsetError: it is missing or damaged.
    """
    arrays = read_arrays(run.inputs / CLOUD)
    others: dict[str, Any] = {name: arrays[name] for name in _CARRIED if name in arrays}
    return PointCloud(take(arrays, "points"), source=run.config.name, **others)


def write_shape(path: Path, shape: Shape) -> None:
    """Replace a file by ``shape``."""
    write_arrays(path, _arrays_of(shape))


def shape_bytes(shape: Shape) -> bytes:
    """A shape as the content of an input called ``TRUTH``."""
    return array_bytes(_arrays_of(shape))


def _arrays_of(shape: Shape) -> dict[str, np.ndarray]:
    arrays = {
        "about": np.array([len(shape.meshes), len(shape.lines), shape.step]),
        "seconds": np.array(shape.seconds),
        "closed": np.array([line.closed for line in shape.lines], dtype=bool),
    }
    whole = [] if shape.whole is None else [("_whole", shape.whole)]
    for k, mesh in [*((str(k), mesh) for k, mesh in enumerate(shape.meshes)), *whole]:
        origin = mesh.bounds.mean(0)
        arrays[f"origin{k}"] = origin
        arrays[f"vertices{k}"] = (mesh.vertices - origin).astype(np.float32)
        if mesh.colours is not None:
            arrays[f"colours{k}"] = mesh.colours
        arrays[f"normals{k}"] = mesh.vertex_normals.astype(np.float32)
        arrays[f"faces{k}"] = mesh.faces.astype(np.uint32)
    if shape.away is not None:
        arrays["away"] = shape.away.astype(np.float32)
    for number, line in enumerate(shape.lines):
        arrays[f"line{number}"] = line.points
    return arrays


def read_shape(path: Path) -> Shape:
    """What :func:`write_shape` wrote.

    Raises:
        LevelsetError: it is missing or damaged.
    """
    arrays = read_arrays(path)
    meshes, lines, step = (int(n) for n in take(arrays, "about"))
    closed = take(arrays, "closed")
    return Shape(
        tuple(_mesh_of(arrays, str(k)) for k in range(meshes)),
        tuple(Polyline(take(arrays, f"line{k}"), bool(closed[k])) for k in range(lines)),
        step,
        float(take(arrays, "seconds")),
        _mesh_of(arrays, "_whole") if "vertices_whole" in arrays else None,
        arrays.get("away"),
    )


def _mesh_of(arrays: dict[str, np.ndarray], k: str) -> Mesh:
    vertices, faces, normals = (take(arrays, f"{n}{k}") for n in ("vertices", "faces", "normals"))
    origin = arrays.get(f"origin{k}", np.zeros(3))  # older files have none
    return Mesh(origin + vertices, faces, normals, colours=arrays.get(f"colours{k}"))


def write_field(path: Path, field: FieldGrid) -> None:
    """Replace a file by ``field``."""
    values = field.values.astype(np.float32)
    write_arrays(path, {"values": values, "low": field.low, "high": field.high})


def read_field(path: Path) -> FieldGrid:
    """What :func:`write_field` wrote.

    Raises:
        LevelsetError: it is missing or damaged.
    """
    arrays = read_arrays(path)
    values, low, high = (take(arrays, name) for name in ("values", "low", "high"))
    return FieldGrid(values.astype(np.float32), low, high)
