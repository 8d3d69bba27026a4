"""What each owner may use of a server, and what is used: runs at once, seconds a day, disk.

The seconds are counted by the runs themselves, in files of their own below ``.used``, one a day
and run, so that a run that was deleted still counts, and nobody waits for anybody. Without an
owner nothing is counted or limited.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from levelset_core.errors import LevelsetError
from levelset_core.runs.folder import Run, valid_id
from levelset_core.runs.owners import owner_key
from levelset_core.runs.words import byte_size, duration
from levelset_core.settings import Settings, setting

#: Each limit's variable is its name behind this.
PREFIX = "LEVELSET_QUOTA_"
USED = ".used"
#: Seconds between two looks of a run at its owner's limits.
LOOK_EVERY = 2.0
#: Days of which the seconds are kept.
_DAYS = 3


@dataclass(frozen=True)
class Quotas(Settings):
    """What one owner may use; None is without limit."""

    runs: int | None = setting(None, kind=int, low=1, help="runs that work at once")
    seconds: float | None = setting(None, kind=float, low=1, help="seconds of work a day (UTC)")
    disk: float | None = setting(None, kind=float, low=1, help="MB on the disk")
    upload: float | None = setting(None, kind=float, above=0, help="MB of one uploaded file")


def quotas() -> Quotas:
    """What ``LEVELSET_QUOTA_RUNS``, ``_SECONDS``, ``_DISK`` and ``_UPLOAD`` say.

    Raises:
        LevelsetError: one is no such number.
    """
    values: dict[str, float] = {}
    for field in fields(Quotas):
        name = f"{PREFIX}{field.name.upper()}"
        if text := os.environ.get(name, "").strip():
            try:
                values[field.name] = float(text)
                Quotas(**values)  # type: ignore[arg-type]
            except (ValueError, LevelsetError):
                raise LevelsetError(
                    f"{name} must be a number of {field.metadata['rule'].help}, "
                    f"{field.metadata['rule'].range}, got {text!r}."
                ) from None
    return Quotas(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Usage:
    """What an owner uses: runs that work, seconds of today, bytes on the disk."""

    runs: int
    seconds: float
    disk: int

    def told(self) -> str:
        """One sentence: what is used, and what is allowed."""
        most = quotas()
        runs = f" of {most.runs}" if most.runs else ""
        seconds = f" of {duration(most.seconds)}" if most.seconds else ""
        disk = f" of {byte_size(most.disk * 1e6)}" if most.disk else ""
        upload = f"; a file to upload: up to {byte_size(most.upload * 1e6)}" if most.upload else ""
        return (
            f"Runs at work: {self.runs}{runs}; worked today: {duration(self.seconds)}{seconds}; "
            f"on the disk: {byte_size(self.disk)}{disk}{upload}."
        )


def usage(root: Path, owner: str) -> Usage:
    """What an owner uses of the runs below ``root``."""
    own = [run for run in runs_below(root) if run.owner == owner]
    working = sum(run.alive for run in own)
    return Usage(working, seconds_today(root, owner), disk_used(root, owner, own))


def disk_used(root: Path, owner: str, runs: Iterable[Run] | None = None) -> int:
    """Bytes of an owner's runs and uploads."""
    own = runs if runs is not None else (run for run in runs_below(root) if run.owner == owner)
    folders = [*(run.path for run in own), *root.glob(f".*/{owner_key(owner)}")]
    total = 0
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(OSError):
                total += path.stat().st_size * path.is_file()
    return total


def check_room(root: Path, owner: str | None, more: int = 0) -> None:
    """Whether an owner may keep ``more`` bytes.

    Raises:
        LevelsetError: not within the quota of the disk.
    """
    most = quotas().disk
    if owner is None or most is None:
        return
    used = disk_used(root, owner)
    if used + more > most * 1e6:
        raise LevelsetError(
            f"Your runs and uploads take {byte_size(used)} of the {byte_size(most * 1e6)} that "
            "each may have here: delete some first."
        )


def check_upload(size: int, owner: str | None) -> None:
    """Whether a file may be uploaded.

    Raises:
        LevelsetError: it has more bytes than the quota says.
    """
    most = quotas().upload
    if owner is not None and most is not None and size > most * 1e6:
        raise LevelsetError(
            f"The file has {byte_size(size)}; one to upload may have {byte_size(most * 1e6)} here."
        )


def check_today(root: Path, owner: str | None) -> None:
    """Whether an owner's runs may work today.

    Raises:
        LevelsetError: the seconds of today are used up.
    """
    most = quotas().seconds
    if owner is None or most is None:
        return
    if (used := seconds_today(root, owner)) >= most:
        raise LevelsetError(
            f"Your runs worked {duration(used)} today, of {duration(most)} that each has here a "
            "day: go on tomorrow (the day ends at midnight UTC)."
        )


def why_waiting(run: Run, at_work: Sequence[Run]) -> str:
    """Why its owner's limits do not let a queued run begin beside those that work, or nothing."""
    owner = run.owner
    if owner is None:
        return ""
    most = quotas().runs
    if most is not None and sum(other.owner == owner for other in at_work) >= most:
        return f"Waits for another run of its owner to end: {most} may work at once here."
    try:
        check_today(run.path.parent, owner)
    except LevelsetError as error:
        return f"Waits. {error}"
    return ""


class Meter:
    """Counts the seconds that a run works, and says when its owner's limits are reached."""

    def __init__(self, run: Run) -> None:
        self.root, self.owner, self.run_id = run.path.parent, run.owner, run.id
        self._last = time.monotonic()
        self._looked = 0.0

    def over(self) -> str:
        """Why the run has to stop: one sentence, or nothing; cheap, called at every heartbeat."""
        now = time.monotonic()
        if self.owner is None or now - self._looked < LOOK_EVERY:
            return ""
        self._looked = now
        self.count()
        try:
            check_today(self.root, self.owner)
            check_room(self.root, self.owner)
        except LevelsetError as error:
            return f"Saved and stopped. {error}"
        return ""

    def skip(self) -> None:
        """What passed since the last time was no work."""
        self._last = time.monotonic()

    def count(self) -> None:
        """Write down what passed since the last time."""
        if self.owner is None:
            return
        now = time.monotonic()
        passed, self._last = now - self._last, now
        folder = _day(self.root, self.owner)
        with suppress(OSError):  # a full disk ends the run elsewhere, with its own sentence
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / self.run_id
            file.write_text(f"{_number(file) + passed:.3f}")


def seconds_today(root: Path, owner: str) -> float:
    """Seconds that an owner's runs worked since midnight UTC."""
    with suppress(OSError):
        return sum(_number(path) for path in _day(root, owner).iterdir())
    return 0.0


def forget_days(root: Path) -> None:
    """Remove what was counted on days long past."""
    for old in sorted((root / USED).glob("*/"))[:-_DAYS]:
        shutil.rmtree(old, ignore_errors=True)


def _day(root: Path, owner: str) -> Path:
    return root / USED / f"{datetime.now(UTC):%Y-%m-%d}" / owner_key(owner)


def _number(path: Path) -> float:
    with suppress(OSError, ValueError):
        return max(0.0, float(path.read_text()))
    return 0.0


def runs_below(root: Path) -> list[Run]:
    """Everybody's runs, in no order; none where the folder is not there, or not to be read."""
    with suppress(OSError):
        return [Run(path) for path in root.iterdir() if valid_id(path.name) and path.is_dir()]
    return []
