"""The first rows of a file's table, and what its columns are taken for: what a person corrects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from levelset_core.data.formats import table
from levelset_core.data.formats.arrays import columns_of, load_arrays
from levelset_core.data.formats.dialect import plain_text
from levelset_core.data.formats.roles import assign
from levelset_core.data.formats.table import Reading, roles_of
from levelset_core.data.formats.text import layout
from levelset_core.data.readers import TEXTS, Source, ending_of, label_of, read_bytes
from levelset_core.errors import LevelsetError

#: Rows that are shown.
SHOWN = 6


@dataclass(frozen=True)
class FirstRows:
    """A table's beginning.

    Attributes:
        names: of the columns; their number where the file has no name.
        rows: the cells as they are written.
        points: the columns, from 0, that are taken for coordinates; none if that is not clear.
        guessed: whether something was assumed.
    """

    names: tuple[str, ...]
    rows: list[list[str]]
    points: tuple[int, ...]
    guessed: bool


def first_rows(source: Source, name: str | None = None) -> FirstRows | None:
    """The first rows of a text table or an array; None where the format names its columns itself.

    Raises:
        LevelsetError: the file cannot be read as what its name says.
    """
    label = label_of(source, name)
    ending, reading = ending_of(label), Reading(label)
    if ending in TEXTS:
        found = layout(plain_text(read_bytes(source, label), label), reading)
        names, cells = found.names, found.cells[:SHOWN]
        try:
            roles = assign(names, found.rows, label, intensity_first=ending == ".pts")
        except LevelsetError:
            return FirstRows(_named(names), cells, (), True)
        return FirstRows(_named(names), cells, roles.points, bool(roles.notes))
    if ending == ".npy":
        array = load_arrays(read_bytes(source, label), label, table.MAX_BYTES)["points"]
        names_of, columns = columns_of(array, label)
        rows = [[f"{column[k]:.6g}" for column in columns] for k in range(min(SHOWN, len(array)))]
        try:
            roles = roles_of(names_of, columns, reading)
        except LevelsetError:
            return FirstRows(_named(names_of), rows, (), True)
        return FirstRows(_named(names_of), rows, roles.points, bool(roles.notes))
    return None


def _named(names: Sequence[str]) -> tuple[str, ...]:
    numbers = np.arange(1, len(names) + 1)
    found = [name or f"column {k}" for k, name in zip(numbers, names, strict=True)]
    again = {name for name in found if found.count(name) > 1}
    return tuple(f"{n} ({k})" if n in again else n for k, n in zip(numbers, found, strict=True))
