"""A run is a folder: its settings, its state, its metrics, its checkpoint and what it made."""

from __future__ import annotations

import os
import platform
import re
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from levelset_core.errors import LevelsetError, shown
from levelset_core.runs.files import read_json, write_json
from levelset_core.runs.locks import is_locked
from levelset_core.runs.metrics import MAX_ROWS, read_metrics
from levelset_core.runs.owners import PUBLIC, owner_of

#: Of ``config.json``; a folder of a newer version is listed but not worked on.
VERSION = 1
STATES = ("queued", "running", "done", "failed", "cancelled", "interrupted")
#: States in which a run can be taken up again.
RESUMABLE = ("interrupted", "cancelled", "failed")
#: Numbers in a run's files are at most this: a time in seconds is about 2e9.
_MOST = 1e12
#: Characters of its name and of its message, at most.
_LONGEST = 1000
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{2,99}")


@dataclass(frozen=True)
class RunConfig:
    """What was asked for; never changes.

    Attributes:
        kind: name of a kind.
        name: what the person calls it.
        settings: of the kind, plain values.
        seed: of all randomness.
        device: where it trains, e.g. "cpu".
        threads: torch's threads; part of the result, as sums depend on how they are split.
        steps, seconds: it ends after so many steps or seconds of work; None is no limit.
        created: time in UTC, ISO 8601.
        software: versions it was made with.
        processes: that share the work, started by torchrun; each takes an accelerator of its own.
        memory: GB that it asks of a worker of a cluster; None asks for nothing.
        version: of this file's format.
    """

    kind: str
    name: str
    settings: dict[str, Any]
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    steps: int | None = None
    seconds: float | None = None
    created: str = ""
    software: dict[str, str] | None = None
    processes: int = 1
    memory: float | None = None
    version: int = VERSION

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunConfig:
        """From ``config.json``; fields that this version does not know are left out.

        Raises:
            LevelsetError: of a newer version, or fields are missing or of the wrong type.
        """
        version = values.get("version")
        if isinstance(version, int) and version > VERSION:
            raise LevelsetError(
                f"config.json is of version {version}, this program reads up to {VERSION}: "
                "update the program."
            )
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        known = {"processes": 1, "memory": None, **known}  # newer than the first folders
        number = int | float | None
        types: dict[str, Any] = {
            "kind": str, "name": str, "settings": dict, "seed": int, "device": str,
            "threads": int, "steps": int | None, "seconds": number, "created": str, "version": int,
            "processes": int, "memory": number,
        }  # fmt: skip
        for name, kind in types.items():
            if name not in known or not isinstance(known[name], kind):
                raise LevelsetError(f"config.json is damaged: {name!r} is missing or wrong.")
        for name in ("threads", "steps", "seconds", "processes", "memory"):
            value = known[name]
            if value is not None and not (0 < value < _MOST):
                raise LevelsetError(f"config.json is damaged: {name} {value!r}.")
        return cls(**{**known, "name": shown(known["name"], _LONGEST)})


@dataclass(frozen=True)
class RunStatus:
    """How far it is, as its process last said.

    Attributes:
        state: one of ``STATES``.
        step: steps done.
        seconds: of work, over all the times it was resumed; without preparing and writing results.
        steps: how many it will be, where that is known.
        fraction: of the work done, 0 to 1, where that is known.
        seconds_left: until it is done, where that can be told.
        message: one sentence: what it is doing, why it failed, or what to know of its result.
        pid, host: of the process that works or worked on it, and its machine.
        queued_at, started_at, updated_at: times, seconds since 1970.
    """

    state: str
    step: int = 0
    seconds: float = 0.0
    steps: int | None = None
    fraction: float | None = None
    seconds_left: float | None = None
    message: str = ""
    pid: int | None = None
    host: str | None = None
    queued_at: float | None = None
    started_at: float | None = None
    updated_at: float | None = None

    @property
    def active(self) -> bool:
        """Whether it is running or will by itself."""
        return self.state in ("queued", "running")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RunStatus:
        """From ``status.json``.

        Raises:
            LevelsetError: it does not fit.
        """
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        if known.get("state") not in STATES:
            raise LevelsetError(f"status.json is damaged: state {known.get('state')!r}.")
        optional = (f.name for f in fields(cls) if "None" in str(f.type) and f.name != "host")
        numbers = ("step", "seconds", *optional)
        for name in numbers:
            value = known.get(name, 0)
            most = 1 if name == "fraction" else _MOST
            fits = isinstance(value, int | float) and 0 <= value <= most  # false of NaN too
            if value is not None and not fits:
                raise LevelsetError(f"status.json is damaged: {name} {repr(value)[:40]}.")
        if None in (known.get("step", 0), known.get("seconds", 0)):
            raise LevelsetError("status.json is damaged: step and seconds are numbers.")
        if not isinstance(known.get("message", ""), str):
            raise LevelsetError("status.json is damaged: its message is no text.")
        if not isinstance(known.get("host"), str | None):
            raise LevelsetError("status.json is damaged: its host is no text.")
        pid = known.get("pid")
        if pid is not None and (not isinstance(pid, int) or pid < 1):  # others are no process's
            raise LevelsetError(f"status.json is damaged: pid {pid!r}.")
        return cls(**{**known, "message": shown(known.get("message", ""), _LONGEST)})


class Run:
    """One run's folder. Reading never changes it, and works while its process writes.

    Attributes:
        id: the folder's name.
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self._config: RunConfig | None = None

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    @property
    def config(self) -> RunConfig:
        """What was asked for.

        Raises:
            LevelsetError: ``config.json`` is damaged or of a newer version.
        """
        if self._config is None:
            self._config = RunConfig.from_dict(read_json(self.path / "config.json"))
        return self._config

    @property
    def owner(self) -> str | None:
        """Whose it is; None where it was made without owners."""
        return owner_of(self.path)

    @property
    def public(self) -> bool:
        """Whether others may look at it."""
        return (self.path / PUBLIC).exists()

    @property
    def inputs(self) -> Path:
        """Folder of the files it works on."""
        return self.path / "inputs"

    @property
    def artifacts(self) -> Path:
        """Folder of what it made so far."""
        return self.path / "artifacts"

    @property
    def checkpoint_file(self) -> Path:
        """The last checkpoint; it may not exist yet."""
        return self.path / "checkpoint.safetensors"

    @property
    def lock_file(self) -> Path:
        """Locked by the process that works on the run, for as long as it does."""
        return self.path / "lock"

    @property
    def alive(self) -> bool:
        """Whether a process works on it."""
        return is_locked(self.lock_file)

    def status(self) -> RunStatus:
        """Its state now: a run whose process is gone is interrupted.

        Raises:
            LevelsetError: ``status.json`` is damaged.
        """
        status = self.stored_status()
        if status.state == "running" and not self.alive:
            status = self.stored_status()  # its last word may have come just before it let go
            if status.state == "running" and not self.alive:
                state = "cancelled" if self.cancel_requested else "interrupted"
                return replace(status, state=state, seconds_left=None, message="")
        return status

    def stored_status(self) -> RunStatus:
        """As it was written last, whoever works on it now.

        Raises:
            LevelsetError: the file is missing or damaged.
        """
        return RunStatus.from_dict(read_json(self.path / "status.json"))

    def write_status(self, status: RunStatus) -> None:
        """Only for who holds the run's lock or, while nobody does, the store's."""
        write_json(self.path / "status.json", asdict(status))

    def problem(self) -> str | None:
        """One sentence if the folder is damaged, else None."""
        try:
            self.config  # noqa: B018 - read for its errors
            self.stored_status()
        except LevelsetError as error:
            return str(error)
        return None

    def metrics(self, limit: int = MAX_ROWS) -> list[dict[str, Any]]:
        """Rows of figures over steps, thinned out to about ``limit``; the last is among them."""
        return read_metrics(self.path, limit)

    def result(self) -> dict[str, Any] | None:
        """What the finished run found; None while it has not finished."""
        try:
            return read_json(self.path / "result.json")
        except LevelsetError:
            return None

    # -- being stopped -----------------------------------------------------------------------

    @property
    def _cancel_file(self) -> Path:
        return self.path / "cancel"

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked to stop it; its process looks after every step."""
        return self._cancel_file.exists()

    def request_cancel(self) -> None:
        """Ask its process to save and stop."""
        self._cancel_file.touch()

    def forget_cancel(self) -> None:
        """Take the request back, before it is resumed."""
        self._cancel_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End its process at once, without saving: for one that is stuck in a step.

        Raises:
            LevelsetError: it works on another machine.
        """
        status = self.stored_status()
        if status.host not in (None, platform.node()) and self.alive:
            raise LevelsetError(
                f"Run {self.id} works on {status.host}: end it there, or cancel it and wait for "
                "its step."
            )
        if status.pid is not None and self.alive:
            with suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)


def valid_id(text: str) -> bool:
    """Whether ``text`` can be a run's id: one folder name, fit for an address."""
    return _ID.fullmatch(text) is not None
