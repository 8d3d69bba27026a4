"""Meshes and polylines to files."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh, Polyline, in_space

MESH_FORMATS = (".ply", ".obj", ".stl", ".glb")
POLYLINE_FORMATS = (".csv", ".obj", ".ply")
Lines = Polyline | list[Polyline] | tuple[Polyline, ...]


def mesh_bytes(mesh: Mesh, kind: str) -> bytes:
    """A mesh as PLY, OBJ, STL or GLB, with its normals (STL keeps those of the faces).

    Args:
        mesh: with at least one face.
        kind: "ply", "obj", "stl" or "glb".

    Raises:
        LevelsetError: the format is unknown, or the mesh is empty.
    """
    import trimesh

    if f".{kind}" not in MESH_FORMATS:
        raise LevelsetError(f"Meshes are written as {', '.join(MESH_FORMATS)}, not as {kind!r}.")
    if not len(mesh.faces):
        raise LevelsetError("There is no surface to write: the mesh is empty.")
    own = mesh.vertex_normals
    solid = trimesh.Trimesh(mesh.vertices, mesh.faces, vertex_normals=own, process=False)
    normals = {"ply": "vertex_normal", "obj": "include_normals", "glb": "include_normals"}
    options: dict[str, Any] = {normals[kind]: True} if kind in normals else {}
    data = solid.export(file_type=kind, **options)
    return data if isinstance(data, bytes) else str(data).encode()


def polyline_bytes(lines: Lines, kind: str) -> bytes:
    """Polylines as CSV (``line,x,y[,z]``), or OBJ or PLY with line elements.

    A closed line repeats its first point in CSV, and its first vertex number elsewhere; points
    in the plane get z = 0 in OBJ and PLY.

    Raises:
        LevelsetError: the format is unknown, or there is no line.
    """
    lines = [lines] if isinstance(lines, Polyline) else list(lines)
    if f".{kind}" not in POLYLINE_FORMATS:
        known = ", ".join(POLYLINE_FORMATS)
        raise LevelsetError(f"Polylines are written as {known}, not as {kind!r}.")
    if not lines:
        raise LevelsetError("There is no curve to write.")
    if kind == "csv":
        text = [",".join(["line", *"xyz"[: lines[0].points.shape[1]]])]
        for number, line in enumerate(lines):
            text += [",".join([str(number), *(f"{x:.9g}" for x in p)]) for p in line.whole]
        return ("\n".join(text) + "\n").encode()
    points = in_space(np.concatenate([line.points for line in lines]))
    starts = np.cumsum([0, *(len(line) for line in lines)])
    chains = [
        [*range(start, start + len(line)), *([start] if line.closed else [])]
        for start, line in zip(starts, lines, strict=False)
    ]
    rows = [" ".join(f"{x:.9g}" for x in point) for point in points]
    if kind == "obj":
        text = [f"v {row}" for row in rows]
        text += ["l " + " ".join(str(k + 1) for k in chain) for chain in chains]
        return ("\n".join(text) + "\n").encode()
    edges = [f"{a} {b}" for chain in chains for a, b in itertools.pairwise(chain)]
    header = [
        "ply", "format ascii 1.0",
        f"element vertex {len(rows)}", *(f"property double {axis}" for axis in "xyz"),
        f"element edge {len(edges)}", "property int vertex1", "property int vertex2",
        "end_header",
    ]  # fmt: skip
    return ("\n".join([*header, *rows, *edges]) + "\n").encode()


def write_mesh(mesh: Mesh, path: str | os.PathLike[str]) -> None:
    """Write a mesh; the path's ending says how: .ply, .obj, .stl or .glb.

    Raises:
        LevelsetError: see :func:`mesh_bytes`.
    """
    path = Path(path)
    _write(path, mesh_bytes(mesh, path.suffix[1:].lower()))


def write_polyline(lines: Lines, path: str | os.PathLike[str]) -> None:
    """Write polylines; the path's ending says how: .csv, .obj or .ply.

    Raises:
        LevelsetError: see :func:`polyline_bytes`.
    """
    path = Path(path)
    _write(path, polyline_bytes(lines, path.suffix[1:].lower()))


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise LevelsetError(f"{path.name} cannot be written: {error.strerror}.") from error
