"""Reads a mesh as a solid: checks that it is closed, orients it, finds its distinct planes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import trimesh
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.exact.formula import Literal
from levelset_core.geometry.meshes import Mesh

Triangles: TypeAlias = trimesh.Trimesh | Mesh

#: Corners this close to a plane, relative to the size, lie on it.
COPLANAR = 1e-13
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


def read_solid(mesh: Triangles) -> trimesh.Trimesh:
    """A copy of a closed mesh, every surface oriented with its normals out of the solid.

    Raises:
        LevelsetError: no faces, a coordinate that is not finite, an open or non-manifold edge,
            surfaces that cross.
    """
    vertices = np.array(mesh.vertices, dtype=np.float64)
    faces = np.array(mesh.faces, dtype=np.int64)
    if not len(faces) or vertices.ndim != 2 or vertices.shape[1] != 3 or faces.shape[1:] != (3,):
        raise LevelsetError("The mesh has no triangles: a watertight triangle mesh is needed.")
    bad = np.flatnonzero(~np.isfinite(vertices).all(1))
    if len(bad):
        raise LevelsetError(f"Vertex {bad[0]} of the mesh has a coordinate that is not finite.")
    solid = _without_points(trimesh.Trimesh(vertices, faces, process=False))
    if len(_bad_edges(solid)[0]):
        # Files of loose triangles (STL) repeat every vertex.
        solid = _without_points(trimesh.Trimesh(vertices, faces, process=True))
    _refuse_bad_edges(solid)
    if not solid.is_winding_consistent:
        trimesh.repair.fix_winding(solid)
    return _oriented(solid)


def _without_points(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    faces = mesh.faces
    real = (faces != np.roll(faces, 1, axis=1)).all(1)
    return trimesh.Trimesh(mesh.vertices, faces[real], process=False)


def _bad_edges(mesh: trimesh.Trimesh) -> tuple[np.ndarray, np.ndarray]:
    edges, count = np.unique(mesh.edges_sorted, axis=0, return_counts=True)
    return edges[count != 2], count[count != 2]


def _refuse_bad_edges(mesh: trimesh.Trimesh) -> None:
    edges, counts = _bad_edges(mesh)
    if not len(edges):
        return
    worst = int((counts > 2).argmax())  # the first non-manifold edge, else the first open one
    (a, b), count = edges[worst], int(counts[worst])
    p, q = ("({:.6g}, {:.6g}, {:.6g})".format(*mesh.vertices[v]) for v in (a, b))
    where = f"the edge of vertices {a} and {b}, from {p} to {q},"
    if count == 1:
        raise LevelsetError(
            f"The mesh is not watertight: {where} has 1 face instead of 2, and so have "
            f"{int((counts == 1).sum()) - 1} other edges; close the holes first."
        )
    raise LevelsetError(f"The mesh is not a manifold: {where} has {count} faces instead of 2.")


def _oriented(solid: trimesh.Trimesh) -> trimesh.Trimesh:
    """Normals out of the solid: surfaces inside an odd number of others bound cavities."""
    surfaces = trimesh.graph.connected_components(
        solid.face_adjacency, nodes=np.arange(len(solid.faces)), min_len=1
    )
    faces = solid.faces.copy()
    triangles = solid.vertices[faces]
    volumes = [np.linalg.det(triangles[s] - triangles[s[0], 0]).sum() for s in surfaces]
    for i, surface in enumerate(surfaces):
        probes = triangles[surface].mean(1)
        depth = 0
        for j, other in enumerate(surfaces):
            if i == j:
                continue
            turns = winding_number(triangles[other], probes) * np.sign(volumes[j])
            clear = np.abs(turns - np.round(turns)) < 1e-6
            inside = turns[clear] > 0.5
            if inside.any() and not inside.all():
                x, y, z = probes[clear][inside][0]
                raise LevelsetError(
                    f"Surfaces {min(i, j)} and {max(i, j)} of the mesh cross near "
                    f"({x:.6g}, {y:.6g}, {z:.6g}): unite them first."
                )
            depth += bool(inside.any())
        if (volumes[i] > 0) != (depth % 2 == 0):
            faces[surface] = faces[surface][:, ::-1]
    return trimesh.Trimesh(solid.vertices, faces, process=False)


def facet_planes(solid: trimesh.Trimesh) -> tuple[list[Literal], np.ndarray, np.ndarray]:
    """The distinct planes of a solid.

    Returns:
        The planes, which each face lies on (-1 for a face without area), and whether outside is
        the side where h > 0.

    Raises:
        LevelsetError: the faces enclose no volume.
    """
    triangles = solid.triangles
    size = float(np.ptp(solid.vertices, axis=0).max())
    cross = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    double_area = np.linalg.norm(cross, axis=1)
    longest = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=2).max(1)
    real = np.flatnonzero(double_area > COPLANAR * size * longest)
    if not len(real):
        raise LevelsetError("The mesh encloses no volume: all its faces have no area.")
    real = real[np.argsort(-double_area[real], kind="stable")]
    normals = cross[real] / double_area[real, None]
    centres = triangles[real].mean(1)
    offsets = -(normals * centres).sum(1)
    middle = solid.vertices.mean(0)
    place = np.column_stack([normals, (offsets + normals @ middle) / size])
    # Pairs of nearly equal planes, whichever way they face; the larger face comes first.
    both = cKDTree(np.concatenate([place, -place]))
    pairs = both.query_pairs(1e-5, output_type="ndarray") % len(real)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    heights = np.einsum("pkd,pd->pk", triangles[real][pairs[:, 1]], normals[pairs[:, 0]])
    same = (np.abs(heights + offsets[pairs[:, 0], None]) <= COPLANAR * size).all(1)
    pairs = pairs[same]
    label = trimesh.graph.connected_component_labels(pairs, len(real))
    largest = np.unique(label, return_index=True)[1]  # the first of each is its largest face
    planes = [Literal(normals[k], float(offsets[k])) for k in largest]
    if len(planes) < 4:
        raise LevelsetError(
            f"The mesh encloses no volume: its faces lie on {len(planes)} planes, and the least "
            "solid, a tetrahedron, has 4."
        )
    plane_of_face = np.full(len(triangles), -1)
    plane_of_face[real] = label
    front = np.zeros(len(triangles), dtype=bool)
    front[real] = (normals * normals[largest[label]]).sum(1) > 0
    return planes, plane_of_face, front


def is_convex(solid: trimesh.Trimesh, planes: list[Literal], size: float) -> bool:
    """Whether all vertices lie behind all planes."""
    normals = np.array([plane.normal for plane in planes])
    offsets = np.array([plane.offset for plane in planes])
    step = max(1, _CHUNK // len(solid.vertices))
    highest = max(
        float((solid.vertices @ normals[k : k + step].T + offsets[k : k + step]).max())
        for k in range(0, len(planes), step)
    )
    return highest <= COPLANAR * size * 10
