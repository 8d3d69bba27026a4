"""Point clouds and meshes from files: each ending's reader, with one sentence where it fails."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from levelset_core.data.formats import table
from levelset_core.data.formats.arrays import cloud_of_arrays, load_arrays
from levelset_core.data.formats.meshes import colours_of, normals_beside, prepared
from levelset_core.data.formats.ply import read_ply
from levelset_core.data.formats.ptx import read_ptx
from levelset_core.data.formats.scans import read_e57, read_las, read_pcd
from levelset_core.data.formats.table import Reading, Tell, check_size, check_whole, limit
from levelset_core.data.formats.text import read_text
from levelset_core.data.pointclouds import PointCloud, check_spread, sample_surface
from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh

#: Points drawn from a mesh unless told otherwise.
SAMPLES = 30_000

TEXTS = (".xyz", ".csv", ".txt", ".asc", ".pts", ".xyzn", ".xyzrgb", ".dat", ".tsv")
_MESHES = (".obj", ".stl", ".off")
_SCANS: dict[str, Callable[[bytes, Reading], PointCloud]] = {
    ".pcd": read_pcd, ".las": read_las, ".laz": read_las, ".e57": read_e57, ".ptx": read_ptx,
}  # fmt: skip
FORMATS = (".ply", *_MESHES, *TEXTS, ".npy", ".npz", *_SCANS)

Source = str | os.PathLike[str] | IO[bytes]


def read_point_cloud(
    source: Source,
    name: str | None = None,
    *,
    samples: int | None = SAMPLES,
    seed: int = 0,
    purpose: str | None = None,
    columns: Sequence[str] | None = None,
    tell: Tell | None = None,
) -> PointCloud:
    """A point cloud from a file; a mesh is sampled.

    Rows that are not finite and doubles are dropped; the cloud says how many, and in its notes
    what was assumed.

    Args:
        source: a path, or a binary file object.
        name: what the file is called, for its ending; needed with a file object.
        samples: points drawn uniformly from a mesh; None takes its vertices instead.
        seed: of these draws.
        purpose: "surface" or "curve": also refuse points on one line, or, for a surface, in
            one plane.
        columns: names or numbers (from 1) of the two or three columns that are coordinates.
        tell: called with the share that is read, 0 to 1.

    Raises:
        LevelsetError: the file is missing, empty, too large, damaged or not what its name
            says, or holds too few points.
    """
    found = read_geometry(source, name, columns=columns, tell=tell)
    label = label_of(source, name)
    if isinstance(found, Mesh):
        points, normals, colours = found.vertices, found.normals, found.colours
        if samples is not None:
            if found.area <= 0:
                raise LevelsetError(f"{label}: the mesh has no area to draw points from.")
            drawn = sample_surface(found, samples, seed=seed)
            points, normals, colours = drawn.points, drawn.normals, drawn.colours
        found = PointCloud.clean(points, normals, label, colours=colours)
    if purpose is not None:
        check_spread(found, purpose)
    return found


def read_geometry(
    source: Source,
    name: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    tell: Tell | None = None,
) -> Mesh | PointCloud:
    """A mesh if the file holds faces, else a point cloud.

    Args:
        source, name, columns, tell: see :func:`read_point_cloud`.

    Raises:
        LevelsetError: as :func:`read_point_cloud`.
    """
    label = label_of(source, name)
    ending = ending_of(label)
    reading = Reading(label, tuple(columns) if columns else None, tell or (lambda share: None))
    data = read_bytes(source, label)
    if ending == ".ply":
        found = read_ply(data, reading)
        if isinstance(found, PointCloud):
            return found
        vertices, faces, colours = found
        return _mesh(vertices, faces, label, colours)
    if ending in (".npy", ".npz"):
        arrays = load_arrays(data, label, table.MAX_BYTES)
        if "vertices" in arrays and "faces" in arrays:
            return _mesh(arrays["vertices"], arrays["faces"], label)
        return cloud_of_arrays(arrays, reading)
    if ending in TEXTS:
        return read_text(data, reading, pts=ending == ".pts")
    if ending in _SCANS:
        return _SCANS[ending](data, reading)
    return _from_trimesh(data, ending[1:], label)


def label_of(source: Source, name: str | None) -> str:
    """What a file is called, for people.

    Raises:
        LevelsetError: a file object without a name.
    """
    if name:
        return Path(name).name
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    raise LevelsetError("A file object needs a name, so that its ending tells the format.")


def ending_of(label: str) -> str:
    """The ending that tells the format, without .gz.

    Raises:
        LevelsetError: files with this ending are not read.
    """
    ending = Path(label.lower().removesuffix(".gz")).suffix
    if ending not in FORMATS:
        raise LevelsetError(
            f"{label}: files ending in {ending or 'nothing'} are not read; use one of "
            f"{', '.join(FORMATS)}, or one of these with .gz."
        )
    return ending


def read_bytes(source: Source, label: str) -> bytes:
    """The whole file, after a look at its size; unpacked if it is a .gz.

    Raises:
        LevelsetError: it is missing, empty, too large or damaged.
    """
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if not path.is_file():
            raise LevelsetError(f"{label}: there is no such file.")
        try:
            with path.open("rb") as file:
                return read_bytes(file, label)
        except OSError as error:
            raise LevelsetError(f"{label}: cannot be opened ({error.strerror}).") from error
    size = source.seek(0, io.SEEK_END)
    if size == 0:
        raise LevelsetError(f"{label}: the file is empty.")
    if size > table.MAX_BYTES:
        raise LevelsetError(
            f"{label}: {size / 2**20:.0f} MB are too many, at most {table.MAX_BYTES >> 20} MB are "
            "read; thin the points out first."
        )
    source.seek(0)
    if label.lower().endswith(".gz"):
        return _unpacked(source, label)
    return source.read()


def _unpacked(source: IO[bytes], label: str) -> bytes:
    try:
        with gzip.open(source) as packed:
            data = packed.read(table.MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise LevelsetError(f"{label}: this is no readable gzip file.") from error
    if len(data) > table.MAX_BYTES:
        raise LevelsetError(
            f"{label}: more than {table.MAX_BYTES >> 20} MB unpacked are too many; thin the points "
            "out first."
        )
    if not data:
        raise LevelsetError(f"{label}: the file is empty.")
    return data


def _from_trimesh(data: bytes, kind: str, label: str) -> Mesh | PointCloud:
    import trimesh

    data = prepared(data, kind, label)
    try:
        # A file object has no folder: nothing beside it (materials, textures) is opened.
        scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False)
        parts: list[Any] = list(scene.geometry.values())
    except (Exception, MemoryError) as error:  # its parsers raise whatever they stumble over
        raise LevelsetError(f"{label}: this is no readable {kind.upper()} file.") from error
    meshes = [part for part in parts if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    if meshes:
        whole: Any = trimesh.util.concatenate(meshes)
        limit(len(whole.vertices), label)
        colours = colours_of([whole], kind)
        return _mesh(np.asarray(whole.vertices), np.asarray(whole.faces), label, colours)
    clouds = [part for part in parts if len(getattr(part, "vertices", ()))]
    points = [np.asarray(part.vertices) for part in clouds]
    if not points:
        raise LevelsetError(f"{label}: no points found in it.")
    cloud = np.concatenate(points)
    limit(len(cloud), label)
    check_size(cloud, label)
    normals = normals_beside(data, len(cloud)) if kind == "obj" else None
    return PointCloud.clean(cloud, normals, label, colours=colours_of(clouds, kind))


def _mesh(
    vertices: np.ndarray, faces: np.ndarray, label: str, colours: np.ndarray | None = None
) -> Mesh:
    """A mesh from raw arrays: corners at the same place become one vertex, as STL needs it and
    OBJ with textures; faces with a corner that is not finite are dropped.
    """
    for name, array in (("vertices", vertices), ("faces", faces)):
        if array.ndim != 2 or array.shape[1] != 3:
            raise LevelsetError(f"{label}: its {name} are (n, 3) numbers, got {array.shape}.")
    check_size(vertices, label)
    check_whole(faces, label)
    if len(faces) and not 0 <= faces.min() <= faces.max() < len(vertices):
        raise LevelsetError(
            f"{label}: its faces name vertices {faces.min()} to {faces.max()}, but there are "
            f"{len(vertices):,}."
        )
    faces = faces.astype(np.int64)
    finite = np.isfinite(vertices).all(1)
    if not finite.all():
        if 2 * finite.sum() < len(vertices):
            raise LevelsetError(
                f"{label}: {(~finite).sum()} of {len(vertices)} vertices are not finite numbers "
                "(NaN or infinite); the file is damaged."
            )
        faces = faces[finite[faces].all(1)]
        vertices = np.where(finite[:, None], vertices, 0.0)
    vertices, first, numbers = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
    faces = numbers.reshape(-1)[faces]
    tints = None if colours is None else colours[first]
    try:
        whole = Mesh(vertices, faces, colours=tints)
        return whole.select_faces(np.ones(len(faces), dtype=bool))
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error
