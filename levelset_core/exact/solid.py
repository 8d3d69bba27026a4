"""Reads a mesh as a solid: checks that it is closed, orients it, finds its distinct planes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.exact.formula import Literal
from levelset_core.exact.tolerance import extent, least_tolerance, tolerance_of
from levelset_core.exact.watertight import closed_mesh
from levelset_core.geometry.meshes import Mesh

Triangles: TypeAlias = trimesh.Trimesh | Mesh

#: Corners this close to a plane, relative to the size, lie on it.
COPLANAR = 1e-13
#: Weights of a face's corners at places that look at another surface.
_PROBES = np.array([[1, 1, 1], [5, 3, 1], [1, 5, 3], [3, 1, 5]]) / [[3], [9], [9], [9]]
#: Numbers that are worked on at once.
_CHUNK = 4_000_000


def winding_number(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How often a closed surface winds around points: 1 inside, 0 outside.

    The solid angles of its triangles (van Oosterom, Strackee, 1983) over 4 pi. On a face it is 1/2.

    Args:
        triangles: (m, 3, 3).
        points: (n, 3).

    Returns:
        (n,)
    """
    result = np.empty(len(points))
    step = max(1, _CHUNK // (9 * len(triangles)))
    for start in range(0, len(points), step):
        a, b, c = np.moveaxis(triangles[None] - points[start : start + step, None, None], 2, 0)
        la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
        volume = np.einsum("ijk,ijk->ij", a, np.cross(b, c))
        rest = la * lb * lc + lc * (a * b).sum(-1) + la * (b * c).sum(-1) + lb * (c * a).sum(-1)
        volume[(np.abs(volume) <= 1e-13 * la * lb * lc) & (rest < 0)] = 0.0
        rest[volume == 0] = 1.0  # seen from within its plane, a triangle has no angle
        result[start : start + step] = np.arctan2(volume, rest).sum(1) / (2 * np.pi)
    return result


@dataclass(frozen=True, eq=False)
class Solid:
    """A closed mesh of a size between 1 and 2, so that no square of it overflows.

    Attributes:
        mesh: every surface oriented with its normals out of the solid.
        unit: its unit of length, a power of two: the mesh times it is the one that was given.
        tolerance: distance up to which corners count as on a plane, in its own units.
        least: what computing with such coordinates costs.
        split: vertices within edges (T-junctions), at which faces were split.
    """

    mesh: trimesh.Trimesh
    unit: float
    tolerance: float
    least: float
    split: int


def read_solid(mesh: Triangles, tolerance: float | None = None) -> Solid:
    """A closed mesh as a solid.

    Raises:
        LevelsetError: no faces, a coordinate that is not finite, an open or non-manifold edge,
            surfaces that cross or are the same, a ``tolerance`` out of range.
    """
    vertices = np.array(mesh.vertices, dtype=np.float64)
    faces = np.array(mesh.faces, dtype=np.int64)
    if not len(faces) or vertices.ndim != 2 or vertices.shape[1] != 3 or faces.shape[1:] != (3,):
        raise LevelsetError("The mesh has no triangles: a watertight triangle mesh is needed.")
    bad = np.flatnonzero(~np.isfinite(vertices).all(1))
    if len(bad):
        raise LevelsetError(f"Vertex {bad[0]} of the mesh has a coordinate that is not finite.")
    unit = float(2.0 ** np.floor(np.log2(extent(vertices) or 1.0)))
    least = least_tolerance(vertices) / unit
    near = tolerance_of(vertices, tolerance) / unit
    closed, split = closed_mesh(vertices / unit, faces, max(near, least), unit)
    return Solid(_oriented(closed, near, unit), unit, near, least, split)


def _surfaces(solid: trimesh.Trimesh) -> list[np.ndarray]:
    """Faces by connection along edges, of any number of faces."""
    _, number = np.unique(solid.edges_sorted, axis=0, return_inverse=True)
    order = np.argsort(number.ravel(), kind="stable")
    same = np.flatnonzero(np.diff(number.ravel()[order]) == 0)
    face = order // 3  # of every edge
    pairs = np.column_stack([face[same], face[same + 1]])
    label = trimesh.graph.connected_component_labels(pairs, len(solid.faces))
    return [np.flatnonzero(label == k) for k in range(label.max() + 1)]


def _oriented(solid: trimesh.Trimesh, near: float, unit: float) -> trimesh.Trimesh:
    """Normals out of the solid: surfaces inside an odd number of others bound cavities."""
    surfaces = _surfaces(solid)
    faces = solid.faces.copy()
    triangles = solid.vertices[faces]
    beside = 1e-9 * extent(solid.vertices) + 10 * near
    volumes = [np.linalg.det(triangles[s] - triangles[s[0], 0]).sum() for s in surfaces]
    centres = [_sorted_rows(triangles[s].mean(1)) for s in surfaces]
    for i, surface in enumerate(surfaces):
        # Both sides of every face: where another surface runs between them, they touch.
        probes = np.concatenate([np.einsum("k,mkd->md", w, triangles[surface]) for w in _PROBES])
        away = beside * np.tile(unit_normals(triangles[surface]), (len(_PROBES), 1))
        depth = 0
        for j, other in enumerate(surfaces):
            if i == j:
                continue
            if len(other) == len(surface) and np.allclose(
                centres[i], centres[j], rtol=0, atol=beside
            ):
                raise LevelsetError(
                    f"Surfaces {min(i, j)} and {max(i, j)} of the mesh are the same, so that they "
                    "enclose nothing: leave one out."
                )
            above, below = (
                winding_number(triangles[other], probes + side * away) * np.sign(volumes[j])
                for side in (1.0, -1.0)
            )
            # Near an edge of the other, or on a face of it, a probe is on neither side.
            clear = ((above > 0.75) & (below > 0.75)) | ((above < 0.25) & (below < 0.25))
            inside = above[clear] > 0.5
            if inside.any() and not inside.all():
                x, y, z = unit * probes[clear][inside][0]
                raise LevelsetError(
                    f"Surfaces {min(i, j)} and {max(i, j)} of the mesh cross near "
                    f"({x:.6g}, {y:.6g}, {z:.6g}): unite them first."
                )
            depth += bool(inside.any())
        if (volumes[i] > 0) != (depth % 2 == 0):
            faces[surface] = faces[surface][:, ::-1]
    return trimesh.Trimesh(solid.vertices, faces, process=False)


def _sorted_rows(points: np.ndarray) -> np.ndarray:
    rows: np.ndarray = points[np.lexsort(np.round(points, 6).T)]
    return rows


def unit_normals(triangles: np.ndarray) -> np.ndarray:
    """(m, 3); zero for a face of no area."""
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(cross, axis=1)[:, None]
    normals: np.ndarray = np.divide(cross, length, out=np.zeros_like(cross), where=length > 0)
    return normals


def facet_planes(
    solid: trimesh.Trimesh, tolerance: float
) -> tuple[list[Literal], np.ndarray, np.ndarray, int, float]:
    """The distinct planes of a solid.

    A plane takes every face whose corners all lie within ``tolerance`` of it, the largest faces
    first; where they do not fit exactly it is the plane of least squares through them.

    Returns:
        The planes, which each face lies on (-1 for a face without area), whether outside is the
        side where h > 0, how many planes are none of a face's own corners, and how far corners lie
        off their planes at most.

    Raises:
        LevelsetError: the faces enclose no volume.
    """
    triangles = solid.triangles
    size = extent(solid.vertices)
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    double_area = np.linalg.norm(cross, axis=1)
    longest = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=2).max(1)
    real = double_area > tolerance * longest
    if not real.any():
        raise LevelsetError("The mesh encloses no volume: all its faces have no area.")
    normals = np.zeros_like(cross)
    normals[real] = cross[real] / double_area[real, None]
    exact = COPLANAR * size
    label = np.full(len(triangles), -1)
    planes: list[Literal] = []
    merged, off = 0, 0.0
    crowded = _have_company(solid, triangles, normals, real, tolerance)
    for seed in np.argsort(-double_area, kind="stable"):
        if not real[seed] or label[seed] >= 0:
            continue
        normal, offset = normals[seed], -float(normals[seed] @ triangles[seed].mean(0))
        members = np.array([seed])
        if crowded[seed]:
            free = real & (label < 0)
            members, normal, offset = _grown(solid, free, normal, offset, tolerance, exact)
            corners = solid.vertices[solid.faces[members]]
            merged += bool(np.abs(corners @ normals[seed] + offset).max() > exact)
            off = max(off, float(np.abs(corners @ normal + offset).max()))
        label[members] = len(planes)
        planes.append(Literal(normal, float(offset)))
    if len(planes) < 4:
        raise LevelsetError(
            f"The mesh encloses no volume: its faces lie on {len(planes)} planes, and the least "
            "solid, a tetrahedron, has 4."
        )
    front = np.zeros(len(triangles), dtype=bool)
    own = np.array([plane.normal for plane in planes])
    front[label >= 0] = (normals[label >= 0] * own[label[label >= 0]]).sum(1) > 0
    return planes, label, front, merged, off


def _have_company(
    solid: trimesh.Trimesh, triangles: np.ndarray, normals: np.ndarray, real: np.ndarray,
    tolerance: float,
) -> np.ndarray:  # fmt: skip
    """Faces that some other face may share a plane with, (m,) bool: all else is one plane each."""
    found = np.zeros(len(triangles), dtype=bool)
    for one, other in (solid.face_adjacency.T, solid.face_adjacency.T[::-1]):
        away = np.einsum("kcd,kd->kc", triangles[other] - triangles[one][:, :1], normals[one])
        found[one[(np.abs(away) <= 2 * tolerance).all(1) & real[one] & real[other]]] = True
    rows = np.flatnonzero(real)
    size = extent(solid.vertices)
    offsets = -(normals[rows] * triangles[rows].mean(1)).sum(1)
    place = np.column_stack(
        [normals[rows], (offsets + normals[rows] @ solid.vertices.mean(0)) / size]
    )
    both = cKDTree(np.concatenate([place, -place]))
    pairs = both.query_pairs(max(1e-5, 10 * tolerance / size), output_type="ndarray") % len(rows)
    found[rows[pairs[pairs[:, 0] != pairs[:, 1]].ravel()]] = True
    return found


def _grown(
    solid: trimesh.Trimesh, free: np.ndarray, normal: np.ndarray, offset: float,
    tolerance: float, exact: float,
) -> tuple[np.ndarray, np.ndarray, float]:  # fmt: skip
    """Free faces that lie on a plane, and the plane through them."""
    first = normal
    members = np.zeros(0, dtype=np.int64)
    for _ in range(4):
        height = solid.vertices @ normal + offset
        on = free & (np.abs(height) <= tolerance)[solid.faces].all(1)
        if on.sum() <= len(members):
            break  # nothing is gained
        members = np.flatnonzero(on)
        corners = solid.vertices[np.unique(solid.faces[members])]
        if np.abs(corners @ normal + offset).max() <= exact:
            break  # exact as it is
        middle = corners.mean(0)
        normal = np.linalg.svd(corners - middle, full_matrices=False)[2][-1]
        normal = normal * np.sign(normal @ first)
        offset = -float(normal @ middle)
    return members, normal, offset


def is_convex(solid: trimesh.Trimesh, planes: list[Literal], tolerance: float) -> bool:
    """Whether all vertices lie behind all planes, up to ``tolerance``."""
    normals = np.array([plane.normal for plane in planes])
    offsets = np.array([plane.offset for plane in planes])
    step = max(1, _CHUNK // len(solid.vertices))
    highest = max(
        float((solid.vertices @ normals[k : k + step].T + offsets[k : k + step]).max())
        for k in range(0, len(planes), step)
    )
    return highest <= tolerance
