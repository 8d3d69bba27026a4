"""How far vertices may lie off a line or a plane and still count as on it.

Files keep a few digits of a coordinate. A straight edge then bends at every vertex on it, and a
flat face falls into planes that nearly coincide: a network of all of them is larger, and no truer.
"""

from __future__ import annotations

import numpy as np

from levelset_core.errors import LevelsetError

#: Relative to the size, whatever the digits: what computing with such coordinates costs.
LEAST = 1e-12
#: Relative to the size: no digits are so few that more than this is merged without being asked.
MOST = 1e-5
#: Units in the last place of a coordinate.
_UNITS = 4.0
#: Decimal places that mean rounded coordinates; fewer are round numbers that a person chose.
_PLACES = range(4, 10)
#: Bits of a mantissa from which float32 numbers are rounded ones and not round ones.
_BITS = 20


def extent(points: np.ndarray) -> float:
    """The longest side of the box around points, (n, d)."""
    return float(np.ptp(points, axis=0).max()) if len(points) else 0.0


def tolerance_of(points: np.ndarray, given: float | None = None) -> float:
    """The distance up to which vertices count as on a line or a plane, in their units.

    Args:
        points: the coordinates as they were read, (n, d).
        given: the distance that was asked for, relative to the size; ``None`` follows the digits
            of the coordinates: float64, float32 (STL), or so many decimal places (OBJ, JSON).

    Raises:
        LevelsetError: ``given`` is not between 0 and 0.1.
    """
    size = extent(points)
    if given is not None:
        if not 0 <= given <= 0.1:
            raise LevelsetError(
                f"The tolerance is a part of the shape's size, between 0 and 0.1: got {given:g}."
            )
        return given * size
    least = LEAST * size + _UNITS * float(np.spacing(np.abs(points).max(initial=0.0)))
    return max(least, min(_UNITS * _last_place(points), MOST * size))


def _last_place(points: np.ndarray) -> float:
    """The unit of the coordinates' last digit, if they were rounded to few; else 0."""
    largest = float(np.abs(points).max(initial=0.0))
    with np.errstate(over="ignore"):  # beyond float32 they are no numbers of it
        single = points.astype(np.float32)
    if largest and (single == points).all() and _mantissa_bits(single) >= _BITS:
        return float(np.spacing(np.float32(largest)))
    for places in _PLACES:
        scaled = points * 10.0**places
        if (np.abs(scaled - np.round(scaled)) <= 4 * np.spacing(np.abs(scaled) + 1.0)).all():
            before = points * 10.0 ** (places - 1)
            whole = np.abs(before - np.round(before)) <= 4 * np.spacing(np.abs(before) + 1.0)
            # Round numbers with a rare longer one (0.0625) are no rounding.
            return 0.0 if whole.mean() > 0.5 else 10.0**-places
    return 0.0


def _mantissa_bits(values: np.ndarray) -> int:
    """Bits that the longest mantissa of float32 numbers takes."""
    mantissa, _ = np.frexp(values.astype(np.float64))
    whole = np.round(np.abs(mantissa[mantissa != 0]) * 2**24).astype(np.int64)
    if not len(whole):
        return 0
    trailing = np.log2((whole & -whole).astype(np.float64))
    return int(24 - np.median(trailing))
