"""The lessons that a server has: those that come along, and those of a folder of its own."""

from __future__ import annotations

import functools
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.live.lessons.files import ENDING, Lesson, read_lessons
from levelset_core.paths import ASSETS

#: The environment variable that names a folder of more lessons.
FOLDER = "LEVELSET_LESSONS"


@functools.cache
def bundled_lessons() -> dict[str, Lesson]:
    """The lessons that come along, by id, in their order.

    Raises:
        LevelsetError: one of them is broken.
    """
    found, wrong = read_lessons(ASSETS / "lessons")
    if wrong:
        raise LevelsetError(wrong[0])
    return found


def all_lessons() -> tuple[dict[str, Lesson], list[str]]:
    """All lessons by id, and a sentence on each file of the folder that is none.

    A lesson of the folder takes the place of one that comes along under the same id.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return bundled_lessons(), []
    if not Path(folder).is_dir():
        return bundled_lessons(), [f"{FOLDER} names {folder!r}, which is no folder."]
    found, wrong = _lessons_in(Path(folder), _stamp(Path(folder)))
    return bundled_lessons() | found, wrong


@functools.lru_cache(maxsize=1)
def _lessons_in(folder: Path, stamp: tuple[Any, ...]) -> tuple[dict[str, Lesson], list[str]]:
    """Read again only when a file of it changes: pages ask for all lessons twice a second."""
    return read_lessons(folder)


def _stamp(folder: Path) -> tuple[Any, ...]:
    """What changes with every lesson of a folder."""
    stamp: list[Any] = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        stamp.append(path.name)
        with suppress(OSError):  # who reads it will tell
            about = path.stat()
            stamp += [about.st_mtime_ns, about.st_ctime_ns, about.st_size]
    return tuple(stamp)
