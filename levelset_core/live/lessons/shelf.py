"""The lessons that a server has: those that come along, and those of a folder of its own."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from levelset_core.errors import LevelsetError
from levelset_core.live.lessons.files import Lesson, read_lessons
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
    found, wrong = read_lessons(Path(folder))
    return bundled_lessons() | found, wrong
