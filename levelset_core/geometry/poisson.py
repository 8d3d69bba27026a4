"""Screened Poisson reconstruction by Open3D, the classical baseline; an optional extra."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Mesh

#: Depth of the octree: at most 2^9 cells along a side, as its authors use it on scans.
DEPTH = 9
#: Points whose plane gives a normal, and that orientation is handed on between.
NEIGHBOURS = 16
#: The part of the vertices cut off, those with the fewest points around: what bridges open sides.
TRIMMED = 0.0
#: A cloud so many of its sizes away from the origin is moved there and back.
FAR = 100.0


def poisson_surface(
    points: np.ndarray,
    normals: np.ndarray | None = None,
    *,
    depth: int = DEPTH,
    neighbours: int = NEIGHBOURS,
    trimmed: float = TRIMMED,
) -> Mesh:
    """Screened Poisson surface reconstruction (Kazhdan and Hoppe, 2013), as Open3D has it.

    Args:
        points: (n, 3).
        normals: (n, 3), outward. None: each is estimated from the ``neighbours`` nearest points,
            and they are oriented alike along a minimum spanning tree (Hoppe et al., 1992).
        depth: of the octree.
        neighbours: see above.
        trimmed: the part of the vertices, 0 to below 1, with the lowest density, to drop.

    Returns:
        The mesh, its faces turned outward as the normals are.

    Raises:
        LevelsetError: Open3D is not installed, or the arrays or numbers do not fit.
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 4 or not np.isfinite(points).all():
        raise LevelsetError(
            f"Poisson reconstruction needs finite points, (n, 3) with n > 3, got {points.shape}."
        )
    if normals is not None and np.shape(normals) != points.shape:
        raise LevelsetError(f"Normals are {points.shape} here, got {np.shape(normals)}.")
    if not (1 <= depth <= 12 and neighbours >= 3 and 0 <= trimmed < 1):
        raise LevelsetError(
            "Poisson reconstruction needs a depth of 1 to 12, 3 neighbours and a trimmed part "
            f"below 1, got {depth}, {neighbours} and {trimmed}."
        )
    o3d = load_open3d()
    # Its octree has single precision: far from the origin the points would lie on steps.
    far = np.abs(points).max() > FAR * np.ptp(points, axis=0).max()
    middle = points.mean(0) if far else np.zeros(3)
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points - middle))
    if normals is None:
        cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(neighbours))
        try:
            cloud.orient_normals_consistent_tangent_plane(neighbours)
        except RuntimeError as error:  # its Delaunay tetrahedra degenerate
            raise LevelsetError(
                "Open3D cannot orient normals here: the points are too regular, add a little noise."
            ) from error
        # Whether they point inward: sum <x, n> is 3 volumes over the area of a point (Gauss).
        centred = np.asarray(cloud.points) - np.asarray(cloud.points).mean(0)
        if float(np.einsum("ij,ij->", centred, np.asarray(cloud.normals))) < 0:
            cloud.normals = o3d.utility.Vector3dVector(-np.asarray(cloud.normals))
    else:
        cloud.normals = o3d.utility.Vector3dVector(np.asarray(normals, dtype=np.float64))
    # Threads add their parts in any order; one gives the same mesh every time.
    poisson = o3d.geometry.TriangleMesh.create_from_point_cloud_poisson
    found, density = poisson(cloud, depth=depth, n_threads=1)
    mesh = Mesh(np.asarray(found.vertices), np.asarray(found.triangles))
    if trimmed:
        kept = np.asarray(density) > np.quantile(np.asarray(density), trimmed)
        mesh = mesh.select_faces(kept[mesh.faces].all(1))
    return mesh.moved(1.0, middle)


def load_open3d() -> Any:
    """Open3D, with what it needs of the system.

    Raises:
        LevelsetError: it is not installed.
    """
    if "open3d" not in sys.modules and sys.platform == "linux":
        try:  # Open3D's cameras want libusb, which few servers have; loaded here it is found
            import libusb_package

            ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)
        except (ImportError, OSError):
            pass  # perhaps the system's own is there
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise LevelsetError(
            "Screened Poisson reconstruction needs Open3D, which cannot be loaded here "
            f'({error}): pip install "levelset-lab[poisson]".'
        ) from error
    return open3d
