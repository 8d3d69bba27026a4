"""Lessons as files: Markdown under a front matter in YAML (docs/guides/prepare-a-lesson.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from levelset_core.errors import LevelsetError
from levelset_core.live.lessons.goals import Expression, places
from levelset_core.live.links import pack, unpack
from levelset_core.live.state import VERSION, PlaygroundState
from levelset_core.playground import PlaygroundConfig

#: Characters of a file, at most.
LONGEST = 200_000
ENDING = ".md"
#: Fields of the front matter -> whether a lesson needs them.
FIELDS = {
    "title": True, "start": True, "goals": True, "learned": True, "hints": False,
    "controls": False, "next": False,
}  # fmt: skip
#: What a lesson may show besides settings, by the canvas's groups of buttons.
GROUPS = ("tools", "edit", "picture", "show")
CONTROLS = ("preset", "count", "noise", "compare", *PlaygroundConfig().to_dict(), *GROUPS)


@dataclass(frozen=True)
class Goal:
    """One thing to reach.

    Attributes:
        do: what to do, a sentence in Markdown.
        when: the condition under which it is reached.
        shows: a sentence on where it stands, with figures in braces.
    """

    do: str
    when: Expression
    shows: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that it needs."""
        return tuple(dict.fromkeys([*self.when.names, *places(self.shows)]))


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        id: in addresses and in ``next``; the file's name without number and ending.
        title: a few words.
        text: what it is about, in Markdown.
        start: the state that it opens with.
        goals: reached one after the other; each stays so.
        learned: what has been seen once they are reached, in Markdown.
        hints: how to get there, one after the other.
        controls: the settings and buttons that it shows; empty: all.
        next: the id of the lesson that follows.
    """

    id: str
    title: str
    text: str
    start: PlaygroundState = field(repr=False)
    goals: tuple[Goal, ...]
    learned: str
    hints: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    next: str | None = None


def read_lesson(text: str, name: str) -> Lesson:
    """The lesson in a file's text.

    Args:
        text: the file.
        name: its name; the lesson's id is made from it.

    Raises:
        LevelsetError: it is no lesson; the sentence names the line and the reason.
    """
    if len(text) > LONGEST:
        raise LevelsetError(f"{name}: a lesson has at most {LONGEST} characters.")
    lines = text.replace("\r\n", "\n").lstrip("\ufeff").split("\n")
    if lines[0].strip() != "---":
        raise LevelsetError(f"{name}, line 1: a lesson begins with a line ---, then its settings.")
    ends = [number for number, line in enumerate(lines) if number and line.strip() == "---"]
    if not ends:
        raise LevelsetError(f"{name}: the settings must end with a line ---, then comes the text.")
    front = _FrontMatter(name, "\n".join(lines[1 : ends[0]]))
    return front.lesson("\n".join(lines[ends[0] + 1 :]).strip())


def lesson_from_file(content: bytes, name: str) -> Lesson:
    """The lesson in a file's content.

    Raises:
        LevelsetError: it is no lesson, see :func:`read_lesson`.
    """
    try:
        return read_lesson(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        raise LevelsetError(f"{name} is no text in UTF-8.") from error


def lesson_to_link(lesson: Lesson) -> str | None:
    """The whole lesson in a compact form for a URL, or ``None`` if that would be too long."""
    return pack(f"{lesson.id}\n{write_lesson(lesson)}")


def lesson_from_link(content: bytes) -> Lesson:
    """The lesson in a URL.

    Raises:
        LevelsetError: the link is damaged, or holds no lesson.
    """
    name, _, text = unpack(content.decode("utf-8", "replace"), "lesson").partition("\n")
    return read_lesson(text, f"{lesson_id(name)}{ENDING}")


def read_lessons(folder: Path) -> tuple[dict[str, Lesson], list[str]]:
    """All lessons in a folder, in the order of their names, and what is wrong with others."""
    found: dict[str, Lesson] = {}
    wrong = []
    for path in sorted(folder.glob(f"*{ENDING}")):
        try:
            lesson = lesson_from_file(path.read_bytes(), path.name)
        except (LevelsetError, OSError) as error:
            wrong.append(str(error))
        else:
            found[lesson.id] = lesson
    return found, wrong


def write_lesson(lesson: Lesson) -> str:
    """A file's text, which :func:`read_lesson` reads back."""
    start = lesson.start.to_dict()
    del start["version"]
    start["config"] = {
        key: value
        for key, value in lesson.start.config.to_dict().items()
        if value != PlaygroundConfig().to_dict()[key]
    }
    values: dict[str, Any] = {
        "title": lesson.title,
        "start": start,
        "controls": list(lesson.controls),
        "goals": [
            {"do": goal.do, "when": goal.when.text} | ({"shows": goal.shows} if goal.shows else {})
            for goal in lesson.goals
        ],
        "hints": list(lesson.hints),
        "learned": lesson.learned,
        "next": lesson.next,
    }
    values = {name: value for name, value in values.items() if value not in (None, [], "")}
    front = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=90)
    return f"---\n{front}---\n\n{lesson.text.strip()}\n"


def lesson_id(name: str) -> str:
    """A file's name without number and ending, as an address may hold it."""
    stem = re.sub(r"^\d+[-_ ]*", "", Path(name).stem).lower()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "lesson"


class _FrontMatter:
    """The settings of a file, with the line of each for what is wrong with it."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        try:
            aliases = [t for t in yaml.scan(text) if isinstance(t, yaml.AliasToken)]
            loader = yaml.SafeLoader(text)
            node = None if aliases else loader.get_single_node()
            values = loader.construct_document(node) if node else None
            # Half of a pair of surrogates is no character.
            json.dumps(values, ensure_ascii=False, default=str).encode()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self.error(mark.line + 2 if mark else 1, str(error.problem)) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            reason = str(error).split("\n")[0]
            raise self.error(1, f"the settings cannot be read: {reason}") from error
        if aliases:
            raise self.error(aliases[0].start_mark.line + 2, "references (*name) are not allowed")
        if not isinstance(values, dict):
            raise self.error(2, "expected lines such as “title: …”")
        self.values: dict[str, Any] = values
        self.lines = dict(_lines(node))

    def error(self, where: int | str, reason: str) -> LevelsetError:
        line = where if isinstance(where, int) else self.lines.get((where,), 1)
        return LevelsetError(f"{self.name}, line {line}: {reason.rstrip('.')}.")

    def lesson(self, text: str) -> Lesson:
        for field_name in self.values:
            if field_name not in FIELDS:
                raise self.error(
                    field_name, f"unknown {field_name!r}: expected {', '.join(FIELDS)}"
                )
        for field_name, needed in FIELDS.items():
            if needed and not self.values.get(field_name):
                raise self.error(2, f"{field_name!r} is missing")
        if not text:
            raise self.error(2, "the text below the settings is missing")
        return Lesson(
            lesson_id(self.name), self._text("title"), text, self._start(), self._goals(),
            self._text("learned"), self._texts("hints"), self._controls(),
            self._text("next") if self.values.get("next") else None,
        )  # fmt: skip

    def _text(self, name: str) -> str:
        value = self.values[name]
        if not isinstance(value, str):
            raise self.error(name, f"{name!r} must be a text, got {value!r}")
        return value.strip()

    def _texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(name, f"{name!r} must be a list of texts")
        return tuple(value)

    def _controls(self) -> tuple[str, ...]:
        names = self._texts("controls")
        for number, name in enumerate(names):
            if name not in CONTROLS:
                line = self.lines.get(("controls", number), self.lines[("controls",)])
                raise self.error(line, f"no control {name!r}: expected {', '.join(CONTROLS)}")
        return names

    def _start(self) -> PlaygroundState:
        start = self.values["start"]
        try:
            if not isinstance(start, dict) or not isinstance(start.get("config", {}), dict):
                raise LevelsetError("'start' needs 'preset' or 'points', and may have 'config'")
            if extra := start.keys() - {"preset", "points", "config", "compare", "overlays"}:
                raise LevelsetError(f"unknown {sorted(map(str, extra))[0]!r} in 'start'")
            config = PlaygroundConfig().to_dict() | start.get("config", {})
            state = PlaygroundState.from_dict({**start, "version": VERSION, "config": config})
            if not len(state.points):
                raise LevelsetError("'start' has no points: give it 'preset' or 'points'")
        except LevelsetError as error:
            raise self.error("start", str(error)) from error
        return state

    def _goals(self) -> tuple[Goal, ...]:
        goals = self.values["goals"]
        if not isinstance(goals, list):
            raise self.error("goals", "'goals' must be a list of entries with 'do' and 'when'")
        return tuple(self._goal(number, goal) for number, goal in enumerate(goals))

    def _goal(self, number: int, goal: Any) -> Goal:
        line = self.lines.get(("goals", number), 1)
        if not isinstance(goal, dict) or not {"do", "when"} <= goal.keys() <= {
            "do", "when", "shows",
        }:  # fmt: skip
            raise self.error(line, "a goal has 'do' and 'when', and may have 'shows'")
        if not all(isinstance(value, str) for value in goal.values()):
            raise self.error(line, "'do', 'when' and 'shows' of a goal are texts")
        part = "when"
        try:
            when = Expression(goal["when"])
            part = "shows"
            places(goal.get("shows", ""))
        except LevelsetError as error:
            raise self.error(self.lines.get(("goals", number, part), line), str(error)) from error
        return Goal(goal["do"].strip(), when, goal.get("shows", "").strip())


def _lines(node: yaml.Node, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], int]]:
    """(path, line of the file) of every entry; the front matter begins in line 2."""
    if path:
        yield path, node.start_mark.line + 2
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, (*path, key.value))
            yield (*path, key.value), key.start_mark.line + 2
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*path, number))
