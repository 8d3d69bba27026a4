"""Which way round closed curves a place is: half the solid angle, in the plane half the angle.

Half the solid angle that curves span, seen from x, is an angle: it is smooth off the curves, and
along a small loop around one it grows by 2 pi. So d(x) (cos, sin) of it, with the distance d to
the curves, vanishes on the curves and nowhere else, knotted and linked ones too (Binysh and
Alexander, *Maxwell's theory of solid angle and the construction of knotted fields*, 2018). In the
plane half the angle swept around x is pi times the winding number, and its cosine a side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Numbers in memory at a time.
ENTRIES = 1 << 20
#: Where the triangles that fill a curve meet: any direction, best one that no coordinate prefers.
APEX = np.array([0.48, 0.64, 0.60], dtype=np.float32)
#: b @ CROSS_APEX is APEX x b.
CROSS_APEX = np.cross(APEX, np.eye(3, dtype=np.float32))
TINY = 1e-30


def half_angle(x: np.ndarray, rings: Sequence[np.ndarray]) -> np.ndarray:
    """Half the (solid) angle that closed polygons span, seen from x, in sum; modulo 2 pi.

    In space: the spherical polygon is cut into triangles (a, b, c) of unit vectors, and half the
    solid angle of one is arg(1 + ab + bc + ca + i det(a, b, c)) (Van Oosterom and Strackee, 1983).

    Args:
        x: places, (m, d), d 2 or 3.
        rings: polygons, each (n, d); the last corner is joined to the first.

    Returns:
        (m,), radians.
    """
    one = _half_swept if x.shape[1] == 2 else _half_solid
    total = np.zeros(len(x))
    for ring in rings:
        rows = max(1, ENTRIES // len(ring))
        total += np.concatenate([one(x[k : k + rows], ring) for k in range(0, len(x), rows)])
    return total


def _half_solid(x: np.ndarray, ring: np.ndarray) -> np.ndarray:
    b = (ring - x[:, None]).astype(np.float32)  # (m, n, 3)
    b /= np.sqrt(np.einsum("mnd,mnd->mn", b, b))[..., None].clip(TINY)
    c = np.roll(b, -1, axis=1)
    to_apex = b @ APEX
    real = 1 + to_apex + np.roll(to_apex, -1, axis=1) + np.einsum("mnd,mnd->mn", b, c)
    determinant = np.einsum("mnd,mnd->mn", b @ CROSS_APEX, c)
    return np.asarray(np.arctan2(determinant, real).sum(1, dtype=np.float64))


def _half_swept(x: np.ndarray, ring: np.ndarray) -> np.ndarray:
    corners = (ring - x[:, None]) @ np.array([1, 1j])  # (m, n)
    return np.asarray(0.5 * np.angle(np.roll(corners, -1, axis=1) * corners.conj()).sum(1))
