"""How near two shapes are to each other: the metrics of Table 2, and those in common use."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError, optional
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.meshes import Mesh, unit
from levelset_core.random import numpy_generator


def distance_to(points: np.ndarray, target: Mesh | np.ndarray) -> np.ndarray:
    """The distance of every point to a target.

    Args:
        points: (n, 3).
        target: a mesh, whose triangles are taken as they are (VTK's cell locator; the surface
            may be open), or points, (m, 3), of which the nearest counts.

    Returns:
        (n,), at least 0, in the units of the points.

    Raises:
        LevelsetError: the target is empty, or its faces are too long and too many.
    """
    if not isinstance(target, Mesh):
        if not len(target):
            raise LevelsetError("There is no distance to a cloud without points.")
        return np.asarray(cKDTree(target).query(points)[0], dtype=np.float64)
    pyvista = optional("pyvista", "viewer")
    solid = target.face_areas > 0  # VTK divides by the area
    if not solid.any():
        raise LevelsetError("There is no distance to a surface without area.")
    if not len(points):
        return np.zeros(0)
    _check_room(target.triangles[solid])
    surface = pyvista.make_tri_mesh(target.vertices, target.faces[solid])
    signed = pyvista.PolyData(np.array(points)).compute_implicit_distance(surface)
    return np.abs(np.asarray(signed["implicit_distance"], dtype=np.float64))


#: VTK's locator divides the box of a surface evenly, with about so many faces in a part of it, and
#: at most so often along each side; each part lists the faces whose boxes reach into it.
_FACES_IN_A_PART, _MOST_PARTS = 25, 2**7
#: Entries of all lists at most, of some 45 bytes: about 2 GB. Those of a surface whose faces are
#: small are a few for each face.
_MOST_ENTRIES, _ENTRIES_EACH = 40_000_000, 8
#: Entries of a list at most, in the mean: a point takes 2 microseconds for each.
_MOST_LISTED = 5000


def _check_room(triangles: np.ndarray) -> None:
    """Refuse faces that are long or many in the same place, as those of one polygon of very many
    corners are.

    Raises:
        LevelsetError: to find the nearest ones would take too much memory, or time.
    """
    count, parts = len(triangles), 1
    while parts**3 * _FACES_IN_A_PART < count and parts < _MOST_PARTS:
        parts *= 2
    a, b, c = triangles.swapaxes(0, 1)
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    origin = low.min(0)
    extent = high.max(0) - origin
    scale = np.divide(parts, extent, out=np.zeros(3), where=extent > 0)
    first, last = (
        np.minimum((p - origin) * scale, parts - 1).astype(np.int64).T for p in (low, high)
    )
    entries = int((last - first + 1).prod(0).sum())
    # How many boxes reach into each part: the sum of +-1 at their corners.
    side = parts + 1
    lists = np.zeros(side**3)
    ends = np.stack([first, last + 1])  # (2, 3, m)
    for x, y, z in itertools.product((0, 1), repeat=3):
        at = (ends[x, 0] * side + ends[y, 1]) * side + ends[z, 2]
        lists += (-1) ** (x + y + z) * np.bincount(at, minlength=side**3)
    lists = lists.reshape(side, side, side).cumsum(0).cumsum(1).cumsum(2)
    listed = entries / max(1, int((lists > 0.5).sum()))
    if entries > max(_MOST_ENTRIES, _ENTRIES_EACH * count) or listed > _MOST_LISTED:
        raise LevelsetError(
            f"The surface has {count:,} faces, too long or too many in one place to find the "
            "nearest ones, as those of one polygon of very many corners are: divide that evenly, "
            "or compare points."
        )


#: Samples of each shape, as in the paper.
SAMPLES = 30_000
#: Of the F-score: 5 mm where lengths are metres.
THRESHOLD = 0.005


class Cloud(Protocol):
    """Anything with points, (n, 3), and perhaps normals, (n, 3)."""

    @property
    def points(self) -> np.ndarray: ...
    @property
    def normals(self) -> np.ndarray | None: ...


@dataclass(frozen=True)
class Comparison:
    """Distances in the units of the shapes, the two Chamfer distances times 1000.

    Attributes:
        chamfer_l1: see :func:`compare`.
        chamfer_l2: see :func:`compare`.
        hausdorff: the largest distance of a sample to the other shape, both ways.
        normal_consistency: 0 to 1; None if one of the two has no normals.
        f_score: 0 to 1.
        point_to_surface: the mean of ``accuracy`` and ``completeness``.
        accuracy: the mean distance of samples of the first shape to the second.
        completeness: the mean distance of samples of the second shape to the first.
        threshold: of the F-score.
        samples: drawn from each shape, at most.
    """

    chamfer_l1: float
    chamfer_l2: float
    hausdorff: float
    normal_consistency: float | None
    f_score: float
    point_to_surface: float
    accuracy: float
    completeness: float
    threshold: float
    samples: int

    def as_dict(self) -> dict[str, float | int | None]:
        """For JSON."""
        return asdict(self)


def compare(
    a: Mesh | Cloud | np.ndarray,
    b: Mesh | Cloud | np.ndarray,
    *,
    samples: int = SAMPLES,
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> Comparison:
    """Compare a reconstruction ``a`` with a ground truth ``b``; the order only names the ways.

    X and Y are ``samples`` points drawn uniformly from each surface (a cloud gives that many of
    its own points, or all), d(x, B) the exact distance to the triangles of B (to the points, if
    B is a cloud). The truth may be an open surface.

    * **Chamfer L_p**, p in {1, 2}, as in Table 2 (the numbers of Sec. 5.3 fit this formula):
      1000 (mean_x min_y ||x - y||_p + mean_y min_x ||x - y||_p). Two samplings of one surface
      are not at distance 0: that figure is the floor.
    * **Hausdorff**: max(max_x d(x, B), max_y d(y, A)).
    * **Point-to-surface**: (mean_x d(x, B) + mean_y d(y, A)) / 2.
    * **F-score**: 2 P R / (P + R), P the part of X with d(x, B) <= threshold, R that of Y.
    * **Normal consistency**: the mean of |n_x . n_y|, y the sample nearest to x, both ways;
      the sign is left out since clouds and open surfaces need not be oriented alike.

    Args:
        a: a mesh, a cloud, or an (n, 3) array.
        b: the same.
        samples: of each shape.
        threshold: of the F-score, in the shapes' units.
        seed: the same seed gives the same figures; the two draws are independent.

    Raises:
        LevelsetError: one of the two is empty, not in space, or not finite, or ``samples`` or
            ``threshold`` is not positive.
    """
    if samples < 1 or not threshold > 0:
        raise LevelsetError(
            f"samples and threshold must be positive, got {samples} and {threshold}."
        )
    x, x_normals, target_a = _draw(a, samples, numpy_generator(seed, 0))
    y, y_normals, target_b = _draw(b, samples, numpy_generator(seed, 1))
    x_tree, y_tree = cKDTree(x), cKDTree(y)

    chamfer = {}
    for p in (1, 2):
        there, _ = y_tree.query(x, p=p)
        back, _ = x_tree.query(y, p=p)
        chamfer[p] = 1000 * float(there.mean() + back.mean())

    to_b, to_a = distance_to(x, target_b), distance_to(y, target_a)
    precision, recall = (float((d <= threshold).mean()) for d in (to_b, to_a))
    consistency = None
    if x_normals is not None and y_normals is not None:
        _, nearest_y = y_tree.query(x)
        _, nearest_x = x_tree.query(y)
        cosines = [
            np.abs(np.einsum("ij,ij->i", x_normals, y_normals[nearest_y])).mean(),
            np.abs(np.einsum("ij,ij->i", y_normals, x_normals[nearest_x])).mean(),
        ]
        consistency = float(np.mean(cosines))
    accuracy, completeness = float(to_b.mean()), float(to_a.mean())
    return Comparison(
        chamfer_l1=chamfer[1],
        chamfer_l2=chamfer[2],
        hausdorff=float(max(to_b.max(), to_a.max())),
        normal_consistency=consistency,
        f_score=2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        point_to_surface=0.5 * (accuracy + completeness),
        accuracy=accuracy,
        completeness=completeness,
        threshold=threshold,
        samples=samples,
    )


def _draw(
    shape: Mesh | Cloud | np.ndarray, samples: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None, Mesh | np.ndarray]:
    """Samples, (n, 3), their normals, and what distances are measured to."""
    if isinstance(shape, Mesh):
        points, faces = sample_faces(shape, samples, rng)
        return points, shape.face_normals[faces], shape
    whole = np.asarray(shape if isinstance(shape, np.ndarray) else shape.points, dtype=np.float64)
    normals = None if isinstance(shape, np.ndarray) else shape.normals
    if whole.ndim != 2 or whole.shape[1] != 3 or not len(whole) or not np.isfinite(whole).all():
        raise LevelsetError(
            f"A cloud to compare is a non-empty, finite (n, 3) array, got {whole.shape}."
        )
    rows = np.arange(len(whole))
    if len(whole) > samples:
        rows = np.sort(rng.choice(len(whole), samples, replace=False))
    return whole[rows], None if normals is None else unit(normals[rows]), whole
