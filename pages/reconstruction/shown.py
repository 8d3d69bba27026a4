"""The surface of a result as the viewer shows it: at the level, and trimmed, as its sliders say."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from levelset_core.geometry import Mesh, boundary_loops
from levelset_core.reconstruction.boundary import trimmed
from levelset_core.reconstruction.colours import carried
from levelset_core.reconstruction.shapes import read_cloud
from pages.reconstruction.results import Result, numbers_of, trim_of


@dataclass(frozen=True, eq=False)
class Shown:
    """A surface for files and pictures.

    Attributes:
        mesh: its ``values`` are those asked for.
        told: how it differs from the result, a sentence, "" where it does not.
        suffix: for a file's name.
    """

    mesh: Mesh
    told: str = ""
    suffix: str = ""


def shown_surface(
    result: Result, trim: float | None, *, values: str = "", level: float | None = None
) -> Shown:
    """What the viewer shows of a finished surface.

    Args:
        result: with a surface.
        trim: of the slider, None where nobody moved it.
        values: which numbers of :func:`numbers_of` the mesh gets, where it has them.
        level: another level set than the result, from F on the viewer's grid; never trimmed.
    """
    if level is not None:
        mesh = _level_set(result, result.run.id, level)
        return Shown(mesh, f"The level set t = {level:.4g}, from F on the viewer's grid.", "-level")
    return _trimmed(result, result.run.id, trim_of(result) if trim is None else trim, values)


@st.cache_resource(max_entries=4, show_spinner=False)
def _level_set(_result: Result, run: str, level: float) -> Mesh:
    assert _result.field is not None
    return carried(_result.field.level_set(level), read_cloud(_result.run))[0]


@st.cache_resource(max_entries=6, show_spinner="Trimming…")
def _trimmed(_result: Result, run: str, most: float, values: str) -> Shown:
    shape, numbers = _result.shape, numbers_of(_result)
    assert shape is not None
    sheet = replace(shape.sheet, values=numbers.get(values))
    away = numbers.get("away", np.zeros(0))
    mesh = trimmed(sheet, away, most) if len(away) else sheet
    if most == trim_of(_result):
        return Shown(mesh)
    if math.isinf(most):
        return Shown(mesh, "Not trimmed: closed also where it has no data.", "-whole")
    if mesh is sheet:
        return Shown(mesh)
    rims = len(boundary_loops(mesh))
    ends = "no rim" if not rims else "one rim" if rims == 1 else f"{rims} rims"
    told = f"Trimmed where the points are over {most:.2f} of their spacings away: {ends}."
    return Shown(mesh, told, "-trimmed")
