"""Labelled points in the plane: what a person draws, loads and shares."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError

#: Beyond this many points a drawing is no longer one.
MAX_POINTS = 2000
#: Coordinates are kept to four decimals, so that a shared drawing is the same drawing.
DECIMALS = 4
#: The plane of the playground: xmin, xmax, ymin, ymax.
BOUNDS = (-1.5, 1.5, -1.5, 1.5)


@dataclass(frozen=True, eq=False)
class PointSet:
    """n points of two classes in the plane.

    Attributes:
        xy: (n, 2) float32, rounded to four decimals.
        labels: (n,) int8, +1 or -1.

    Raises:
        LevelsetError: shapes that do not match, a label other than +-1, a coordinate that is
            not finite or outside of ``BOUNDS``, or more than ``MAX_POINTS`` points.
    """

    xy: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        xy, labels = np.asarray(self.xy, dtype=np.float64), np.asarray(self.labels)
        if xy.ndim != 2 or xy.shape[1] != 2 or labels.shape != xy.shape[:1]:
            shapes = f"{xy.shape} and {labels.shape}"
            raise LevelsetError(f"Points are (n, 2) with labels (n,), got {shapes}.")
        if len(xy) > MAX_POINTS:
            raise LevelsetError(f"{len(xy)} points are too many: at most {MAX_POINTS} fit here.")
        if not np.isfinite(xy).all():
            raise LevelsetError("Every coordinate must be a finite number.")
        xy = xy.round(DECIMALS)
        outside = (xy < BOUNDS[0::2]) | (xy > BOUNDS[1::2])
        if outside.any():
            raise LevelsetError(
                f"The coordinate {xy[outside][0]:g} lies outside the plane, which runs from "
                f"{BOUNDS[0]} to {BOUNDS[1]}."
            )
        if not np.isin(labels, (-1, 1)).all():
            odd = labels[~np.isin(labels, (-1, 1))][0]
            raise LevelsetError(f"Labels are +1 or -1, got {odd}.")
        object.__setattr__(self, "xy", xy.astype(np.float32))
        object.__setattr__(self, "labels", labels.astype(np.int8))

    def __len__(self) -> int:
        return len(self.xy)

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same points, in the same order."""
        if not isinstance(other, PointSet):
            return NotImplemented
        return np.array_equal(self.xy, other.xy) and np.array_equal(self.labels, other.labels)

    def rows_in(self, earlier: PointSet) -> np.ndarray:
        """Which row of an earlier drawing each point was, (n,); -1 for a new one.

        Where one point of as many is new, the one that is gone was moved: it keeps its row.
        """
        known = {key: row for row, key in reversed([*enumerate(earlier._keys())])}
        rows = np.array([known.get(key, -1) for key in self._keys()], dtype=np.int64)
        (new,) = np.nonzero(rows < 0)
        gone = np.setdiff1d(np.arange(len(earlier)), rows)
        if len(new) == len(gone) == 1:
            rows[new] = gone
        return rows

    def _keys(self) -> list[tuple[float, ...]]:
        return [
            (*xy, label) for xy, label in zip(self.xy.tolist(), self.labels.tolist(), strict=True)
        ]

    def largest_margin(self, norm: str) -> float:
        """Half the class gap: no boundary keeps all points further away than this.

        min ||x - x'|| / 2 over x of one class and x' of the other; infinite with one class alone.

        Args:
            norm: "l2" or "linf".
        """
        positive = self.labels > 0
        if positive.all() or not positive.any():
            return math.inf
        order = 2.0 if norm == "l2" else math.inf
        gaps, _ = cKDTree(self.xy[positive]).query(self.xy[~positive], p=order)
        return float(gaps.min()) / 2

    @classmethod
    def empty(cls) -> PointSet:
        """No points at all."""
        return cls(np.zeros((0, 2)), np.zeros(0))

    @classmethod
    def from_rows(cls, rows: list[list[float]]) -> PointSet:
        """From [[x, y, label], ...], as the browser sends them.

        Raises:
            LevelsetError: a row that is not three numbers, or what the class itself refuses.
        """
        try:
            table = np.asarray(rows, dtype=np.float64).reshape(len(rows), 3)
        except (TypeError, ValueError, OverflowError) as error:
            raise LevelsetError("Every point is three numbers: x, y and a label.") from error
        return cls(table[:, :2], table[:, 2])

    def to_rows(self) -> list[list[float]]:
        """[[x, y, label], ...] in plain numbers of at most four decimals."""
        xy = self.xy.astype(np.float64).round(DECIMALS).tolist()
        return [[x, y, label] for (x, y), label in zip(xy, self.labels.tolist(), strict=True)]


#: Words people write for the two classes.
_LABELS = {
    **dict.fromkeys(("1", "+1", "1.0", "+1.0", "blue", "+", "positive"), 1),
    **dict.fromkeys(("-1", "-1.0", "0", "0.0", "orange", "-", "negative"), -1),
}  # fmt: skip


def read_points_csv(text: str) -> PointSet:
    """Points from CSV text: x,y,label a line, label 1 or -1 (0 counts as -1), header optional.

    Raises:
        LevelsetError: names the first line that is wrong, and what is wrong with it.
    """
    xy: list[tuple[float, float]] = []
    labels: list[int] = []
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            line = reader.line_num
            if not xy and [c.lower() for c in cells[:2]] == ["x", "y"]:
                continue
            if len(cells) != 3:
                raise LevelsetError(
                    f"Line {line}: expected x,y,label but found {len(cells)} value"
                    f"{'' if len(cells) == 1 else 's'}."
                )
            xy.append((_number(cells[0], "x", line), _number(cells[1], "y", line)))
            if cells[2].lower() not in _LABELS:
                raise LevelsetError(f"Line {line}: the label must be 1 or -1, not {cells[2]!r}.")
            labels.append(_LABELS[cells[2].lower()])
            if len(xy) > MAX_POINTS:
                raise LevelsetError(f"Line {line}: more than {MAX_POINTS} points do not fit here.")
    except csv.Error as error:
        raise LevelsetError(f"Line {reader.line_num}: not readable as CSV ({error}).") from error
    if not xy:
        raise LevelsetError("Line 1: no points found; write x,y,label on every line.")
    return PointSet(np.array(xy), np.array(labels))


def write_points_csv(points: PointSet) -> str:
    """The text that :func:`read_points_csv` reads back, with a header."""
    lines = [f"{x:.{DECIMALS}f},{y:.{DECIMALS}f},{label}" for x, y, label in points.to_rows()]
    return "\n".join(["x,y,label", *lines]) + "\n"


def _number(cell: str, name: str, line: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise LevelsetError(f"Line {line}: {name} must be a number, not {cell!r}.")
    low, high = BOUNDS[0], BOUNDS[1]
    if not low <= value <= high:
        raise LevelsetError(
            f"Line {line}: {name} = {cell} lies outside the plane, which runs from {low} to {high}."
        )
    return value


def points_from_file(content: bytes) -> PointSet:
    """Points from a CSV file's content; see :func:`read_points_csv`."""
    return read_points_csv(content.decode("utf-8", "replace"))
