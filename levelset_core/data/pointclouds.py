"""Point clouds: raw points in the plane or in space, cleaned, thinned, normalized."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.meshes import Mesh, unit
from levelset_core.random import numpy_generator
from levelset_core.settings import choose

#: Fewer points say nothing about a curve or a surface.
MIN_POINTS = 10
#: A spread this much smaller than the largest one counts as none.
FLAT = 1e-6

DOWNSAMPLING = ("random", "voxel", "farthest")


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points without connectivity.

    Attributes:
        points: (n, 2) or (n, 3) float64, finite, all different.
        normals: (n, d) float64 of unit length (zero where unknown), or None.
        source: where it comes from, for people.
        non_finite: rows dropped because a coordinate was NaN or infinite.
        duplicates: rows dropped because the same point was there already.
        outliers: points dropped by :func:`remove_outliers`.

    Raises:
        LevelsetError: the arrays' shapes do not fit, or a coordinate is not finite. Raw arrays
            go through :meth:`clean`.
    """

    points: np.ndarray
    normals: np.ndarray | None = None
    source: str = "array"
    non_finite: int = 0
    duplicates: int = 0
    outliers: int = 0

    def __post_init__(self) -> None:
        points = np.asarray(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] not in (2, 3):
            raise LevelsetError(f"Points are (n, 2) or (n, 3), got {points.shape}.")
        if not np.isfinite(points).all():
            raise LevelsetError("Every coordinate of a point cloud must be a finite number.")
        object.__setattr__(self, "points", points)
        if self.normals is not None:
            normals = np.asarray(self.normals, dtype=np.float64)
            if normals.shape != points.shape:
                raise LevelsetError(f"Normals are {points.shape} here, got {normals.shape}.")
            object.__setattr__(self, "normals", normals)

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def clean(
        cls, points: np.ndarray, normals: np.ndarray | None = None, source: str = "array"
    ) -> PointCloud:
        """From a raw array: rows that are not finite, and doubles, are dropped and counted.

        Raises:
            LevelsetError: the shape is wrong, more than half of the rows are not finite, or
                fewer than ``MIN_POINTS`` different points are left.
        """
        raw = np.asarray(points, dtype=np.float64)
        if raw.ndim != 2 or raw.shape[1] not in (2, 3):
            raise LevelsetError(
                f"{source}: points are (n, 2) or (n, 3) numbers, but the array is {raw.shape}."
            )
        finite = np.isfinite(raw).all(1)
        non_finite = int((~finite).sum())
        if 2 * non_finite > len(raw):
            raise LevelsetError(
                f"{source}: {non_finite} of {len(raw)} points are not finite numbers (NaN or "
                "infinite); the file is damaged."
            )
        rows = np.flatnonzero(finite)
        _, first = np.unique(raw[rows], axis=0, return_index=True)
        rows = rows[np.sort(first)]
        if len(rows) == 1 and len(raw) > 1:
            raise LevelsetError(f"{source}: all {len(raw)} points are at the same place.")
        if len(rows) < MIN_POINTS:
            raise LevelsetError(
                f"{source}: {len(rows)} different point{'' if len(rows) == 1 else 's'} "
                f"{'is' if len(rows) == 1 else 'are'} too few: at least {MIN_POINTS} are needed."
            )
        kept_normals = None
        if normals is not None and np.shape(normals) == raw.shape:
            kept_normals = unit(np.nan_to_num(np.asarray(normals, dtype=np.float64)[rows]))
        duplicates = int(finite.sum()) - len(rows)
        return cls(raw[rows], kept_normals, source, non_finite, duplicates)

    def select(self, rows: np.ndarray) -> PointCloud:
        """Only some of the points, by number or mask."""
        normals = None if self.normals is None else self.normals[rows]
        return replace(self, points=self.points[rows], normals=normals)

    def without_normals(self) -> PointCloud:
        """The same points, unoriented."""
        return replace(self, normals=None)


def check_spread(cloud: PointCloud, purpose: str) -> None:
    """Refuse points from which no surface, or no curve, can be had.

    Args:
        cloud: the points.
        purpose: "surface" or "curve".

    Raises:
        LevelsetError: all points on a line, or, for a surface, in a plane.
    """
    points = cloud.points
    centred = points - points.mean(0)
    spread = np.linalg.svd(centred, compute_uv=False) / np.sqrt(len(points))  # (d,)
    # Coordinates far from the origin were rounded, in the file, relative to their own size.
    rounding = 4 * np.finfo(np.float32).eps * np.abs(points).max()
    least = max(FLAT * spread[0], rounding)
    if spread[1] <= least:
        raise LevelsetError(
            f"{cloud.source}: all points lie on one line; a {purpose} needs points that spread "
            f"in {'three' if purpose == 'surface' else 'two'} directions."
        )
    if purpose == "surface" and (points.shape[1] == 2 or spread[2] <= least):
        raise LevelsetError(
            f"{cloud.source}: all points lie in one plane; a surface needs points that spread "
            "in three directions."
        )


def sample_surface(mesh: Mesh, count: int, *, seed: int = 0) -> PointCloud:
    """Points uniform on a mesh, with the normals of their faces.

    Raises:
        LevelsetError: the mesh has no area, or the count is below 1.
    """
    points, faces = sample_faces(mesh, count, numpy_generator(seed))
    return PointCloud(points, mesh.face_normals[faces], source="mesh")


def remove_outliers(cloud: PointCloud, *, neighbours: int = 16, ratio: float = 3.0) -> PointCloud:
    """Statistical outlier removal, as in PCL, but for points that are merely sparse.

    A point goes if its mean distance to its nearest ``neighbours`` exceeds the mean of these
    means by more than ``ratio`` standard deviations, and is ``ratio`` times what is usual among
    those neighbours: where a scan is thin all points are far from one another.

    Raises:
        LevelsetError: ``neighbours`` or ``ratio`` is not positive.
    """
    if neighbours < 1 or ratio <= 0:
        raise LevelsetError(
            f"Outlier removal needs at least one neighbour and a positive ratio, got {neighbours} "
            f"and {ratio}."
        )
    k = min(neighbours, len(cloud) - 1)
    distances, rows = cKDTree(cloud.points).query(cloud.points, k=k + 1)
    means = distances[:, 1:].mean(1)
    usual = np.median(means[rows[:, 1:]], axis=1)
    near = (means <= means.mean() + ratio * means.std()) | (means <= ratio * usual)
    kept = cloud.select(near)
    return replace(kept, outliers=cloud.outliers + int((~near).sum()))


def downsample(
    cloud: PointCloud, count: int, method: str = "random", *, seed: int = 0
) -> PointCloud:
    """At most ``count`` of the points, in their order.

    Args:
        cloud: the points; if there are no more than ``count``, they are returned as they are.
        count: how many to keep.
        method: "random"; "voxel": one point of each cell of the finest grid that has no more
            occupied cells; "farthest": each point the one farthest from those before it, the
            first at random (count times n distances).
        seed: of the choice.

    Raises:
        LevelsetError: the method is unknown, or the count is below 1.
    """
    choose("method", method, DOWNSAMPLING)
    if count < 1:
        raise LevelsetError(f"At least one point must be kept, got {count}.")
    if len(cloud) <= count:
        return cloud
    rng = numpy_generator(seed)
    if method == "random":
        rows = rng.choice(len(cloud), count, replace=False)
    elif method == "voxel":
        rows = _voxel_rows(cloud.points, count)
    else:
        rows = farthest_points(cloud.points, count, rng)
    return cloud.select(np.sort(rows))


def farthest_points(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Farthest-point sampling: row numbers, (count,), in the order in which they are found."""
    rows = np.empty(count, dtype=np.int64)
    rows[0] = rng.integers(len(points))
    squares = np.full(len(points), np.inf)
    for k in range(1, count):
        offset = points - points[rows[k - 1]]
        np.minimum(squares, np.einsum("ij,ij->i", offset, offset), out=squares)
        rows[k] = squares.argmax()
    return rows


def _voxel_rows(points: np.ndarray, count: int) -> np.ndarray:
    low = points.min(0)
    extent = float(np.ptp(points, axis=0).max())

    def occupied(cells: int) -> np.ndarray:
        cell = np.minimum((points - low) * (cells / extent), cells - 1).astype(np.int64)
        return np.unique(cell @ cells ** np.arange(cell.shape[1]), return_index=True)[1]

    fine, coarse = 1 << 20, 1  # bisection on the number of cells along the longest side
    while fine - coarse > 1:
        middle = (fine + coarse) // 2
        if len(occupied(middle)) <= count:
            coarse = middle
        else:
            fine = middle
    return occupied(coarse)
