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
MOST = 5e-3
#: Units of the last place. Rounding moves a vertex by 0.71 of them off its line, and that line's
#: ends as much; a plane is first laid through one face, and goes astray beyond it.
_UNITS = {2: 2.0, 3: 4.0}
#: Significant digits that mean rounded coordinates; of float32 numbers so many at most.
_DIGITS, _SINGLE_DIGITS = range(3, 15), 6
#: So many numbers that differ, half of them with a last digit other than 0 and 5, were rounded:
#: a person chooses rounder ones.
_NUMBERS, _SHARE = 6, 0.5
#: Bits of a mantissa from which float32 numbers are rounded ones and not round ones.
_BITS = 20


def extent(points: np.ndarray) -> float:
    """The longest side of the box around points, (n, d)."""
    return float(np.ptp(points, axis=0).max()) if len(points) else 0.0


def tolerance_of(points: np.ndarray, given: float | None = None, noise: float = 0.0) -> float:
    """The distance up to which vertices count as on a line or a plane, in their units.

    Args:
        points: the coordinates as they were read, (n, d).
        given: the distance that was asked for, relative to the size; ``None`` follows the digits
            of the coordinates: float64, float32 (STL), or so many digits (OBJ, JSON).
        noise: of what was computed with the coordinates since, in their units.

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
    rounded = min(_UNITS[points.shape[1]] * last_place(points, noise), MOST * size)
    return max(least_tolerance(points), rounded)


def least_tolerance(points: np.ndarray) -> float:
    """What computing with such coordinates costs, whatever digits they have."""
    return LEAST * extent(points) + 4 * float(np.spacing(np.abs(points).max(initial=0.0)))


def last_place(points: np.ndarray, noise: float = 0.0) -> float:
    """The unit of the coordinates' last digit, if they were rounded to few; else 0.

    Args:
        points: (n, d).
        noise: of what was computed with the coordinates since, in their units.
    """
    largest = float(np.abs(points).max(initial=0.0))
    if not largest:
        return 0.0
    with np.errstate(over="ignore"):  # beyond float32 they are no numbers of it
        single = points.astype(np.float32)
    is_single = bool((single == points).all())
    rounding = np.abs(np.spacing(single if is_single else points)).astype(float)
    # A number of few digits is one where 2, 3, ... of them suffice.
    values, first = np.unique(np.abs(points), return_index=True)
    place = _decimal_place(values, 4 * rounding.ravel()[first] + noise, is_single)
    if place:
        return place if _UNITS[2] * place <= 2 * MOST * extent(points) else 0.0
    if is_single and _mantissa_bits(single) >= _BITS:
        return float(np.spacing(np.float32(largest)))
    return 0.0


def _decimal_place(values: np.ndarray, rounding: np.ndarray, is_single: bool) -> float:
    """The last decimal place of distinct numbers that were rounded to so many digits, else 0."""
    power = np.floor(np.log10(np.where(values > 0, values, 1.0)))  # of the first digit

    def suffice(digits: int) -> bool:
        unit = 10.0 ** (power - digits + 1)
        return bool((np.abs(values - np.round(values / unit) * unit) <= rounding).all())

    most = _SINGLE_DIGITS if is_single else _DIGITS[-1]
    for digits in _DIGITS if suffice(most) else ():
        if not suffice(digits):
            continue
        last = 10.0 ** (float(power[-1]) - digits + 1)
        long = np.round(values[values >= 10 * last] / last)  # the others are all last digit
        odd = long % 5 != 0
        return last if last < 1 and odd.sum() >= max(_NUMBERS, _SHARE * len(long)) else 0.0
    return 0.0


def _mantissa_bits(values: np.ndarray) -> int:
    """Bits that the longest mantissa of float32 numbers takes."""
    mantissa, _ = np.frexp(values.astype(np.float64))
    whole = np.round(np.abs(mantissa[mantissa != 0]) * 2**24).astype(np.int64)
    if not len(whole):
        return 0
    trailing = np.log2((whole & -whole).astype(np.float64))
    return int(24 - np.median(trailing))
