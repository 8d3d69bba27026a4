"""What runs have made of a cloud so far, read from their folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.reconstruction.assess import ERRORS
from levelset_core.reconstruction.shapes import (
    FIELD,
    PREVIEW,
    SHAPE,
    FieldGrid,
    Shape,
    read_field,
    read_shape,
)
from levelset_core.runs import Run, RunConfig, RunStatus, RunStore, tell_apart
from levelset_core.runs.arrays import read_arrays
from pages.reconstruction.input import Subject
from pages.reconstruction.method import METHODS


@dataclass(frozen=True, eq=False)
class Result:
    """A run and what it has made so far.

    Attributes:
        run, status: of now.
        title: the method, and what tells it from others of the same.
        shape: the result, else the last preview, else None.
        final: whether ``shape`` is the result.
        field: F on a grid, once there is one.
        errors: one number a vertex or a point, by name, of ``assess``.
    """

    run: Run
    status: RunStatus
    title: str
    shape: Shape | None
    final: bool
    field: FieldGrid | None
    errors: dict[str, np.ndarray]

    @property
    def comparison(self) -> dict[str, Any]:
        """The metrics of the finished run; empty before."""
        found: dict[str, Any] = (self.run.result() or {}).get("comparison", {})
        return found


def runs_on(subject: Subject) -> list[Run]:
    """All runs of exactly this cloud, the newest first."""
    kinds = {m.kind for methods in METHODS.values() for m in methods.values()}
    found = []
    for run in RunStore().runs():
        config = _config(str(run.path))
        if config is not None and config.kind in kinds:
            about = config.settings.get("about", {})
            if about.get("digest") == subject.digest and run.problem() is None:
                found.append(run)
    return found


@st.cache_data(max_entries=2000, show_spinner=False)
def _config(path: str) -> RunConfig | None:
    """Of a run's folder; it never changes."""
    try:
        return Run(Path(path)).config
    except LevelsetError:
        return None


def titles_of(runs: list[Run]) -> dict[str, str]:
    """What the results are called; numbers tell equal ones apart, the oldest is the first."""
    titles = tell_apart([_title_of(run) for run in runs])
    return {run.id: title for run, title in zip(runs, titles, strict=True)}


def _title_of(run: Run) -> str:
    """The method and the length of its training."""
    settings = run.config.settings
    methods = {name: m for group in METHODS.values() for name, m in group.items()}
    method = methods.get(settings["about"]["method"])
    seconds = settings.get("config", {}).get("seconds")
    title = method.title if method else settings["about"]["method"]
    return title + (f", {seconds:g} s" if seconds else "")


def result_of(run: Run, title: str) -> Result | None:
    """What the run has made so far; None where its folder cannot be read just now."""
    try:
        status = run.status()
    except LevelsetError:
        return None
    shape, final = _read(run.artifacts / SHAPE, _shape), True
    if shape is None or status.state != "done":
        shape, final = _read(run.artifacts / PREVIEW, _shape), False
    field = _read(run.artifacts / FIELD, _field) if final else None
    errors = (_read(run.artifacts / ERRORS, _errors) or {}) if final else {}
    return Result(run, status, title, shape, final, field, errors)


def _read(path: Path, reader: Any) -> Any:
    try:
        return reader(str(path), path.stat().st_mtime_ns)
    except (LevelsetError, OSError):
        return None


# Previews come every other second: few are kept, and each is read once for all who look.
@st.cache_resource(max_entries=24, show_spinner=False)
def _shape(path: str, changed: int) -> Shape:
    return read_shape(Path(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _field(path: str, changed: int) -> FieldGrid:
    return read_field(Path(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _errors(path: str, changed: int) -> dict[str, np.ndarray]:
    return read_arrays(Path(path))
