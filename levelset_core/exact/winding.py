"""The winding number of a closed surface of triangles."""

from __future__ import annotations

import numpy as np

_CHUNK = 4_000_000


def winding_number(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How often a closed surface winds around points: 1 inside, 0 outside.

    The solid angles of its triangles (van Oosterom, Strackee, 1983) over 4 pi. On a face it is 1/2.

    Args:
        triangles: (m, 3, 3).
        points: (n, 3).

    Returns:
        (n,)
    """
    result = np.empty(len(points))
    step = max(1, _CHUNK // (9 * len(triangles)))
    for start in range(0, len(points), step):
        a, b, c = np.moveaxis(triangles[None] - points[start : start + step, None, None], 2, 0)
        la, lb, lc = (np.linalg.norm(v, axis=-1) for v in (a, b, c))
        volume = np.einsum("ijk,ijk->ij", a, np.cross(b, c))
        rest = la * lb * lc + lc * (a * b).sum(-1) + la * (b * c).sum(-1) + lb * (c * a).sum(-1)
        volume[(np.abs(volume) <= 1e-13 * la * lb * lc) & (rest < 0)] = 0.0
        rest[volume == 0] = 1.0  # seen from within its plane, a triangle has no angle
        result[start : start + step] = np.arctan2(volume, rest).sum(1) / (2 * np.pi)
    return result
