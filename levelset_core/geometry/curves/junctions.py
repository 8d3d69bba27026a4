"""Places where curves branch or cross: no regular level set does, so they are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import Polyline, even_points, unit

#: Samples of a curve.
SAMPLES = 500
#: Strands nearer than so many standard deviations of the noise cannot be told apart.
TOUCH = 2.0
#: An end meets a strand ahead that is off its direction by this part of the distance at most.
HIT = 0.4
#: Stretches of one curve are two strands if so much of it lies between them.
STRAND = 0.1


def refuse_junctions(
    curves: Sequence[Polyline], noise: float, gap: float, place: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Refuse curves that branch, cross or touch.

    Args:
        curves: smooth.
        noise: of their points.
        gap: an end so near to another strand, and pointing at it, is on it.
        place: from their units to the person's.

    Raises:
        LevelsetError: they do; it says where.
    """
    lines = [even_points(curve.whole, SAMPLES)[0] for curve in curves]
    points = np.concatenate(lines)
    owner = np.repeat(np.arange(len(lines)), SAMPLES)
    along = np.tile(np.arange(SAMPLES), len(lines))
    tree = cKDTree(points)

    def strands(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Whether samples are of different strands."""
        apart = np.abs(along[a] - along[b]) / SAMPLES
        closed = np.array([curve.closed for curve in curves])[owner[a]]
        apart = np.where(closed, np.minimum(apart, 1 - apart), apart)
        return np.asarray((owner[a] != owner[b]) | (apart > STRAND))

    step = max(curve.length for curve in curves) / SAMPLES
    pairs = tree.query_pairs(TOUCH * noise + 0.5 * step, output_type="ndarray")
    touching = pairs[strands(pairs[:, 0], pairs[:, 1])]
    if len(touching):
        _refuse("Two stretches of the curve touch or cross", place(points[touching[0, 0]]))
    for k, curve in enumerate(curves):
        if curve.closed:
            continue
        for tip, before in ((0, 8), (SAMPLES - 1, SAMPLES - 9)):
            row = k * SAMPLES + tip
            near = np.array(tree.query_ball_point(points[row], max(gap / 2, 5 * noise)), dtype=int)
            near = near[strands(near, np.full(len(near), row))]
            outward = unit((points[row] - points[k * SAMPLES + before])[None])[0]
            chord = points[near] - points[row]
            ahead = chord @ outward
            aside = np.linalg.norm(chord - ahead[:, None] * outward, axis=1)
            inner = np.minimum(along[near], SAMPLES - along[near]) > STRAND * SAMPLES
            if np.any(inner & (ahead > 0) & (aside < HIT * ahead + noise)):
                _refuse("An end of the curve lies on another stretch of it", place(points[row]))


def _refuse(what: str, where: np.ndarray) -> None:
    at = ", ".join(f"{x:.6g}" for x in where)
    raise LevelsetError(
        f"{what} near ({at}): a level set has no junctions or crossings there. Take the branches "
        "apart and reconstruct each on its own."
    )
