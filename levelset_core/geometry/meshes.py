"""Triangle meshes and polylines: what extraction returns and everything else takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from levelset_core.errors import LevelsetError


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh.

    Attributes:
        vertices: (n, 3) float64.
        faces: (m, 3) int64, counter-clockwise seen from the side to which F grows.
        normals: (n, 3) float64 of unit length, or None.
        values: (n,) float64, one number a vertex (an error, a curvature), or None.
        colours: (n, 3) uint8, red, green, blue of the vertices, or None.

    Raises:
        LevelsetError: shapes that do not fit, a face that names no vertex, or a vertex that is
            not finite.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray | None = None
    values: np.ndarray | None = None
    colours: np.ndarray | None = None

    def __post_init__(self) -> None:
        vertices = _rows(self.vertices, "vertices", 3)
        faces = np.asarray(self.faces)
        if faces.size == 0:
            faces = faces.reshape(0, 3)
        if faces.ndim != 2 or faces.shape[1] != 3:
            raise LevelsetError(f"faces are (m, 3) vertex numbers, got {faces.shape}.")
        faces = faces.astype(np.int64)
        if len(faces) and not (faces.min() >= 0 and faces.max() < len(vertices)):
            raise LevelsetError(
                f"Faces name vertices {faces.min()} to {faces.max()}, but there are "
                f"{len(vertices)}: one is not among the {len(vertices)}."
            )
        object.__setattr__(self, "vertices", vertices)
        object.__setattr__(self, "faces", faces)
        if self.normals is not None:
            normals = _rows(self.normals, "normals", 3)
            if len(normals) != len(vertices):
                raise LevelsetError(
                    f"A mesh has as many normals as vertices, got {len(normals)} for "
                    f"{len(vertices)} vertices."
                )
            object.__setattr__(self, "normals", normals)
        if self.values is not None:
            values = np.asarray(self.values, dtype=np.float64)
            if values.shape != vertices.shape[:1]:
                raise LevelsetError(
                    f"values are one a vertex, {vertices.shape[:1]}, got {values.shape}."
                )
            object.__setattr__(self, "values", values)
        if self.colours is not None:
            colours = np.asarray(self.colours, dtype=np.uint8)
            if colours.shape != vertices.shape:
                raise LevelsetError(
                    f"colours are one a vertex, {vertices.shape}, got {colours.shape}."
                )
            object.__setattr__(self, "colours", colours)

    @classmethod
    def empty(cls) -> Mesh:
        """No surface at all."""
        return cls(np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64), np.zeros((0, 3)))

    @cached_property
    def triangles(self) -> np.ndarray:
        """The corners of every face, (m, 3, 3)."""
        return np.asarray(self.vertices[self.faces])

    @cached_property
    def _crosses(self) -> np.ndarray:
        a, b, c = self.triangles.swapaxes(0, 1)
        return np.cross(b - a, c - a)  # (m, 3), twice the area long

    @cached_property
    def face_areas(self) -> np.ndarray:
        """(m,)."""
        return np.asarray(0.5 * np.linalg.norm(self._crosses, axis=1))

    @cached_property
    def face_normals(self) -> np.ndarray:
        """(m, 3) of unit length; zero for a face without area."""
        return unit(self._crosses)

    @cached_property
    def face_heights(self) -> np.ndarray:
        """The shortest height of every face, (m,)."""
        corners = self.triangles
        longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(1)
        doubled = 2 * self.face_areas
        return np.asarray(
            np.divide(doubled, longest, out=np.zeros_like(doubled), where=longest > 0)
        )

    @property
    def area(self) -> float:
        """Of the whole surface."""
        return float(self.face_areas.sum())

    @property
    def bounds(self) -> np.ndarray:
        """The lowest and the highest corner, (2, 3); zeros for an empty mesh."""
        if not len(self.vertices):
            return np.zeros((2, 3))
        return np.stack([self.vertices.min(0), self.vertices.max(0)])

    @cached_property
    def vertex_normals(self) -> np.ndarray:
        """``normals`` if there are any, else the area-weighted mean of the faces' normals."""
        if self.normals is not None:
            return self.normals
        total = np.zeros_like(self.vertices)
        for corner in range(3):
            for axis in range(3):
                total[:, axis] += np.bincount(
                    self.faces[:, corner], self._crosses[:, axis], minlength=len(total)
                )
        return unit(total)

    @cached_property
    def with_normals(self) -> Mesh:
        """The same surface, its normals the ``vertex_normals``."""
        return self if self.normals is not None else replace(self, normals=self.vertex_normals)

    def moved(self, scale: float, offset: np.ndarray, axes: np.ndarray | None = None) -> Mesh:
        """Every vertex v at ``scale * v @ axes + offset``, scale > 0: undoes a normalization."""
        vertices, normals = self.vertices, self.normals
        if axes is not None:
            vertices, normals = vertices @ axes, None if normals is None else normals @ axes
        vertices = scale * vertices + np.asarray(offset, dtype=np.float64)
        return replace(self, vertices=vertices, normals=normals)

    def with_values(self, values: np.ndarray) -> Mesh:
        """The same surface with other ``values``."""
        return replace(self, values=values)

    def select_faces(self, chosen: np.ndarray) -> Mesh:
        """Only the chosen faces, (m,) bool or numbers, and the vertices that they use."""
        faces = self.faces[chosen]
        used = np.zeros(len(self.vertices), dtype=bool)
        used[faces] = True
        renumber = np.cumsum(used) - 1
        normals = None if self.normals is None else self.normals[used]
        values = None if self.values is None else self.values[used]
        colours = None if self.colours is None else self.colours[used]
        return Mesh(self.vertices[used], renumber[faces], normals, values, colours)


@dataclass(frozen=True, eq=False)
class Polyline:
    """An ordered curve in the plane or in space.

    Attributes:
        points: (n, d) float64 in order; a closed curve does not repeat its first point.
        closed: whether the last point is joined to the first.

    Raises:
        LevelsetError: fewer than two points (three if closed), or one that is not finite.
    """

    points: np.ndarray
    closed: bool

    def __post_init__(self) -> None:
        points = _rows(self.points, "points")
        least = 3 if self.closed else 2
        if len(points) < least:
            raise LevelsetError(
                f"{'A closed' if self.closed else 'An open'} polyline has at least {least} "
                f"points, got {len(points)}."
            )
        object.__setattr__(self, "points", points)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def whole(self) -> np.ndarray:
        """Its points, the first again at the end if it is closed."""
        return np.concatenate([self.points, self.points[:1]]) if self.closed else self.points

    @property
    def segments(self) -> np.ndarray:
        """The two ends of every segment, (k, 2, d)."""
        ahead = np.roll(self.points, -1, axis=0)
        pairs = np.stack([self.points, ahead], axis=1)
        return pairs if self.closed else pairs[:-1]

    @property
    def length(self) -> float:
        """The sum of the segments."""
        ends = self.segments
        return float(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum())

    def moved(self, scale: float, offset: np.ndarray, axes: np.ndarray | None = None) -> Polyline:
        """Every point p at ``scale * p @ axes + offset``: undoes a normalization."""
        points = self.points if axes is None else self.points @ axes
        return replace(self, points=scale * points + np.asarray(offset, dtype=np.float64))


def even_points(line: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """``count`` points at even distances along a line (n, d), and how far along each is."""
    lengths = np.concatenate([[0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    wanted = np.linspace(0, lengths[-1], count)
    return np.stack([np.interp(wanted, lengths, axis) for axis in line.T], axis=1), wanted


def unit(vectors: np.ndarray) -> np.ndarray:
    """Every row divided by its length; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0))


def in_space(points: np.ndarray) -> np.ndarray:
    """Points in the plane, (n, 2), get z = 0; others stay as they are."""
    return points if points.shape[1] == 3 else np.pad(points, ((0, 0), (0, 1)))


def _rows(array: np.ndarray, name: str, columns: int | None = None) -> np.ndarray:
    rows = np.asarray(array, dtype=np.float64)
    if rows.ndim != 2 or (columns is not None and rows.shape[1] != columns):
        raise LevelsetError(f"{name} are (n, {columns or 'd'}), got {rows.shape}.")
    if not np.isfinite(rows).all():
        finite = np.isfinite(rows).all(1).sum()
        raise LevelsetError(f"{name} must be finite: {finite} of {len(rows)} are.")
    return rows
