"""What the page Robustness has in its address besides the view: the table's images and epsilon, the
Explorer's model, image and epsilon. A reload or a link opens them.

The front end writes them there without an entry for the browser's Back button, see
``assets/shared/address.js``. Here they are only read, to begin with.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import streamlit as st

from levelset_core.paths import present_name

#: Key of the control that chooses the view.
VIEW = "robust_view"
MODEL, IMAGES, IMAGE, EPSILON = "model", "images", "image", "epsilon"
#: Instead of a data set: the digit that is drawn in this tab, which keeps it.
DRAWN = "drawn"
#: The table's: others, as one view comes before the other has gone.
TABLE_IMAGES, TABLE_EPSILON, NORM = "data", "eps", "norm"
#: Of the table's epsilon, by norm.
EPSILON_RANGE = {"linf": (0.001, 1.0), "l2": (0.01, 50.0)}
NORM_TITLES = {"linf": "L∞", "l2": "L2"}


def table_address(
    images: str, sets: list[str], epsilon: float, usual: float, norm: str
) -> dict[str, Any]:
    """What the table's front end is to write: the first of ``sets``, L_inf, and the paper's
    epsilon need no word.
    """
    return {
        NORM: None if norm == "linf" else norm,
        TABLE_IMAGES: None if images == sets[0] else images,
        TABLE_EPSILON: None if epsilon == usual else epsilon,
    }


def first_table_epsilon(images: str, sets: list[str], usual: float, norm: str) -> float:
    """The epsilon that the address has for the table of these images, else the usual one."""
    low, high = EPSILON_RANGE[norm]
    epsilon = _number(TABLE_EPSILON)
    same = first_of(TABLE_IMAGES, sets) == images and first_of(NORM, list(NORM_TITLES)) == norm
    fits = same and low <= epsilon <= high
    return epsilon if fits else usual


def address(model: str, place: tuple[str, int | None] | None, epsilon: float) -> dict[str, Any]:
    """What the Explorer's front end is to write; None takes a name away."""
    images, image = place or (None, None)
    return {MODEL: model, IMAGES: images, IMAGE: image, EPSILON: epsilon}


def first_of(name: str, choices: list[str]) -> str:
    """What the address has under a name, if it can be chosen, else the first choice."""
    wanted = st.query_params.get(name, "")
    wanted = wanted if wanted in choices else present_name(wanted)
    return wanted if wanted in choices else choices[0]


def first_image(images: str, count: int) -> int:
    """The index that the address has for a data set of so many images, else 0."""
    with suppress(ValueError):
        index = int(st.query_params.get(IMAGE, "0"))
        if st.query_params.get(IMAGES) == images and 0 <= index < count:
            return index
    return 0


def first_epsilon(model: str, usual: float) -> float:
    """The epsilon that the address has for a model, else the usual one."""
    epsilon = _number(EPSILON)
    known = model in (wanted := st.query_params.get(MODEL, ""), present_name(wanted))
    return epsilon if known and math.isfinite(epsilon) else usual


def _number(name: str) -> float:
    """What the address has under a name; NaN for none."""
    try:
        return float(st.query_params.get(name, "nan"))
    except ValueError:
        return math.nan
