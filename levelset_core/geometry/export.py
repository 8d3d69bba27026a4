"""Meshes and polylines to files, in place: single precision only where it loses nothing."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh, Polyline, in_space

MESH_FORMATS = (".ply", ".obj", ".stl", ".glb")
POLYLINE_FORMATS = (".csv", ".obj", ".ply")
Lines = Polyline | list[Polyline] | tuple[Polyline, ...]


#: Single precision may round coordinates by this share of an edge's length.
ROUNDING = 1e-3
#: Edges that are looked at to know how long they are.
_LOOKED_AT = 10_000


def single_suffices(mesh: Mesh) -> bool:
    """Whether single precision keeps the vertices to ``ROUNDING`` of an edge."""
    largest = np.abs(mesh.bounds).max()
    return bool(largest * np.finfo(np.float32).eps <= ROUNDING * _edge(mesh))


def _edge(mesh: Mesh) -> float:
    """Length of a usual edge."""
    some = mesh.vertices[mesh.faces[:: max(1, len(mesh.faces) // _LOOKED_AT)]]
    lengths = np.linalg.norm(some[:, 1] - some[:, 0], axis=1)
    return float(np.median(lengths[lengths > 0])) if lengths.any() else 0.0


def _digits(points: np.ndarray, spacing: float) -> int:
    """Significant digits that resolve a ten-thousandth of the spacing; 9 to 17."""
    largest = float(np.abs(points).max(initial=0.0))
    if not (largest > 0 and spacing > 0):
        return 9
    return int(np.clip(np.ceil(np.log10(largest / spacing)) + 5, 9, 17))


def how_written(mesh: Mesh, kind: str) -> str | None:
    """A sentence if far-away coordinates make a file unlike what people expect, else None."""
    if single_suffices(mesh):
        return None
    return {
        "ply": "The coordinates are written in double precision: single would round them.",
        "obj": "Programs that read OBJ in single precision, as Open3D does, round these "
        "coordinates: PLY keeps them.",
        "stl": "The STL file is text: the binary kind would round these coordinates, and so do "
        "programs that read it in single precision, such as Open3D; PLY keeps them.",
        "glb": "The GLB file holds the shape around the origin, and in its node the shift to its "
        "place (also under asset.extras.shift): a program must add it in double precision.",
    }.get(kind)


def mesh_bytes(
    mesh: Mesh,
    kind: str,
    *,
    scalars: Mapping[str, np.ndarray] | None = None,
    told: str = "",
) -> bytes:
    """A mesh as PLY, OBJ, STL or GLB, with its normals and colours (STL: normals of the faces).

    Coordinates are those of ``mesh``, to ``ROUNDING`` of an edge: where single precision is too
    coarse, PLY has double precision, STL is text, and GLB keeps the shift in its node.

    Args:
        mesh: with at least one face.
        kind: "ply", "obj", "stl" or "glb".
        scalars: more numbers a vertex, (n,), by name; PLY alone keeps them.
        told: a sentence about the mesh: a comment in PLY and OBJ, ``extras`` in GLB, none in STL.

    Raises:
        LevelsetError: the format is unknown, or the mesh is empty.
    """
    if f".{kind}" not in MESH_FORMATS:
        raise LevelsetError(f"Meshes are written as {', '.join(MESH_FORMATS)}, not as {kind!r}.")
    if not len(mesh.faces):
        raise LevelsetError("There is no surface to write: the mesh is empty.")
    if kind == "ply":
        return _ply(mesh, scalars or {}, told)
    if kind == "obj":
        return _obj(mesh, told)
    if kind == "stl" and not single_suffices(mesh):
        return _text_stl(mesh)
    return _by_trimesh(mesh, kind, told)


def _ply(mesh: Mesh, scalars: Mapping[str, np.ndarray], told: str) -> bytes:
    size = "f4" if single_suffices(mesh) else "f8"
    columns: list[tuple[str, str, np.ndarray]] = []
    columns += [(axis, size, mesh.vertices[:, k]) for k, axis in enumerate("xyz")]
    columns += [(f"n{axis}", "f4", mesh.vertex_normals[:, k]) for k, axis in enumerate("xyz")]
    if mesh.colours is not None:
        names = ("red", "green", "blue")
        columns += [(name, "u1", mesh.colours[:, k]) for k, name in enumerate(names)]
    columns += [(name, "f4", np.asarray(values)) for name, values in scalars.items()]
    rows = np.empty(len(mesh.vertices), [(name, "<" + kind) for name, kind, _ in columns])
    for name, _, values in columns:
        rows[name] = values
    faces = np.empty(len(mesh.faces), [("count", "u1"), ("corners", "<i4", (3,))])
    faces["count"], faces["corners"] = 3, mesh.faces
    words = {"f4": "float", "f8": "double", "u1": "uchar"}
    header = [
        "ply", "format binary_little_endian 1.0",
        *([f"comment {_ascii(told)}"] if told else []), f"element vertex {len(rows)}",
        *(f"property {words[kind]} {name}" for name, kind, _ in columns),
        f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", "",
    ]  # fmt: skip
    return "\n".join(header).encode() + rows.tobytes() + faces.tobytes()


def _ascii(text: str) -> str:
    """One line that every reader of a file takes."""
    return " ".join(text.encode("ascii", "replace").decode().split())


def _obj(mesh: Mesh, told: str) -> bytes:
    places = _format_rows("v", mesh.vertices, f"%.{_digits(mesh.vertices, _edge(mesh))}g")
    if mesh.colours is not None:
        tints = _format_rows("", mesh.colours / 255, "%.4g")
        places = [place + tint for place, tint in zip(places, tints, strict=True)]
    corners = np.repeat(mesh.faces + 1, 2, axis=1)
    faces = [line % tuple(row) for line, row in zip(
        itertools.repeat("f %d//%d %d//%d %d//%d"), corners.tolist()
    )]  # fmt: skip
    comment = [f"# {_ascii(told)}"] if told else []
    return "\n".join(
        [*comment, *places, *_format_rows("vn", mesh.vertex_normals, "%.6g"), *faces, ""]
    ).encode()


def _text_stl(mesh: Mesh) -> bytes:
    number = f"%.{_digits(mesh.vertices, _edge(mesh))}g"
    vertex = f"vertex {number} {number} {number}\n"
    facet = "facet normal %.6g %.6g %.6g\nouter loop\n" + 3 * vertex + "endloop\nendfacet\n"
    rows = np.concatenate([mesh.face_normals[:, None], mesh.triangles], axis=1).reshape(-1, 12)
    return "".join(
        ["solid\n", *(facet % tuple(row) for row in rows.tolist()), "endsolid\n"]
    ).encode()


def _by_trimesh(mesh: Mesh, kind: str, told: str) -> bytes:
    import trimesh

    shift = np.zeros(3) if single_suffices(mesh) else _round_middle(mesh)
    solid = trimesh.Trimesh(
        mesh.vertices - shift, mesh.faces, vertex_normals=mesh.vertex_normals,
        vertex_colors=mesh.colours if kind == "glb" else None, process=False,
    )  # fmt: skip
    if kind == "stl":
        return bytes(trimesh.exchange.stl.export_stl(solid))
    scene = trimesh.Scene()
    scene.add_geometry(solid, transform=trimesh.transformations.translation_matrix(shift))
    extras = ({"told": told} if told else {}) | ({"shift": shift.tolist()} if shift.any() else {})

    def add(tree: dict[str, Any]) -> None:
        if extras:
            tree["asset"]["extras"] = extras

    written = trimesh.exchange.gltf.export_glb(scene, include_normals=True, tree_postprocessor=add)
    return bytes(written)


def _round_middle(mesh: Mesh) -> np.ndarray:
    """About the middle: few binary digits, so that a file loses none of them."""
    unit = 2.0 ** np.floor(np.log2(np.ptp(mesh.bounds, axis=0).max()))
    return np.asarray(unit * np.rint(mesh.bounds.mean(0) / unit))


def _format_rows(word: str, rows: np.ndarray, number: str) -> list[str]:
    line = " ".join([word, *[number] * rows.shape[1]])
    return [line % tuple(row) for row in rows.tolist()]


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
    every = np.concatenate([line.points for line in lines])
    steps = np.concatenate([np.diff(line.points, axis=0) for line in lines])
    written = f".{_digits(every, float(np.median(np.linalg.norm(steps, axis=1))))}g"
    if kind == "csv":
        text = [",".join(["line", *"xyz"[: lines[0].points.shape[1]]])]
        for number, line in enumerate(lines):
            text += [",".join([str(number), *(format(x, written) for x in p)]) for p in line.whole]
        return ("\n".join(text) + "\n").encode()
    points = in_space(every)
    starts = np.cumsum([0, *(len(line) for line in lines)])
    chains = [
        [*range(start, start + len(line)), *([start] if line.closed else [])]
        for start, line in zip(starts, lines, strict=False)
    ]
    rows = [" ".join(format(x, written) for x in point) for point in points]
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


def write_mesh(
    mesh: Mesh,
    path: str | os.PathLike[str],
    *,
    scalars: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a mesh; the path's ending says how: .ply, .obj, .stl or .glb.

    Raises:
        LevelsetError: see :func:`mesh_bytes`.
    """
    path = Path(path)
    _write(path, mesh_bytes(mesh, path.suffix[1:].lower(), scalars=scalars))


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
