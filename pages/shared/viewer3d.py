"""The 3D viewer: linked viewports of surfaces, clouds, curves; see assets/shared/viewer.

Level, trim, cut, colours, camera and pictures are the browser's business: none of them runs the
page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline
from levelset_core.geometry.meshes import in_space
from pages.server.arrays import ARRAYS_PATH, store
from pages.shared.front_end import front_end

Array = NDArray[Any]

_component = front_end("levelset_viewer3d", "shared/viewer")


@dataclass(frozen=True)
class Scalar:
    """Numbers to colour vertices or points by, with a legend and a histogram.

    Args:
        key: the same key in several layers means the same quantity.
        label: what a person reads.
        values: (n,), NaN where there is none.
        unit: of the values.
        diverging: colours that grow from zero to both sides.
        limits: of the colours; by default from the values, without the rarest.
    """

    key: str
    label: str
    values: Array
    unit: str = ""
    diverging: bool = False
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Trim:
    """What the slider "trim where no points are" goes by.

    Args:
        key: of a scalar of the surface, its distance to the data in point spacings.
        base: the surface ends where the scalar is larger, unless the slider says otherwise.
    """

    key: str
    base: float = math.inf


@dataclass(frozen=True)
class Field:
    """F on a regular grid, for the level slider and the cut.

    Args:
        values: (nx, ny, nz), values[i, j, k] = F(x_i, y_j, z_k).
        low: (3,) the corner of values[0, 0, 0].
        high: (3,) the opposite corner.
    """

    values: Array
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Surface:
    """A level set: its mesh, F on a grid, or both.

    With both, the mesh is what shows at ``level``, and the level slider extracts the others. The
    browser takes the normals of a mesh without any from its faces. ``scalars`` are of its vertices.
    """

    name: str
    label: str
    mesh: Mesh | None = None
    field: Field | None = None
    level: float = 0.0
    opacity: float = 1.0
    colour: int = 0
    shown: bool = True
    scalars: Sequence[Scalar] = ()
    trim: Trim | None = None


@dataclass(frozen=True)
class Points:
    """A point cloud; points: (n, 3), colours: (n, 3) uint8 or None.

    ``stands_out``: larger, in a colour of its own, whatever the others are coloured by.
    """

    name: str
    label: str
    points: Array
    scalars: Sequence[Scalar] = ()
    shown: bool = True
    colours: Array | None = None
    stands_out: bool = False


@dataclass(frozen=True)
class Curve:
    """A polyline, drawn as a tube; one in the plane gets z = 0."""

    name: str
    label: str
    line: Polyline
    shown: bool = True


Layer = Surface | Points | Curve


@dataclass(frozen=True)
class Seen:
    """What the person did in the viewer.

    Attributes:
        level: t that the slider was left at; None while it was not moved.
        trim: what the slider "trim where no points are" was left at, in point spacings, infinity
            where nothing is trimmed; None while it was not moved.
        camera: "position" and "target", three numbers each, around the viewer's origin; None
            unless it was asked for.
    """

    level: float | None
    camera: dict[str, list[float]] | None
    trim: float | None = None


@dataclass(frozen=True)
class View:
    """One viewport. Layers of the same name are shown and hidden together in all viewports."""

    title: str
    layers: Sequence[Layer]


def viewer3d(
    views: Sequence[View],
    *,
    key: str,
    subject: str,
    height: int = 620,
    up: Literal["y", "z"] = "y",
    colour: str = "plain",
    tell_camera: bool = False,
    empty: str = "Nothing to show yet.",
    origin: Sequence[float] = (0.0, 0.0, 0.0),
) -> Seen:
    """Draw viewports that share one camera.

    Args:
        views: left to right.
        key: of the component.
        subject: what is looked at. The camera frames a new subject, and only that.
        height: px.
        up: the axis that points up.
        colour: "plain", "normals", "gradient" (|D_xF|), "rgb" (the layers' own colours) or the key
            of a scalar; a change of this
            argument changes the colours, as a person can by the menu.
        tell_camera: run the page whenever the camera has come to rest, to know where it is.
        empty: what to say while there is nothing.
        origin: what the browser, which has single precision, gets coordinates around.

    Raises:
        LevelsetError: arrays of a wrong shape.
    """
    drawn = [{"title": v.title, "layers": [_layer(x, origin) for x in v.layers]} for v in views]
    data = {
        "height": height, "subject": subject, "up": up, "origin": [float(x) for x in origin],
        "colour": colour, "empty": empty, "tellCamera": tell_camera,
        "views": drawn, "prefetch": [f"{ARRAYS_PATH}/{name}" for name in _names(drawn)],
    }  # fmt: skip
    told = {"level": None, "trim": None, "camera": None, "missing": 0}
    state = _component(key=key, data=data, default=told, height=height)
    return Seen(state.level, state.camera, math.inf if state.trim == "off" else state.trim)


def _names(content: Any) -> Iterator[str]:
    """The arrays' names, wherever they are in what the browser gets."""
    if isinstance(content, dict) and "dtype" in content:
        yield content["name"]
    elif isinstance(content, dict | list):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _names(part)


def _layer(layer: Layer, origin: Sequence[float] = (0.0, 0.0, 0.0)) -> dict[str, Any]:
    about: dict[str, Any] = {"name": layer.name, "label": layer.label, "shown": layer.shown}
    match layer:
        case Surface():
            if layer.mesh is None and layer.field is None:
                raise LevelsetError(f"The surface {layer.name!r} needs a mesh or a field.")
            return about | {
                "kind": "surface", "level": layer.level, "opacity": layer.opacity,
                "colour": layer.colour,
                "mesh": _mesh(layer.mesh, layer.scalars, origin) if layer.mesh else None,
                "field": _field(layer.field, origin) if layer.field else None,
                "trim": _trim(layer.trim),
            }  # fmt: skip
        case Points():
            points = _rows(layer.points, "points", origin)
            return about | {
                "kind": "points", "positions": store.publish(points),
                "standsOut": layer.stands_out,
                "colours": _colours(layer.colours, len(points)),
                "scalars": [_scalar(s, len(points)) for s in layer.scalars],
            }  # fmt: skip
        case Curve():
            points = _rows(in_space(layer.line.points), "points", origin)
            size = float(np.linalg.norm(np.ptp(points, axis=0)))
            return about | {
                "kind": "tube", "closed": layer.line.closed, "size": size,
                "positions": store.publish(points),
            }  # fmt: skip


def _trim(trim: Trim | None) -> dict[str, Any] | None:
    """JSON has no infinity."""
    if trim is None:
        return None
    return {"key": trim.key, "base": trim.base if math.isfinite(trim.base) else None}


def _mesh(mesh: Mesh, scalars: Sequence[Scalar], origin: Sequence[float]) -> dict[str, Any]:
    return {
        "positions": store.publish(_rows(mesh.vertices, "vertices", origin)),
        "colours": _colours(mesh.colours, len(mesh.vertices)),
        "faces": store.publish(mesh.faces.astype(np.uint32)),
        "normals": None if mesh.normals is None else store.publish(_rows(mesh.normals, "normals")),
        "scalars": [_scalar(s, len(mesh.vertices)) for s in scalars],
    }


def _colours(colours: Array | None, count: int) -> dict[str, Any] | None:
    if colours is None:
        return None
    if np.shape(colours) != (count, 3):
        raise LevelsetError(f"Colours have shape {np.shape(colours)}, expected ({count}, 3).")
    return store.publish(np.ascontiguousarray(colours, dtype=np.uint8))


def _field(field: Field, origin: Sequence[float]) -> dict[str, Any]:
    """F as 16-bit integers: half the bytes of float32, and far finer than a picture shows."""
    values = np.asarray(field.values, dtype=np.float32)
    if values.ndim != 3 or min(values.shape) < 2:
        raise LevelsetError(f"A field has shape (nx, ny, nz), at least 2 each, not {values.shape}.")
    if not np.isfinite(values).all():
        raise LevelsetError("A field has values that are not finite.")
    offset, top = float(values.min()), float(values.max())
    scale = (top - offset) / 65535 or 1.0
    quantised = np.rint((values - offset) / scale).astype(np.uint16)
    return {
        "values": store.publish(quantised), "scale": scale, "offset": offset,
        "low": [float(v - o) for v, o in zip(field.low, origin, strict=True)],
        "high": [float(v - o) for v, o in zip(field.high, origin, strict=True)],
    }  # fmt: skip


def _scalar(scalar: Scalar, count: int) -> dict[str, Any]:
    values = np.asarray(scalar.values, dtype=np.float32)
    if values.shape != (count,):
        raise LevelsetError(f"{scalar.label} has shape {values.shape}, expected ({count},).")
    return {
        "key": scalar.key, "label": scalar.label, "unit": scalar.unit,
        "map": "diverging" if scalar.diverging else "sequential",
        "limits": list(scalar.limits) if scalar.limits else None,
        "values": store.publish(values),
    }  # fmt: skip


def _rows(array: Array, name: str, origin: Sequence[float] = (0.0, 0.0, 0.0)) -> Array:
    rows = np.asarray(array)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise LevelsetError(f"The {name} have shape (n, 3), not {rows.shape}.")
    return np.asarray((rows - np.asarray(origin)) if any(origin) else rows, dtype=np.float32)
