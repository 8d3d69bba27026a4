"""All runs that somebody may see: a folder of folders."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.paths import runs_folder
from levelset_core.runs.creation import make_folder, new_config
from levelset_core.runs.folder import RESUMABLE, Run, RunStatus, valid_id
from levelset_core.runs.kinds import get_kind
from levelset_core.runs.locks import FileLock
from levelset_core.runs.owners import PUBLIC, Viewer, owner_key
from levelset_core.runs.queue import start_next
from levelset_core.runs.quotas import check_room, check_today, forget_days, runs_below

logger = logging.getLogger(__name__)

_TRASH = ".trash-"


class RunStore:
    """The runs below one folder, as far as somebody may see them.

    Many processes may use it at once.

    Args:
        root: default: :func:`runs_folder`.
        viewer: who looks, and whose new runs are; default: this machine, which sees all.
    """

    def __init__(self, root: Path | None = None, viewer: Viewer | None = None) -> None:
        self.root = (root or runs_folder()).absolute()
        self.viewer = viewer or Viewer()

    # -- looking -----------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """All runs to be seen, the newest first; also those with a :meth:`Run.problem`."""
        return sorted(filter(self.sees, runs_below(self.root)), key=_created, reverse=True)

    def at_work(self) -> list[Run]:
        """Everybody's runs that a process works on now."""
        return [run for run in runs_below(self.root) if run.alive]

    def waiting(self) -> list[Run]:
        """Everybody's runs that wait in the queue."""
        runs = [run for run in runs_below(self.root) if not run.problem()]
        return [run for run in runs if run.status().state == "queued" and not run.alive]

    def mine(self, run: Run) -> bool:
        """Whether who looks may change it."""
        return self.viewer.sees_all or self.viewer.owns(run.owner)

    def sees(self, run: Run) -> bool:
        """Whether who looks may see it."""
        return self.mine(run) or run.public

    def own_folder(self, name: str) -> Path:
        """Where the person's own files of a sort are kept; other owners have others."""
        owner = self.viewer.owner
        return self.root / name / owner_key(owner) if owner is not None else self.root / name

    def folders(self, name: str) -> list[Path]:
        """All folders of a sort of files that who looks may see."""
        if not self.viewer.sees_all:
            return [self.own_folder(name)]
        return [self.root / name, *sorted(p for p in (self.root / name).glob("*/"))]

    def of_kind(self, *kinds: str) -> list[Run]:
        """Runs of these kinds that can be read, the newest first."""
        found = []
        for run in self.runs():
            with suppress(LevelsetError):
                if run.config.kind in kinds and not run.problem():
                    found.append(run)
        return found

    def get(self, run_id: str) -> Run:
        """The run called ``run_id``.

        Raises:
            LevelsetError: there is none.
        """
        run = Run(self.root / run_id)
        if valid_id(run_id) and run.path.is_dir() and self.sees(run):
            return run
        raise LevelsetError(f"There is no run {run_id!r}.")

    def find(self, text: str) -> Run:
        """The run whose id is ``text``, or the only one whose id contains it.

        Raises:
            LevelsetError: there is none, or more than one.
        """
        with suppress(LevelsetError):
            return self.get(text)
        found = [run for run in self.runs() if text and text in run.id]
        if len(found) > 1:
            raise LevelsetError(f"{len(found)} runs have {text!r} in their id: write more of it.")
        return found[0] if found else self.get(text)

    # -- changing ----------------------------------------------------------------------------

    def create(
        self,
        kind: str,
        settings: dict[str, Any],
        *,
        name: str = "",
        seed: int = 0,
        device: str | None = None,
        threads: int = 1,
        steps: int | None = None,
        seconds: float | None = None,
        processes: int = 1,
        memory: float | None = None,
        inputs: Mapping[str, Path | bytes] | None = None,
    ) -> Run:
        """Make the folder of a new run. It does not begin by itself: see :meth:`submit`.

        Args:
            kind, settings: a kind and its settings.
            name: what people call it; default: the kind's title.
            device: default: :func:`levelset_core.pick_device`.
            steps, seconds, seed, threads, processes, memory: see :class:`RunConfig`.
            inputs: files to copy into its folder: name -> a path or the content.

        Raises:
            LevelsetError: the kind, a setting or a number does not fit.
        """
        config = new_config(
            kind, settings, name, seed, device, threads, steps, seconds, processes, memory
        )
        check_room(self.root, self.viewer.owner, sum(map(_bytes, (inputs or {}).values())))
        return make_folder(self.root, config, inputs or {}, self.viewer.owner)

    def submit(self, run: Run) -> None:
        """Put a new, interrupted, cancelled or failed run in the queue: it goes on by itself.

        Raises:
            LevelsetError: it is running, queued or done, somebody else's, or cannot be read; or
                its owner's limits are reached, or the cluster does not answer: the run then
                waits until somebody looks again.
        """
        self._own(run)
        with self.exclusive():
            status = self._readable(run)
            if status.state not in RESUMABLE:
                raise LevelsetError(f"Run {run.id} is {status.state}: it cannot be resumed.")
            get_kind(run.config.kind)
            check_today(self.root, run.owner)
            check_room(self.root, run.owner)
            queued = replace(status, state="queued", queued_at=time.time(), message="", pid=None)
            with FileLock.acquire(run.lock_file):  # its last process may be on its way out
                run.forget_cancel()
                run.write_status(queued)
        self._tell("submitted", run)
        self._dispatch()

    def dispatch(self) -> None:
        """Start what is next in the queue, if there is room. Cheap; call it freely.

        Where the folder cannot be written, or a cluster does not answer, nothing can be started;
        that is logged.
        """
        try:
            self._dispatch()
        except LevelsetError as error:
            logger.warning("No run can be started: %s", error)

    def _dispatch(self) -> None:
        if not self.root.is_dir():
            return
        try:
            with self.exclusive():
                forget_days(self.root)
                start_next(runs_below(self.root))
        except OSError as error:
            logger.warning("No run can be started in %s: %s", self.root, error.strerror)

    def cancel(self, run: Run) -> None:
        """Take it out of the queue, or have it save and stop after its present step.

        Raises:
            LevelsetError: it is neither queued nor running, somebody else's, or cannot be read.
        """
        self._own(run)
        with self.exclusive():
            status = self._readable(run)
            if status.state == "queued" and not run.alive:
                run.write_status(replace(status, state="cancelled", queued_at=None))
            elif run.alive:
                run.request_cancel()
            else:
                raise LevelsetError(f"Run {run.id} is {status.state}: there is nothing to cancel.")
        self._tell("cancelled", run)

    def kill(self, run: Run) -> None:
        """See :meth:`Run.kill`.

        Raises:
            LevelsetError: it works on another machine, or is somebody else's.
        """
        self._own(run)
        run.kill()

    def share(self, run: Run, public: bool) -> None:
        """Let everybody look at it, or nobody else any more.

        Raises:
            LevelsetError: it is somebody else's.
        """
        self._own(run)
        if public:
            (run.path / PUBLIC).touch()
        else:
            (run.path / PUBLIC).unlink(missing_ok=True)

    def delete(self, run: Run) -> None:
        """Remove its folder for good.

        Raises:
            LevelsetError: it is running, or somebody else's.
        """
        self._own(run)
        self._tell("deleted", run)
        with self.exclusive():
            try:
                with FileLock.acquire(run.lock_file):  # its process may be on its way out
                    run.path.rename(self.root / f"{_TRASH}{run.id}")  # gone at once, for everybody
            except FileNotFoundError:
                pass  # somebody else was faster
            except LevelsetError as error:
                raise LevelsetError(
                    f"Run {run.id} is running: cancel it before you delete it."
                ) from error
        for left in self.root.glob(f"{_TRASH}*"):
            shutil.rmtree(left, ignore_errors=True)

    def exclusive(self) -> FileLock:
        """While held, nobody else starts, cancels or deletes runs of this store."""
        return FileLock.acquire(self.root / ".lock", patience=30.0)

    def _tell(self, what: str, run: Run) -> None:
        """For the log of a server."""
        logger.info("run %s", what, extra={"run": run.id, "owner": run.owner})

    def _own(self, run: Run) -> None:
        if not self.mine(run):
            raise LevelsetError(f"Run {run.id} belongs to somebody else: you can only look at it.")

    def _readable(self, run: Run) -> RunStatus:
        if problem := run.problem():
            raise LevelsetError(f"Run {run.id} cannot be used: {problem}")
        return run.status()


def _created(run: Run) -> str:
    with suppress(LevelsetError):
        return run.config.created
    with suppress(OSError):
        return datetime.fromtimestamp(run.path.stat().st_mtime, UTC).isoformat()
    return ""


def _bytes(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
