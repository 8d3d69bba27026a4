"""Lessons of the playground: files with a text, a start, and goals that the session checks."""

from levelset_core.live.lessons.figures import FIGURES
from levelset_core.live.lessons.files import (
    CONTROLS,
    GROUPS,
    Goal,
    Lesson,
    lesson_from_file,
    lesson_from_link,
    lesson_to_link,
    read_lesson,
    read_lessons,
    write_lesson,
)
from levelset_core.live.lessons.goals import Expression, fill
from levelset_core.live.lessons.shelf import FOLDER, all_lessons, bundled_lessons
from levelset_core.live.lessons.task import Task

__all__ = [
    "CONTROLS", "FIGURES", "FOLDER", "GROUPS", "Expression", "Goal", "Lesson", "Task",
    "all_lessons", "bundled_lessons", "fill", "lesson_from_file", "lesson_from_link",
    "lesson_to_link", "read_lesson", "read_lessons", "write_lesson",
]  # fmt: skip
