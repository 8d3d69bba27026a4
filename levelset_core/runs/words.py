"""Runs in words and in plain values: the same on the page and on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.kinds import kind_title


def summary(run: Run) -> dict[str, Any]:
    """What the run is and how far, as plain values; ``problem`` if its folder is damaged."""
    values: dict[str, Any] = {"id": run.id, "folder": str(run.path), "problem": run.problem()}
    values |= {"owner": run.owner, "public": run.public}
    if values["problem"] is not None:
        return {**values, "kind": None, "name": run.id, "state": "damaged"}
    config = run.config
    try:
        status = run.status()
    except LevelsetError as error:  # damaged in this very moment
        return {**values, "problem": str(error), "kind": None, "name": run.id, "state": "damaged"}
    values |= {"kind": config.kind, "title": kind_title(config.kind), "name": config.name}
    values["created"] = config.created
    told = ("state", "message", "step", "steps", "seconds", "fraction", "seconds_left")
    return values | {name: getattr(status, name) for name in told}


def tell_apart(titles: Sequence[str]) -> list[str]:
    """Titles of runs, the newest first, with numbers where equal: the oldest "A" stays, "A (2)"."""
    taken: set[str] = set()
    return [numbered(title, taken) for title in reversed(titles)][::-1]


def numbered(title: str, taken: set[str]) -> str:
    """The title, or "A (2)", "A (3)", ... where it is taken; taken from now on."""
    name, number = title, 1
    while name in taken:
        number += 1
        name = f"{title} ({number})"
    taken.add(name)
    return name


def duration(seconds: float) -> str:
    """A length of time: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "3 d 4 h"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, rest_size, rest_unit in (
        (86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")
    ):  # fmt: skip
        if whole >= size:
            rest = whole % size // rest_size
            return f"{whole // size} {unit}" + (f" {rest} {rest_unit}" if rest else "")
    return f"{whole} s"


def progress_text(status: RunStatus) -> str:
    """Steps, time and what is left, in one line: "step 312 of 5,000 · 12 s · 3 min left"."""
    parts = []
    if status.step or not (status.state == "running" and status.message):  # it only prepares yet
        parts.append(f"step {status.step:,}" + (f" of {status.steps:,}" if status.steps else ""))
    if status.seconds:
        parts.append(duration(status.seconds))
    if status.state == "running":
        if status.message:
            parts.append(status.message.rstrip(".").lower())
        elif status.seconds_left is not None:
            parts.append(f"{duration(status.seconds_left)} left")
    return " · ".join(parts)


def byte_size(count: float) -> str:
    """A number of bytes: "12 B", "3.4 kB", "56.0 MB"."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
