"""Which column of a table is what: by its heading, else by its values; every guess is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from levelset_core.data.pointclouds import UNIT
from levelset_core.errors import LevelsetError

_AXIS = (
    "{0} p{0} pos_{0} pos{0} {0}_pos position_{0} coord_{0} {0}_coord {0}_coordinate point_{0} "
    "points_{1} cartesian{0} {0}_koordinate koordinate_{0} coordenada_{0} coordonnée_{0} "
    "coordonnee_{0} "
)
_UP = "height elevation elev altitude alt h hoehe höhe hauteur hoogte cota quota высота"
#: What people call the coordinates; a name that comes first counts first.
_AXES = tuple(
    (_AXIS.format(axis, k) + others).split()
    for k, (axis, others) in enumerate(
        [
            ("x", "easting east rechtswert ostwert est este oost lon long longitude"),
            ("y", "northing north hochwert nordwert nord norte noord lat latitude"),
            ("z", _UP),
        ]
    )
)
_COMPASS = ("e", "n")
_UNIT = re.compile(r"_(?:mm|cm|m|km|ft)$")
#: Ends of names as of an ellipsoidal height.
_HEIGHTS = tuple(f"_{name}" for name in ("height", "elevation", "altitude", "höhe"))
_DEGREES = {"lon", "long", "longitude", "lat", "latitude"}
_NORMALS = ("nx ny nz", "n_x n_y n_z", "normal_x normal_y normal_z", "normalx normaly normalz",
            "normals_0 normals_1 normals_2", "norm_x norm_y norm_z")  # fmt: skip
_COLOURS = (
    "red green blue", "r g b", "rf gf bf", "diffuse_red diffuse_green diffuse_blue",
    "color_r color_g color_b", "colour_r colour_g colour_b", "color_red color_green color_blue",
    "colorred colorgreen colorblue", "rgb_0 rgb_1 rgb_2", "cr cg cb",
)  # fmt: skip
_INTENSITY = ("intensity", "scalar_intensity", "scalar_field_intensity", "reflectance",
              "reflectivity", "remission", "amplitude", "i")  # fmt: skip
#: More columns without a heading are no rows of points, but heights on a grid or an image.
_MOST_UNNAMED = 12
#: Rows from which a column that counts them is told.
_COUNTED = 5


@dataclass(frozen=True)
class Roles:
    """The columns' numbers, from 0.

    Attributes:
        points: two or three columns.
        normals, colours: three columns, or none.
        intensity: a column, or None.
        notes: what was assumed, sentences for people.
    """

    points: tuple[int, ...]
    normals: tuple[int, ...] = ()
    colours: tuple[int, ...] = ()
    intensity: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[int, ...]:
        """All columns that are needed."""
        extra = () if self.intensity is None else (self.intensity,)
        return (*self.points, *self.normals, *self.colours, *extra)


def assign(
    names: Sequence[str],
    sample: np.ndarray,
    label: str,
    *,
    columns: Sequence[str] | None = None,
    intensity_first: bool = False,
) -> Roles:
    """What each column of a table is.

    Args:
        names: of the heading, "" where a column has none.
        sample: (m, k) of its rows; a column of NaN alone holds words.
        label: the file's name, for people.
        columns: names or numbers (from 1) of the coordinates, if a person says which they are.
        intensity_first: four unnamed columns after the coordinates are intensity, red, green,
            blue, as in PTS.

    Raises:
        LevelsetError: the coordinates are not to be told, or ``columns`` names none.
    """
    keys = [key(name) for name in names]
    numeric = [k for k in range(len(keys)) if np.isfinite(sample[:, k]).any()]
    notes: list[str] = []
    named = any(keys)
    if columns:
        points = _chosen(columns, names, label)
    elif named:
        points = _by_name(names, keys, numeric, label, notes)
    elif len(numeric) > _MOST_UNNAMED:
        raise LevelsetError(
            f"{label}: {len(numeric)} columns of numbers without a heading may be heights on a "
            "grid; if they are points, name the coordinates' columns: --columns 1,2,3."
        )
    else:
        points = _by_place(numeric, sample, label, notes)
    normals, colours = _triple(keys, _NORMALS), _triple(keys, _COLOURS)
    intensity = next((keys.index(name) for name in _INTENSITY if name in keys), None)
    rest = [k for k in numeric if k > max(points) and not keys[k]]
    guessed = _by_value(rest, sample, intensity_first)
    normals, colours = normals or guessed[0], colours or guessed[1]
    intensity = guessed[2] if intensity is None else intensity
    if rest or (columns and not named):
        notes.append(f"{'' if named else 'No heading: '}{_told(points, *guessed)}.".capitalize())
    return Roles(points, normals, colours, intensity, tuple(notes))


def names_coordinates(names: Sequence[str]) -> bool:
    """Whether a heading says which columns are x and y."""
    keys = [key(name) for name in names]
    known = all(any(name in keys for name in options) for options in _AXES[:2])
    return known or all(name in keys for name in _COMPASS)


def key(name: str) -> str:
    """A heading's name without case, units and marks: ``"//X [m]"`` is ``"x"``."""
    bare = re.sub(r"[\[(].*?[\])]", "", name)
    return _UNIT.sub("", re.sub(r"\W+", "_", bare.strip().lower()).strip("_"))


def _chosen(columns: Sequence[str], names: Sequence[str], label: str) -> tuple[int, ...]:
    if len(columns) not in (2, 3):
        raise LevelsetError(
            f"Two or three columns are coordinates, got {len(columns)}: {', '.join(columns)}."
        )
    found = []
    exact, loose = [n.strip().lower() for n in names], [key(n) for n in names]
    for column in columns:
        wanted = column.strip()
        if wanted.lower() in exact:
            found.append(exact.index(wanted.lower()))
        elif key(wanted) and key(wanted) in loose:
            found.append(loose.index(key(wanted)))
        elif wanted.isdigit() and 1 <= int(wanted) <= len(names):
            found.append(int(wanted) - 1)
        else:
            told = ", ".join(n for n in names if n) or "no heading"
            raise LevelsetError(
                f"{label}: there is no column {wanted!r}; it has {len(names)} ({told})."
            )
    if len(set(found)) < len(found):
        raise LevelsetError(f"{label}: the columns {', '.join(columns)} are not all different.")
    return tuple(found)


def _by_name(
    names: Sequence[str], keys: list[str], numeric: list[int], label: str, notes: list[str]
) -> tuple[int, ...]:
    axes = [next((keys.index(n) for n in options if n in keys), None) for options in _AXES]
    if axes[0] is None and axes[1] is None and all(n in keys for n in _COMPASS):
        axes[:2] = (keys.index(n) for n in _COMPASS)
    x, y, z = axes
    if x is None or y is None:
        if len(numeric) in (2, 3):
            told = ", ".join(names[k] or str(k + 1) for k in numeric)
            notes.append(f"The columns {told} are taken as {', '.join('xyz'[: len(numeric)])}.")
            return tuple(numeric)
        raise LevelsetError(
            f"{label}: its heading ({', '.join(names)}) does not say which columns are x, y and z; "
            "name them: --columns with their names or numbers."
        )
    if {keys[x], keys[y]} & _DEGREES:
        notes.append("Longitude and latitude are degrees: they are no lengths on the ground.")
    if z is None and (tails := [k for k in numeric if keys[k].endswith(_HEIGHTS)]):
        z = tails[0]
        notes.append(f"The column {names[z]} is taken as z.")
    if z is None:
        other = [names[k] for k in numeric if k not in (x, y)]
        if other:
            notes.append(
                f"The heading names no z: points in the plane, without {', '.join(other)}; "
                "--columns names a third coordinate."
            )
        return (x, y)
    return (x, y, z)


def _by_place(
    numeric: list[int], sample: np.ndarray, label: str, notes: list[str]
) -> tuple[int, ...]:
    if len(numeric) < 2:  # all are missing: the sentence about that comes later
        numeric = list(range(sample.shape[1]))
    if len(numeric) < 2:
        raise LevelsetError(f"{label}: every line needs two or three numbers, this has one.")
    words = [str(k + 1) for k in range(sample.shape[1]) if k not in numeric]
    if words:
        told = f"Column {words[0]} holds" if len(words) == 1 else f"Columns {', '.join(words)} hold"
        notes.append(f"{told} no numbers: left out.")
    if counts_rows(sample[:, numeric[0]]):
        if len(numeric) > 3:
            notes.append(f"Column {numeric[0] + 1} counts the rows: left out.")
            return tuple(numeric[1:4])
        notes.append(
            f"Column {numeric[0] + 1} counts the rows, but is taken as x: --columns names the "
            "coordinates."
        )
    return tuple(numeric[:3])


def counts_rows(first: np.ndarray) -> bool:
    """Whether a column, (m,), is 0, 1, 2, ... or 1, 2, 3, ..."""
    return len(first) >= _COUNTED and first[0] in (0, 1) and bool((np.diff(first) == 1).all())


def _triple(keys: list[str], options: Iterable[str]) -> tuple[int, ...]:
    for names in options:
        if all(name in keys for name in names.split()):
            return tuple(keys.index(name) for name in names.split())
    return ()


def _by_value(
    rest: list[int], sample: np.ndarray, intensity_first: bool
) -> tuple[tuple[int, ...], tuple[int, ...], int | None]:
    """Normals, colours, intensity of unnamed columns, one after another."""
    normals: tuple[int, ...] = ()
    colours: tuple[int, ...] = ()
    intensity: int | None = None
    if intensity_first and len(rest) in (4, 7):
        intensity, rest = rest[0], rest[1:]
    while rest:
        three, values = tuple(rest[:3]), sample[:, rest[:3]]
        if len(three) == 3 and not normals and _are_unit(values):
            normals, rest = three, rest[3:]
        elif len(three) == 3 and not colours and _are_colours(values):
            colours, rest = three, rest[3:]
        else:
            intensity, rest = rest[0] if intensity is None else intensity, rest[1:]
    return normals, colours, intensity


def _are_unit(values: np.ndarray) -> bool:
    lengths = np.linalg.norm(values[np.isfinite(values).all(1)], axis=1)
    return bool(len(lengths)) and bool((np.abs(lengths - 1) <= UNIT).mean() >= 0.9)


def _are_colours(values: np.ndarray) -> bool:
    """Never negative, at most 1, or whole numbers at most 255; not all 0."""
    values = values[np.isfinite(values).all(1)]
    if not len(values) or values.min() < 0 or not values.any():
        return False
    whole = bool((values == np.rint(values)).all())
    return bool(values.max() <= (255 if whole else 1))


def _told(
    points: tuple[int, ...], normals: tuple[int, ...], colours: tuple[int, ...],
    intensity: int | None,
) -> str:  # fmt: skip
    parts = [
        ("x, y, z"[: 3 * len(points) - 2], points), ("nx, ny, nz", normals),
        ("red, green, blue", colours), ("intensity", () if intensity is None else (intensity,)),
    ]  # fmt: skip
    return "columns " + "; ".join(
        f"{', '.join(str(k + 1) for k in columns)} are {name}" if len(columns) > 1
        else f"{columns[0] + 1} is {name}"
        for name, columns in parts
        if columns
    )  # fmt: skip
