"""The Explorer's model, image and epsilon in the address, so that a reload or a link opens them.

The front end writes them there without an entry for the browser's Back button, see
``assets/shared/address.js``. Here they are only read, to begin with.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import streamlit as st

MODEL, IMAGES, IMAGE, EPSILON = "model", "images", "image", "epsilon"


def address(model: str, place: tuple[str, int] | None, epsilon: float) -> dict[str, Any]:
    """What the front end is to write; None takes a name away.

    Args:
        model: its id.
        place: data set and index of the image; None for one that no address can hold.
        epsilon: of the attack.
    """
    images, image = place or (None, None)
    return {MODEL: model, IMAGES: images, IMAGE: image, EPSILON: epsilon}


def first_of(name: str, choices: list[str]) -> str:
    """What the address has under a name, if it can be chosen, else the first choice."""
    wanted = st.query_params.get(name)
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
    with suppress(ValueError):
        epsilon = float(st.query_params.get(EPSILON, "nan"))
        if st.query_params.get(MODEL) == model and math.isfinite(epsilon):
            return epsilon
    return usual
