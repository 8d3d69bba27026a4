"""All runs of this person: a folder of folders, and the one way to start a run."""

from __future__ import annotations

import logging
import platform
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import torch

from levelset_core.cluster import cluster_address
from levelset_core.device import DEVICES, pick_device
from levelset_core.errors import LevelsetError
from levelset_core.paths import runs_folder
from levelset_core.runs.files import sync_folder, write_json
from levelset_core.runs.folder import RESUMABLE, Run, RunConfig, RunStatus, valid_id
from levelset_core.runs.kinds import get_kind
from levelset_core.runs.locks import FileLock
from levelset_core.runs.queue import cores_for_runs, start_next

logger = logging.getLogger(__name__)

#: Lower-case letters and digits that are not taken for one another.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_NEW, _TRASH = ".new-", ".trash-"


class RunStore:
    """The runs below one folder. Many processes may use it at once.

    Args:
        root: default: :func:`runs_folder`.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or runs_folder()).absolute()

    # -- looking -----------------------------------------------------------------------------

    def runs(self) -> list[Run]:
        """All runs, the newest first; also those that :meth:`Run.problem` has a sentence for."""
        try:
            names = [p for p in self.root.iterdir() if valid_id(p.name) and p.is_dir()]
        except OSError:  # none yet, or not to be read
            return []
        return sorted((Run(path) for path in names), key=_created, reverse=True)

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
        if valid_id(run_id) and (self.root / run_id).is_dir():
            return Run(self.root / run_id)
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
        inputs: Mapping[str, Path | bytes] | None = None,
    ) -> Run:
        """Make the folder of a new run. It does not begin by itself: see :meth:`submit`.

        Args:
            kind, settings: a kind and its settings.
            name: what people call it; default: the kind's title.
            device: default: :func:`levelset_core.pick_device`.
            steps, seconds, seed, threads: see :class:`RunConfig`.
            inputs: files to copy into its folder: name -> a path or the content.

        Raises:
            LevelsetError: the kind, a setting or a number does not fit.
        """
        chosen = get_kind(kind)
        if steps is not None and steps < 1:
            raise LevelsetError(f"A run needs at least one step, got {steps}.")
        if seconds is not None and not seconds > 0:
            raise LevelsetError(f"A run needs more than 0 seconds, got {seconds}.")
        if threads < 1:
            raise LevelsetError(f"A run needs at least one thread, got {threads}.")
        now = datetime.now(UTC)
        config = RunConfig(
            kind, name or chosen.title, chosen.check(settings), seed, _device(device),
            threads, steps, seconds, now.isoformat(timespec="microseconds"), _software(),
        )  # fmt: skip
        token = "".join(secrets.choice(_LETTERS) for _ in range(8))
        run_id = f"{kind}-{now:%Y%m%d}-{token}"
        self.root.mkdir(parents=True, exist_ok=True)
        new = Run(self.root / f"{_NEW}{run_id}")
        try:
            for folder in (new.path, new.inputs, new.artifacts):
                folder.mkdir()
            for file, content in (inputs or {}).items():
                _put(new.inputs, file, content)
            write_json(new.path / "config.json", asdict(config))
            new.write_status(RunStatus("interrupted", steps=steps, message="Not begun yet."))
            new.path.rename(self.root / run_id)
        except BaseException:
            shutil.rmtree(new.path, ignore_errors=True)
            raise
        sync_folder(self.root)
        return self.get(run_id)

    def submit(self, run: Run) -> None:
        """Put a new, interrupted, cancelled or failed run in the queue: it goes on by itself.

        Raises:
            LevelsetError: it is running, queued or done, or cannot be read; or the cluster does
                not answer: the run then waits until somebody looks again.
        """
        with self.exclusive():
            status = self._readable(run)
            if status.state not in RESUMABLE:
                raise LevelsetError(f"Run {run.id} is {status.state}: it cannot be resumed.")
            get_kind(run.config.kind)
            queued = replace(status, state="queued", queued_at=time.time(), message="", pid=None)
            with FileLock.acquire(run.lock_file):  # its last process may be on its way out
                run.forget_cancel()
                run.write_status(queued)
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
                start_next(self.runs())
        except OSError as error:
            logger.warning("No run can be started in %s: %s", self.root, error.strerror)

    def cancel(self, run: Run) -> None:
        """Take it out of the queue, or have it save and stop after its present step.

        Raises:
            LevelsetError: it is neither queued nor running, or cannot be read.
        """
        with self.exclusive():
            status = self._readable(run)
            if status.state == "queued" and not run.alive:
                run.write_status(replace(status, state="cancelled", queued_at=None))
            elif run.alive:
                run.request_cancel()
            else:
                raise LevelsetError(f"Run {run.id} is {status.state}: there is nothing to cancel.")

    def delete(self, run: Run) -> None:
        """Remove its folder for good.

        Raises:
            LevelsetError: it is running.
        """
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

    def _readable(self, run: Run) -> RunStatus:
        if problem := run.problem():
            raise LevelsetError(f"Run {run.id} cannot be used: {problem}")
        return run.status()


class Started(NamedTuple):
    """A run, and whether it is new: False where the same worked or waited already."""

    run: Run
    new: bool


def start(
    kind: str,
    settings: dict[str, Any],
    inputs: Mapping[str, Path | bytes] | None = None,
    *,
    name: str = "",
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    queue: bool = True,
    store: RunStore | None = None,
) -> Started:
    """Make a run and put it in the queue, so that it begins by itself.

    A run of the same kind, settings and seed that works or waits is given instead: a click that
    arrives twice starts nothing twice.

    Args:
        kind, settings, name, seed, device, inputs: see :meth:`RunStore.create`.
        threads: default: all that runs may take.
        queue: without, the run is only made, for the caller to work on.
        store: where it is kept; default: the person's own.

    Raises:
        LevelsetError: the kind, a setting or an input does not fit.
        OSError: an input is gone, or the folder cannot be written.
    """
    store = store or RunStore()
    wanted = get_kind(kind).check(settings)
    for run in store.runs():
        with suppress(LevelsetError):
            config = run.config
            same = (config.kind, config.seed, config.settings) == (kind, seed, wanted)
            if same and run.status().active:
                return Started(run, new=False)
    run = store.create(
        kind, settings, name=name, seed=seed, device=device, threads=threads or cores_for_runs(),
        inputs=inputs,
    )  # fmt: skip
    if queue:
        store.submit(run)
    return Started(run, new=True)


def _device(name: str | None) -> str:
    """This machine's, or an accelerator of the cluster's that this machine need not have."""
    if cluster_address() is not None and name in DEVICES[2:]:
        return str(name)
    return str(pick_device(name))


def _created(run: Run) -> str:
    with suppress(LevelsetError):
        return run.config.created
    with suppress(OSError):
        return datetime.fromtimestamp(run.path.stat().st_mtime, UTC).isoformat()
    return ""


def _put(folder: Path, name: str, content: Path | bytes) -> None:
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise LevelsetError(f"{name!r} is no name for an input file.")
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        shutil.copyfile(content, path)


def _software() -> dict[str, str]:
    from levelset_core import __version__

    return {
        "levelset_core": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
