"""What runs have made of a cloud so far, read from their folders, and as the viewer shows it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.geometry.meshes import in_space
from levelset_core.reconstruction.assess import ERRORS
from levelset_core.reconstruction.bundle import bundled_runs, is_bundled
from levelset_core.reconstruction.shapes import (
    FIELD,
    PREVIEW,
    SHAPE,
    FieldGrid,
    Shape,
    read_field,
    read_shape,
)
from levelset_core.runs import Run, RunConfig, RunStatus, tell_apart
from levelset_core.runs.files import read_arrays
from pages.reconstruction.input import Subject
from pages.reconstruction.method import METHODS
from pages.server.people import my_runs
from pages.shared import viewer3d as v


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


def runs_on(subject: Subject) -> list[Run]:
    """All runs of exactly this cloud, the newest first; last those that came with the program."""
    kinds = {m.kind for methods in METHODS.values() for m in methods.values()}
    found = []
    for run in my_runs().runs():
        config = _config(str(run.path))
        if config is not None and config.kind in kinds:
            about = config.settings.get("about", {})
            if about.get("digest") == subject.digest and run.problem() is None:
                found.append(run)
    stored = (run for run in bundled_runs() if is_of(run, subject))
    return [*found, *stored]


def is_of(run: Run, subject: Subject) -> bool:
    """Whether a run that came with the program is about these points."""
    return bool(run.config.settings["about"]["source"] == subject.source)


@st.cache_data(max_entries=2000, show_spinner=False)
def _config(path: str) -> RunConfig | None:
    """Of a run's folder; it never changes."""
    try:
        return Run(Path(path)).config
    except LevelsetError:
        return None


def titles_of(runs: list[Run]) -> dict[str, str]:
    """What the results are called; numbers tell equal ones apart, the oldest is the first."""
    methods = {name: m for group in METHODS.values() for name, m in group.items()}
    titles = []  # the method and the length of its training
    for settings in (run.config.settings for run in runs):
        name, seconds = settings["about"]["method"], settings.get("config", {}).get("seconds")
        title = methods[name].title if name in methods else name
        titles.append(title + (f", {seconds:g} s" if seconds else ""))
    titles = [f"{t}, stored" if is_bundled(run) else t for run, t in zip(runs, titles, strict=True)]
    return {run.id: title for run, title in zip(runs, tell_apart(titles), strict=True)}


def result_of(run: Run, title: str) -> Result | None:
    """What the run has made so far; None where its folder cannot be read just now."""
    try:
        status = run.status()
    except LevelsetError:
        return None
    shape, final = _read(run.artifacts / SHAPE, _read_shape), True
    if shape is None or status.state != "done":
        shape, final = _read(run.artifacts / PREVIEW, _read_shape), False
    field = _read(run.artifacts / FIELD, _read_field) if final else None
    errors = (_read(run.artifacts / ERRORS, _read_errors) or {}) if final else {}
    return Result(run, status, title, shape, final, field, errors)


def _read(path: Path, reader: Any) -> Any:
    try:
        return reader(str(path), path.stat().st_mtime_ns)
    except (LevelsetError, OSError):
        return None


# Previews come every other second: few are kept, and each is read once for all who look.
@st.cache_resource(max_entries=24, show_spinner=False)
def _read_shape(path: str, changed: int) -> Shape:
    return read_shape(Path(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _read_field(path: str, changed: int) -> FieldGrid:
    return read_field(Path(path))


@st.cache_resource(max_entries=8, show_spinner=False)
def _read_errors(path: str, changed: int) -> dict[str, np.ndarray]:
    return read_arrays(Path(path))


#: Points of a cloud that a browser gets at most.
SHOWN_POINTS = 60_000
TRANSLUCENT = 0.4
#: What a surface can be coloured by, of :data:`ERRORS`.
COLOURS = {
    "to_truth": "Distance to the truth", "to_cloud": "Distance to the points",
    "away": "Distance to data, in spacings",
    "curvature": "Mean curvature", "intensity": "Intensity of the points",
}  # fmt: skip
#: Distances in point spacings: up to here there is data, and the limits of their colours.
DATA = 1.5
AWAY = (0.0, 2 * DATA)
#: A cloud so many of its sizes away from the origin is drawn around its middle.
FAR = 100.0


def origin_of(subject: Subject) -> tuple[float, ...]:
    """What the viewer draws around: single precision is too coarse far from the origin."""
    points = in_space(subject.cloud.points)
    low, high = points.min(0), points.max(0)
    far = np.abs([low, high]).max() > FAR * (high - low).max()
    return tuple(np.rint((low + high) / 2).tolist()) if far else (0.0, 0.0, 0.0)


def views(
    subject: Subject, results: list[Result], kept: Callable[[Result | None], np.ndarray]
) -> list[v.View]:
    """One viewport a result; where there is none yet the cloud alone. Outliers are apart.

    Args:
        kept: (n,) bool, which points a result did not leave out as outliers, or the next would not.
    """
    shown = [result for result in results if result.shape is not None]
    if not shown:
        return [v.View("", [*_clouds(subject, None, kept(None)), *_truth(subject)])]
    return [
        v.View(
            result.title if len(shown) > 1 else "",
            [*_shape(result), *_clouds(subject, result, kept(result)), *_truth(subject)],
        )
        for result in shown
    ]


def _clouds(subject: Subject, result: Result | None, kept: np.ndarray) -> list[v.Layer]:
    """The points that count, and those that do not."""
    dropped = in_space(subject.cloud.points[~kept])
    outliers = v.Points("outliers", "Outliers", dropped, stands_out=True)
    stored = result is not None and is_bundled(result.run)
    return [_cloud(subject, result, kept), *([outliers] if len(dropped) and not stored else [])]


def _shape(result: Result) -> list[v.Layer]:
    shape, grid = result.shape, result.field
    assert shape is not None
    fields: list[v.Field | None] = [None, None]
    if grid is not None:
        low, high = grid.low.tolist(), grid.high.tolist()
        fields = [*(v.Field(values, low, high) for values in grid.values), None]
    if not shape.lines:
        mesh, values = shape.sheet, numbers_of(result)
        scalars = [
            v.Scalar(
                name, COLOURS[name], of_vertices, diverging=name == "curvature",
                limits=AWAY if name == "away" else None,
            )
            for name, of_vertices in values.items()
        ]  # fmt: skip
        trim = v.Trim("away", trim_of(result)) if "away" in values else None
        return [v.Surface("surface", "Surface", mesh, fields[0], scalars=scalars, trim=trim)]
    surfaces: list[v.Layer] = [
        v.Surface(f"surface{k}", f"F{'₁₂'[k]} = 0", mesh, fields[k], opacity=TRANSLUCENT, colour=k)
        for k, mesh in enumerate(shape.meshes)
        if len(mesh.faces)
    ]
    # Every piece is a tube of its own, shown and hidden together.
    return [*surfaces, *(v.Curve("curve", "Curve", line, True) for line in shape.lines)]


def numbers_of(result: Result) -> dict[str, np.ndarray]:
    """What the vertices of a result's sheet can be coloured by, of :data:`COLOURS`."""
    assert result.shape is not None
    count = len(result.shape.sheet.vertices)
    known = result.errors | ({} if result.shape.away is None else {"away": result.shape.away})
    return {name: known[name] for name in COLOURS if len(known.get(name, ())) == count}


def trim_of(result: Result) -> float:
    """Where the result's own surface ends, in point spacings: at infinity unless it is open."""
    if result.shape is None or result.shape.whole is None:
        return math.inf
    most = np.float32(result.run.config.settings["config"].get("trim", DATA))
    return float(np.nextafter(most, np.float32(np.inf)))  # the numbers have single precision


def _cloud(subject: Subject, result: Result | None, kept: np.ndarray) -> v.Points:
    points, chosen = subject.cloud.points, np.flatnonzero(kept)
    # Evenly through the file, the same ones every time.
    rows = chosen[np.linspace(0, len(chosen) - 1, min(len(chosen), SHOWN_POINTS)).astype(int)]
    errors = result.errors if result else {}
    values = {
        "to_shape": ("Points' distance to the surface", errors.get("to_shape")),
        "intensity": (COLOURS["intensity"], subject.cloud.intensity),
    }
    scalars = [
        v.Scalar(key, label, array[rows])
        for key, (label, array) in values.items()
        if array is not None and len(array) == len(points)
    ]
    colours = subject.cloud.colours
    # On a stored result they would only hide the colours that tell how good it is.
    stored = result is not None and is_bundled(result.run)
    return v.Points(
        "given" if stored else "cloud", "Points", in_space(points[rows]), scalars,
        shown=not stored, colours=None if colours is None else colours[rows],
    )  # fmt: skip


def _truth(subject: Subject) -> list[v.Layer]:
    if subject.truth is None:
        return []
    if subject.truth.lines:
        return [v.Curve("truth", "Truth", line, False) for line in subject.truth.lines]
    mesh = subject.truth.meshes[0].with_normals
    return [v.Surface("truth", "Truth", mesh, colour=1, shown=False)]
