"""Where scans belong: Stanford's .conf, and a matrix of four rows beside a scan, .xf."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError


@dataclass(frozen=True)
class Pose:
    """x -> R x + t.

    Attributes:
        rotation: (3, 3).
        translation: (3,).
    """

    rotation: np.ndarray
    translation: np.ndarray

    def apply(self, points: np.ndarray) -> np.ndarray:
        """Places, (n, 3), of the scan in the common frame."""
        return np.asarray(points @ self.rotation.T + self.translation)

    def moved(self, cloud: PointCloud) -> PointCloud:
        """A scan in the common frame, its normals turned and its stations moved.

        Raises:
            LevelsetError: the cloud lies in the plane.
        """
        if cloud.points.shape[1] != 3:
            raise LevelsetError(f"{cloud.source}: a scan with a pose needs three coordinates.")
        normals, stations = cloud.normals, cloud.stations
        return replace(
            cloud, points=self.apply(cloud.points),
            normals=None if normals is None else normals @ self.rotation.T,
            stations=None if stations is None else self.apply(stations),
        )  # fmt: skip


def read_conf(data: bytes, label: str) -> dict[str, Pose]:
    """The scans that a .conf names, and their poses: ``bmesh NAME tx ty tz qx qy qz qw``.

    The quaternion turns the frame, so points turn by its inverse (checked on the bunny's scans
    against their merged mesh).

    Raises:
        LevelsetError: a line makes no sense, or there is no scan.
    """
    poses = {}
    for number, line in enumerate(data.decode("utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words or words[0] not in ("bmesh", "mesh"):
            continue
        try:
            values = np.array([float(word) for word in words[2:9]])
            if len(values) != 7 or not np.isfinite(values).all() or not values[3:].any():
                raise ValueError
        except ValueError as error:
            raise LevelsetError(
                f"{label}: line {number} is no scan with a translation and a quaternion, "
                f"{line.strip()[:60]!r}."
            ) from error
        turned = Rotation.from_quat(values[3:]).inv().as_matrix()
        poses[words[1]] = Pose(turned, values[:3])
    if not poses:
        raise LevelsetError(f"{label}: it names no scan (lines that begin with bmesh).")
    return poses


def read_xf(data: bytes, label: str) -> Pose:
    """A matrix of four rows of four numbers that moves columns (x, y, z, 1).

    Raises:
        LevelsetError: it is no such matrix, or it is no rigid motion.
    """
    try:
        words = data.decode("ascii").split()
        matrix = np.array([float(word) for word in words]).reshape(4, 4)
    except ValueError as error:
        raise LevelsetError(f"{label}: a pose is four rows of four numbers.") from error
    turn = matrix[:3, :3]
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-3):
        raise LevelsetError(f"{label}: the pose is no rigid motion.")
    return Pose(turn, matrix[:3, 3])
