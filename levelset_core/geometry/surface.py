"""Level sets of F: R^3 -> R as triangle meshes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.geometry.grid import (
    Band,
    Box,
    Function,
    Grid,
    evaluate_nodes,
    lattice,
    narrow_band,
)
from levelset_core.geometry.marching import march
from levelset_core.geometry.meshes import Mesh, unit
from levelset_core.levelsets import (
    LevelSetSamples,
    home_of,
    outputs_of,
    project,
    residual_norm,
    value_and_jacobian,
)

#: Newton steps of a vertex; it starts within a cell of the level set.
SNAP_STEPS = 3
#: The steps end once F tells that a vertex is so near, relative to its coordinates: what float32
#: can still tell apart. A tighter bound costs two more evaluations a vertex and moves nothing.
SNAP_ERROR = 5e-7
#: A face may not become lower than this part of a cell: float32 could not tell it from none.
SLIVER = 1e-4
#: Points that tell how steep F is.
SLOPE_POINTS = 256
#: Vertices projected at a time.
SNAP_CHUNK = 1 << 14


def extract_mesh(
    f: Function,
    bounds: Box,
    resolution: int = 128,
    level: float = 0.0,
    *,
    snap: bool = True,
    dense: bool = False,
    closed: bool = False,
) -> Mesh:
    """{F = level} in a box as a mesh: marching cubes (scikit-image) on a narrow band of a grid.

    F is evaluated from coarse to fine, only at the corners of cells that the surface can cross;
    :mod:`levelset_core.geometry.grid` states the criterion. The mesh is the one that
    evaluation at every node gives. Each vertex then takes Newton steps to {F = level} (Eq. 5),
    which removes the error of linear interpolation, and its normal is D_xF / |D_xF| there.

    Args:
        f: F, (n, 3) -> (n,), in evaluation mode. It is called where its parameters live.
        bounds: lower and upper corner, each one number or (3,).
        resolution: nodes along the longest side of the box, 4 to 1024; cells are cubes.
        level: the level of the set, in F's units.
        snap: take the Newton steps and the normals from D_xF; else the vertices stay on the
            edges of the grid, and the normals are those of the faces.
        dense: evaluate F at every node: the slow way to the same mesh, to compare with.
        closed: where {F < level} reaches the box, close it with the box's side.

    Returns:
        The mesh, its faces turned to the side F grows to; without vertices if F does not cross
        the level in the box. Closed, each edge between two faces, but where the surface leaves
        the box: there it ends, if it is not ``closed``.

    Raises:
        LevelsetError: the bounds or the resolution are impossible, or F is not finite, or not
            one number a point.
    """
    grid = Grid.over(bounds, resolution, 3)
    if not np.isfinite(level):
        raise LevelsetError(f"The level must be a finite number, got {level}.")
    probe = evaluate_nodes(f, grid, np.arange(1))
    if probe.ndim != 1:
        raise LevelsetError(
            f"extract_mesh needs F: (n, 3) -> (n,), this one has {probe.shape[1]} outputs: "
            "use extract_curve, or pick one output."
        )
    if dense:
        values = evaluate_nodes(f, grid, np.arange(grid.size)).reshape(grid.shape)
        band = Band(values, lattice(np.array(grid.shape) - 1), grid.size)
    else:
        band = narrow_band(f, grid, level)
    mesh = march(band, grid, level)
    if closed and leaves(mesh, grid):
        return extract_mesh(capped(f, grid, level), bounds, resolution, level, snap=snap)
    return snap_mesh(f, mesh, level, reach=grid.step) if snap else mesh


def leaves(mesh: Mesh, grid: Grid) -> bool:
    """Whether a mesh out of marching cubes reaches the outermost nodes: it is open there."""
    if not len(mesh.vertices):
        return False
    low, high = mesh.bounds
    room = 1e-6 * grid.step
    return bool((low <= np.array(grid.lower) + room).any() or (high >= grid.upper - room).any())


def capped(f: Function, grid: Grid, level: float) -> Function:
    """max(F, level + d), d the signed distance along the axes to a box half a cell within a grid.

    Its set below the level is that of F within the box, and nothing of it leaves the grid.
    """
    middle = 0.5 * (np.array(grid.lower) + grid.upper)
    half = 0.5 * (grid.upper - grid.lower) - 0.5 * grid.step

    def inside(x: Tensor) -> Tensor:
        offset = (x - x.new_tensor(middle)).abs() - x.new_tensor(half)
        return torch.maximum(outputs_of(f(x), x), level + offset.amax(1))

    inside.__wrapped__ = f  # type: ignore[attr-defined]  # tells where F's parameters live
    return inside


def snap_mesh(f: Function, mesh: Mesh, level: float, *, reach: float) -> Mesh:
    """Every vertex moved to {F = level} by Newton steps, with its normal D_xF / |D_xF|.

    A vertex stays where it is if its steps fail, lead further than ``reach`` or do not come
    nearer to the level, or where a face would turn over or shrink to nothing; without a gradient,
    its normal is the mean of its faces'.
    """
    normals = mesh.vertex_normals.copy()
    vertices = mesh.vertices.copy()
    for start in range(0, len(vertices), SNAP_CHUNK):
        own = slice(start, start + SNAP_CHUNK)
        s, good = project_near(f, vertices[own], level, reach)
        moved = s.points.double().cpu().numpy()
        vertices[own][good] = moved[good]
        gradient = unit(s.pinv.double().cpu().numpy())  # D_xF^+ is parallel to D_xF
        steep = good & gradient.any(1)
        normals[own][steep] = gradient[steep]
    return Mesh(_keep_faces(mesh, vertices, SLIVER * reach), mesh.faces, normals, mesh.values)


def _keep_faces(mesh: Mesh, moved: np.ndarray, least: float) -> np.ndarray:
    """``moved`` (n, 3), but where a face lost its side or its height: there the mesh's vertices."""
    vertices, faces = moved.copy(), mesh.faces
    while len(faces):
        after = Mesh(vertices, faces)
        turned = (Mesh(mesh.vertices, faces).face_normals * after.face_normals).sum(1) <= 0
        away = (vertices[faces] != mesh.vertices[faces]).any((1, 2))
        bad = away & (turned | (after.face_heights < least))
        if not bad.any():
            break
        back = np.unique(faces[bad])
        vertices[back] = mesh.vertices[back]
        touched = np.zeros(len(vertices), dtype=bool)
        touched[back] = True
        faces = faces[touched[faces].any(1)]
    return vertices


def project_near(
    f: Function, points: np.ndarray, level: float, reach: float
) -> tuple[LevelSetSamples, np.ndarray]:
    """Newton steps from ``points`` (n, d), and which of them end nearer, within ``reach``, (n,)."""
    dtype, device = home_of(f)
    x = torch.from_numpy(points).to(dtype).to(device)
    s = project(f, x, level=level, max_steps=SNAP_STEPS, tol=_rounding(f, x))
    nearer = residual_norm(s.values) <= residual_norm(s.start_values)
    close = (s.points - x).norm(dim=1) <= reach
    return s, (~s.failed & nearer & close).cpu().numpy()


def _rounding(f: Function, x: Tensor) -> float:
    """``SNAP_ERROR`` in F's units: times the coordinates' size and a typical slope at x, (n, d)."""
    if not len(x):
        return 0.0
    _, jacobian = value_and_jacobian(f, x[:: 1 + len(x) // SLOPE_POINTS])
    slopes = jacobian.norm(dim=1).reshape(len(jacobian), -1).amin(1)  # (k,), of the flatter output
    return SNAP_ERROR * float(x.abs().max() * slopes.nan_to_num(0.0).median())
