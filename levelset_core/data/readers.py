"""Point clouds and meshes from files: PLY, OBJ, STL, OFF, XYZ, CSV, TXT, NPY, NPZ."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from levelset_core.data.formats import check_ply, load_arrays, parse_text
from levelset_core.data.pointclouds import PointCloud, check_spread, sample_surface
from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh

MAX_BYTES = 512 << 20
MAX_POINTS = 5_000_000
#: Points drawn from a mesh unless told otherwise.
SAMPLES = 30_000

_MESHES = (".ply", ".obj", ".stl", ".off")
_TEXTS = (".xyz", ".csv", ".txt", ".pts", ".asc")
FORMATS = (*_MESHES, *_TEXTS, ".npy", ".npz")

Source = str | os.PathLike[str] | IO[bytes]


def read_point_cloud(
    source: Source,
    name: str | None = None,
    *,
    samples: int | None = SAMPLES,
    seed: int = 0,
    purpose: str | None = None,
) -> PointCloud:
    """A point cloud from a file; a mesh is sampled.

    Rows that are not finite and doubles are dropped; the cloud says how many.

    Args:
        source: a path, or a binary file object.
        name: what the file is called, for its ending; needed with a file object.
        samples: points drawn uniformly from a mesh; None takes its vertices instead.
        seed: of these draws.
        purpose: "surface" or "curve": also refuse points on one line, or, for a surface, in
            one plane.

    Raises:
        LevelsetError: the file is missing, empty, too large, damaged or not what its name
            says, or holds too few points.
    """
    found, label = read_geometry(source, name), _label(source, name)
    if isinstance(found, Mesh):
        points, normals = found.vertices, found.normals
        if samples is not None:
            if found.area <= 0:
                raise LevelsetError(f"{label}: the mesh has no area to draw points from.")
            drawn = sample_surface(found, samples, seed=seed)
            points, normals = drawn.points, drawn.normals
        found = PointCloud.clean(points, normals, label)
    if purpose is not None:
        check_spread(found, purpose)
    return found


def read_geometry(source: Source, name: str | None = None) -> Mesh | PointCloud:
    """A mesh if the file holds faces, else a point cloud.

    Raises:
        LevelsetError: as :func:`read_point_cloud`.
    """
    label = _label(source, name)
    ending = Path(label).suffix.lower()
    if ending not in FORMATS:
        raise LevelsetError(
            f"{label}: files ending in {ending or 'nothing'} are not read; use one of "
            f"{', '.join(FORMATS)}."
        )
    data = _read_bytes(source, label)
    if ending in (".npy", ".npz"):
        return _from_numpy(data, label)
    if ending in _TEXTS:
        points, normals = parse_text(data, label)
        _limit(len(points), label)
        return PointCloud.clean(points, normals, label)
    if ending == ".ply":
        _limit(check_ply(data, label), label)
    return _from_trimesh(data, ending[1:], label)


def _label(source: Source, name: str | None) -> str:
    if name:
        return Path(name).name
    if isinstance(source, (str, os.PathLike)):
        return Path(source).name
    raise LevelsetError("A file object needs a name, so that its ending tells the format.")


def _read_bytes(source: Source, label: str) -> bytes:
    """The whole file, after a look at its size."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if not path.is_file():
            raise LevelsetError(f"{label}: there is no such file.")
        try:
            with path.open("rb") as file:
                return _read_bytes(file, label)
        except OSError as error:
            raise LevelsetError(f"{label}: cannot be opened ({error.strerror}).") from error
    size = source.seek(0, io.SEEK_END)
    if size == 0:
        raise LevelsetError(f"{label}: the file is empty.")
    if size > MAX_BYTES:
        raise LevelsetError(
            f"{label}: {size / 2**20:.0f} MB are too many, at most {MAX_BYTES >> 20} MB are read; "
            "thin the points out first."
        )
    source.seek(0)
    return source.read()


def _limit(count: int, label: str) -> None:
    if count > MAX_POINTS:
        raise LevelsetError(
            f"{label}: {count:,} points are too many, at most {MAX_POINTS:,} are read; thin them "
            "out first."
        )


def _from_trimesh(data: bytes, kind: str, label: str) -> Mesh | PointCloud:
    import trimesh

    try:
        # A file object has no folder: nothing beside it (materials, textures) is opened.
        scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False)
        parts: list[Any] = list(scene.geometry.values())
    except Exception as error:  # its parsers raise whatever they stumble over
        raise LevelsetError(f"{label}: this is no readable {kind.upper()} file.") from error
    meshes = [part for part in parts if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    if meshes:
        whole: Any = trimesh.util.concatenate(meshes)
        _limit(len(whole.vertices), label)
        return _mesh(np.asarray(whole.vertices), np.asarray(whole.faces), label)
    points = [np.asarray(p.vertices) for p in parts if len(getattr(p, "vertices", ()))]
    if not points:
        raise LevelsetError(f"{label}: no points found in it.")
    cloud = np.concatenate(points)
    _limit(len(cloud), label)
    return PointCloud.clean(cloud, _ply_normals(parts), label)


def _mesh(vertices: np.ndarray, faces: np.ndarray, label: str) -> Mesh:
    """A mesh from raw arrays: corners at the same place become one vertex, as STL needs it and
    OBJ with textures; faces with a corner that is not finite are dropped.
    """
    finite = np.isfinite(vertices).all(1)
    if not finite.all():
        if 2 * finite.sum() < len(vertices):
            raise LevelsetError(
                f"{label}: {(~finite).sum()} of {len(vertices)} vertices are not finite numbers "
                "(NaN or infinite); the file is damaged."
            )
        faces = faces[finite[faces].all(1)]
        vertices = np.where(finite[:, None], vertices, 0.0)
    vertices, numbers = np.unique(vertices, axis=0, return_inverse=True)
    faces = numbers.reshape(-1)[faces]
    try:
        return Mesh(vertices, faces).select_faces(np.ones(len(faces), dtype=bool))
    except LevelsetError as error:
        raise LevelsetError(f"{label}: {error}") from error


def _ply_normals(parts: list[Any]) -> np.ndarray | None:
    """nx, ny, nz of a PLY without faces, which trimesh keeps aside."""
    if len(parts) != 1:
        return None
    raw = getattr(parts[0], "metadata", {}).get("_ply_raw", {}).get("vertex", {}).get("data")
    if raw is None:
        return None
    names = raw.keys() if isinstance(raw, dict) else raw.dtype.names  # text, or binary
    if not {"nx", "ny", "nz"} <= set(names):
        return None
    return np.stack([np.ravel(raw[axis]) for axis in ("nx", "ny", "nz")], axis=1)


def _from_numpy(data: bytes, label: str) -> Mesh | PointCloud:
    """An (n, d) array, or an archive of points, normals, vertices and faces."""
    arrays = load_arrays(data, label, MAX_BYTES)
    if "vertices" in arrays and "faces" in arrays:
        return _mesh(arrays["vertices"], arrays["faces"], label)
    points = next((arrays[key] for key in ("points", "xyz", "vertices") if key in arrays), None)
    if points is None:
        shaped = [a for a in arrays.values() if a.ndim == 2 and a.shape[1] in (2, 3, 6)]
        if not shaped:
            shapes = ", ".join(f"{key} {array.shape}" for key, array in arrays.items())
            raise LevelsetError(f"{label}: no (n, 3) array of points in it, only {shapes}.")
        points = shaped[0]
    normals = arrays.get("normals")
    if points.ndim == 2 and points.shape[1] == 6:
        points, normals = points[:, :3], points[:, 3:]
    _limit(len(points), label)
    return PointCloud.clean(points, normals, label)
