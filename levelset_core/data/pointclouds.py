"""Point clouds: raw points in the plane or in space, cleaned, thinned, normalized."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

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
        outliers: points dropped by :func:`levelset_core.data.remove_outliers`.
        colours: (n, 3) uint8, red, green, blue, or None.
        intensity: (n,) float64, in the file's own units, NaN where unknown, or None.
        stations: (k, 3) float64, where a scanner stood, in the points' frame, or None.
        station: (n,) int64, the row of ``stations`` that saw each point, -1 where unknown, or
            None.
        notes: sentences for people: what was assumed or left out when a file was read.
        whole: (m, d) float64, the points that :func:`thinned` took these from, or None.

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
    colours: np.ndarray | None = None
    intensity: np.ndarray | None = None
    stations: np.ndarray | None = None
    station: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    whole: np.ndarray | None = None

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
        for name, dtype, shape in (
            ("colours", np.uint8, (len(points), 3)), ("intensity", np.float64, (len(points),)),
            ("station", np.int64, (len(points),)),
        ):  # fmt: skip
            if (array := getattr(self, name)) is not None:
                array = np.asarray(array, dtype=dtype)
                if array.shape != shape:
                    raise LevelsetError(f"{name} is {shape} here, got {array.shape}.")
                object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def clean(
        cls,
        points: np.ndarray,
        normals: np.ndarray | None = None,
        source: str = "array",
        *,
        notes: Iterable[str] = (),
        **others: np.ndarray | None,
    ) -> PointCloud:
        """From a raw array: rows that are not finite, and doubles, are dropped and counted.

        Normals that are missing, all zero or of another length than 1 are read as none; a note
        says so.

        Args:
            points: (n, 2) or (n, 3).
            normals: (n, d) of unit length, or zero where unknown.
            source: where they come from, for people.
            notes: sentences that are there already.
            others: colours, intensity, station: one row a point; stations.

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
        rows = rows[first_of_each(raw[rows])]
        if len(rows) == 1 and len(raw) > 1:
            raise LevelsetError(f"{source}: all {len(raw)} points are at the same place.")
        if len(rows) < MIN_POINTS:
            raise LevelsetError(
                f"{source}: {len(rows)} different point{'' if len(rows) == 1 else 's'} "
                f"{'is' if len(rows) == 1 else 'are'} too few: at least {MIN_POINTS} are needed."
            )
        kept_normals, told = None, list(notes)
        if normals is not None and np.shape(normals) == raw.shape:
            kept_normals, problem = unit_normals(np.asarray(normals)[rows])
            told += [problem] if problem else []
        kept: dict[str, Any] = {
            name: array if array is None or name == "stations" else np.asarray(array)[rows]
            for name, array in others.items()
        }
        return cls(
            raw[rows], kept_normals, source, non_finite, int(finite.sum()) - len(rows),
            notes=tuple(told), **kept,
        )  # fmt: skip

    def select(self, rows: np.ndarray) -> PointCloud:
        """Only some of the points, by number or mask."""
        parts: dict[str, Any] = {
            name: None if array is None else array[rows]
            for name in ("normals", "colours", "intensity", "station")
            for array in (getattr(self, name),)
        }
        return replace(self, points=self.points[rows], **parts)

    def noted(self, *notes: str) -> PointCloud:
        """The same cloud with more notes."""
        return replace(self, notes=(*self.notes, *notes))

    def without_normals(self) -> PointCloud:
        """The same points, unoriented."""
        return replace(self, normals=None)


def first_of_each(points: np.ndarray) -> np.ndarray:
    """Numbers of the rows, (n, d), without those that equal an earlier one; ascending."""
    bits = np.ascontiguousarray(points + 0.0).view(np.uint64)  # + 0.0: -0.0 is 0.0
    keys = np.zeros(len(points), dtype=np.uint64)
    for column in bits.T:  # a hash of each row: sorting one number is far faster than d of them
        keys = (keys ^ (column ^ (column >> np.uint64(29)))) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(32)
    order = np.argsort(keys, kind="stable")
    again = keys[order[1:]] == keys[order[:-1]]
    after = np.flatnonzero(again) + 1
    after = after[(points[order[after]] == points[order[after - 1]]).all(1)]
    kept = np.ones(len(points), dtype=bool)
    kept[order[after]] = False
    return np.flatnonzero(kept)


#: Normals may be this much longer or shorter than 1.
UNIT = 0.05


def unit_normals(raw: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Normals of unit length, zero where unknown; or None, and why there are none.

    Args:
        raw: (n, d); a row that is zero or not finite is unknown.
    """
    raw = np.nan_to_num(np.asarray(raw, dtype=np.float64), posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(raw, axis=1)
    known = lengths > 0
    if not known.any():
        return None, "The normals are all zero: they are read as none."
    wrong = int((np.abs(lengths[known] - 1) > UNIT).sum())
    if 2 * wrong > known.sum():
        return None, (
            f"The normals are {np.median(lengths[known]):.3g} long where they should be 1: they "
            "are read as none."
        )
    raw[known & (np.abs(lengths - 1) > UNIT)] = 0.0
    note = f"{wrong:,} normals are not of length 1: they are read as unknown." if wrong else ""
    return unit(raw), note


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
    # Single precision rounds coordinates far from the origin relative to their own size; others
    # were rounded, in the file, to some seven digits of their extent at least.
    single = bool((points.astype(np.float32) == points).all())
    size = 4 * np.abs(points).max() if single else 8 * np.ptp(points, axis=0).max()
    rounding = np.finfo(np.float32).eps * size
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
    """Points uniform on a mesh, with the normals and the mean colours of their faces.

    Raises:
        LevelsetError: the mesh has no area, or the count is below 1.
    """
    points, faces = sample_faces(mesh, count, numpy_generator(seed))
    colours = None
    if mesh.colours is not None:
        colours = np.rint(mesh.colours[mesh.faces[faces]].mean(1)).astype(np.uint8)
    return PointCloud(points, mesh.face_normals[faces], source="mesh", colours=colours)


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


#: More points take time and show nothing more on the grids of the results.
ENOUGH = 400_000
#: So many times the points that are kept are drawn before an even part of them is taken.
_DRAWN = 4


def thinned(cloud: PointCloud, most: int = ENOUGH, *, keep: bool = False) -> PointCloud:
    """At most so many points, even in space; a note says how many were left out.

    With ``keep``, four times as many of them at most stay in ``whole``.

    Raises:
        LevelsetError: ``most`` is below ``MIN_POINTS``.
    """
    if most < MIN_POINTS:
        raise LevelsetError(f"At least {MIN_POINTS} points must be kept, got {most}.")
    if len(cloud) <= most:
        return cloud
    drawn = downsample(cloud, _DRAWN * most)
    part = replace(downsample(drawn, most, "voxel"), whole=drawn.points if keep else None)
    return part.noted(
        f"{len(cloud):,} points are thinned to {len(part):,}, evenly: what the method can use."
    )


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
