"""Columns of numbers as a cloud."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from levelset_core.data.formats.roles import Roles, assign
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

#: More points than this are refused.
MAX_POINTS = 5_000_000
#: Larger files, or contents once unpacked, are refused.
MAX_BYTES = 512 << 20
#: Coordinates beyond this overflow when they are squared.
LARGEST = 1e100
#: Rows that are looked at to tell what the columns are.
SAMPLED = 2000

#: Called with the share that is done, 0 to 1.
Tell = Callable[[float], None]


@dataclass(frozen=True)
class Reading:
    """What a person says, and hears, while a file is read.

    Attributes:
        label: the file's name, for people.
        columns: names or numbers (from 1) of the coordinates.
        tell: hears how far the reading is.
    """

    label: str
    columns: tuple[str, ...] | None = None
    tell: Tell = field(default=lambda share: None)


def limit(count: int, label: str) -> None:
    """Refuse more points than are read.

    Raises:
        LevelsetError: there are more than ``MAX_POINTS``.
    """
    if count > MAX_POINTS:
        said = f"{count:,}" if count < 10**18 else "over 10^18"
        raise LevelsetError(
            f"{label}: {said} points are too many, at most {MAX_POINTS:,} are read; thin them out "
            "first."
        )


@np.errstate(invalid="ignore")  # a damaged number may be a signalling NaN
def cloud_of_columns(
    names: Sequence[str], columns: Sequence[np.ndarray], reading: Reading, **others: Any
) -> PointCloud:
    """A cloud from named columns of equal length.

    Args:
        names: "" where a column has none.
        columns: (n,) each.
        reading: see there.
        others: of :meth:`PointCloud.clean`.

    Raises:
        LevelsetError: the coordinates are not to be told, or there are too few of them.
    """
    limit(len(columns[0]) if columns else 0, reading.label)
    roles = roles_of(names, columns, reading)
    return cloud_of_roles(roles, lambda k: columns[k], reading.label, **others)


def roles_of(names: Sequence[str], columns: Sequence[np.ndarray], reading: Reading) -> Roles:
    """What the columns are, by their names, else by some of their rows."""
    if not columns:
        raise LevelsetError(f"{reading.label}: no points found in it.")
    rows = np.linspace(0, max(len(columns[0]) - 1, 0), min(SAMPLED, len(columns[0]))).astype(int)
    sample = np.stack([np.asarray(c[rows], dtype=np.float64) for c in columns], axis=1)
    return assign(names, sample, reading.label, columns=reading.columns)


def cloud_of_roles(
    roles: Roles, column: Callable[[int], np.ndarray], label: str, *, notes: Sequence[str] = (),
    normals: np.ndarray | None = None, colours: np.ndarray | None = None,
    intensity: np.ndarray | None = None, **others: Any,
) -> PointCloud:  # fmt: skip
    """A cloud whose columns' roles are known; ``column(k)`` gives them, (n,).

    Normals, colours and intensity may come from elsewhere, as may what :meth:`PointCloud.clean`
    takes besides.
    """

    def stack(numbers: tuple[int, ...]) -> np.ndarray | None:
        if not numbers:
            return None
        return np.stack([np.asarray(column(k), dtype=np.float64) for k in numbers], axis=1)

    points = stack(roles.points)
    assert points is not None
    check_size(points, label)
    told = [*notes, *roles.notes]
    normals = stack(roles.normals) if normals is None else normals
    colours, problem = rgb8(stack(roles.colours) if colours is None else colours)
    told += [problem] if problem else []
    if intensity is None and roles.intensity is not None:
        intensity = np.asarray(column(roles.intensity), dtype=np.float64)
    if normals is not None and normals.shape != points.shape:
        normals = None
        told.append(f"The normals do not fit to points in {points.shape[1]} dimensions: left out.")
    return PointCloud.clean(
        points, normals, label, notes=told, colours=colours, intensity=intensity, **others
    )


def check_size(points: np.ndarray, label: str) -> None:
    """Refuse coordinates whose squares overflow.

    Raises:
        LevelsetError: a finite coordinate is beyond ``LARGEST``.
    """
    with np.errstate(invalid="ignore"):
        huge = np.isfinite(points) & (np.abs(points) > LARGEST)
    if huge.any():
        raise LevelsetError(
            f"{label}: the coordinate {points[huge][0]:g} is larger than any that is read "
            f"({LARGEST:g})."
        )


def check_whole(numbers: np.ndarray, label: str) -> None:
    """Refuse vertices of faces that are no whole numbers.

    Raises:
        LevelsetError: one has a fraction, or is not finite, or too large to be exact.
    """
    if numbers.dtype.kind != "f":
        return
    with np.errstate(invalid="ignore"):
        odd = numbers[~((np.abs(numbers) < 2.0**53) & (numbers % 1 == 0))]
    if odd.size:
        raise LevelsetError(f"{label}: its faces name vertices by whole numbers, got {odd[0]:g}.")


def rgb8(raw: np.ndarray | None) -> tuple[np.ndarray | None, str]:
    """Colours as 8 bits from 0 to 1, 0 to 255 or 0 to 65,535; or None, and why there are none.

    Args:
        raw: (n, 3); one that is not finite is black.
    """
    if raw is None:
        return None, ""
    values = np.nan_to_num(raw, nan=0.0, posinf=0.0, neginf=0.0)
    top = values.max(initial=0.0)
    if values.min(initial=0.0) < 0 or top > 65535:
        return None, (
            f"The colours run from {values.min():.4g} to {top:.4g}, which no colours do: left out."
        )
    scale = 255.0 if top <= 1 else 1.0 if top <= 255 else 255 / 65535
    return np.rint(values * scale).astype(np.uint8), ""


def joined(clouds: Sequence[PointCloud], label: str) -> PointCloud:
    """One cloud of several in the same frame; what only some have is unknown in the others."""
    if len(clouds) == 1:
        return replace(clouds[0], source=label)
    sizes = [len(c) for c in clouds]
    limit(sum(sizes), label)
    parts: dict[str, Any] = {}
    for name, unknown in (("normals", 0.0), ("colours", 128), ("intensity", np.nan)):
        found = [getattr(c, name) for c in clouds]
        if any(f is not None for f in found):
            shape = next(f.shape[1:] for f in found if f is not None)
            blank = [np.full((n, *shape), unknown) for n in sizes]
            parts[name] = np.concatenate(
                [b if f is None else f for f, b in zip(found, blank, strict=True)]
            )
    stations, station, before = [], [], 0
    for cloud in clouds:
        own = np.zeros((0, 3)) if cloud.stations is None else cloud.stations
        rows = np.full(len(cloud), -1) if cloud.station is None else cloud.station
        station.append(np.where(rows < 0, -1, rows + before))
        stations.append(own)
        before += len(own)
    if before:
        parts |= {"stations": np.concatenate(stations), "station": np.concatenate(station)}
    notes = tuple(dict.fromkeys(note for c in clouds for note in c.notes))
    whole = PointCloud.clean(
        np.concatenate([c.points for c in clouds]), source=label, notes=notes, **parts
    )
    return replace(
        whole, non_finite=sum(c.non_finite for c in clouds),
        duplicates=whole.duplicates + sum(c.duplicates for c in clouds),
    )  # fmt: skip
