"""A run as a task on a worker of a cluster (see ``remote``)."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from levelset_core.errors import LevelsetError, optional
from levelset_core.parallel import torch_threads
from levelset_core.runs.elsewhere.mirror import Mirror
from levelset_core.runs.elsewhere.together import execute
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.locks import FileLock
from levelset_core.runs.remote import task_file

logger = logging.getLogger(__name__)

#: Seconds that the last worker may take to let go of a run.
LETS_GO = 60.0
#: Seconds between two looks at the files that runs and workers exchange, and the most that sending
#: takes of all time.
SENT_EVERY, SENDING_SHARE = 1.0, 0.1


def work(folder: str) -> str:
    """On a worker: go on with a run until its end; the state it is left in."""
    run = Run(Path(folder))
    state = _go_on(run)
    if state != "interrupted":
        task_file(run).unlink(missing_ok=True)
    return state


def work_apart(url: str, run_id: str) -> str:
    """The same where only fsspec knows the run's folder: work is done in one of the worker's."""
    worker = _worker()
    scratch = worker.local_directory if worker else None
    with tempfile.TemporaryDirectory(prefix="levelset-", dir=scratch) as folder:
        run = Run(Path(folder) / run_id)
        for part in (run.path, run.inputs, run.artifacts):
            part.mkdir()
        mirror = Mirror(url, run)
        mirror.claim()
        if mirror.pull() is None:
            return "gone"
        if mirror.cancel_requested:
            run.request_cancel()
        sending = _Sending(run, mirror)
        state = _go_on(run, sending, lambda: not sending.own)
        if mirror.own:
            mirror.push()
        return state


class _Sending:
    """Sends what is new, now and then; it hears the status of a run."""

    def __init__(self, run: Run, mirror: Mirror) -> None:
        self.run, self.mirror, self.own, self.due = run, mirror, True, 0.0

    def __call__(self, status: RunStatus) -> None:
        begun = time.monotonic()
        if begun < self.due:
            return
        try:
            self.own = self.mirror.own
            if self.own:
                self.mirror.push()
            if self.mirror.cancel_requested:
                self.run.request_cancel()
        except Exception:  # whatever a store of objects raises: the next time may go well
            logger.exception("sending %s", self.run.id)
        now = time.monotonic()
        self.due = now + max(SENT_EVERY, (now - begun) / SENDING_SHARE)


def _go_on(
    run: Run,
    tell: Callable[[RunStatus], None] = lambda status: None,
    stop: Callable[[], bool] = lambda: False,
) -> str:
    try:
        lock = FileLock.acquire(run.lock_file, patience=LETS_GO)
    except LevelsetError:
        return run.status().state  # somebody else goes on with it
    with lock:
        status = run.stored_status()
        if status.state not in ("queued", "running", "interrupted"):
            return status.state  # cancelled meanwhile, or done
        if run.cancel_requested:
            run.write_status(replace(status, state="cancelled", queued_at=None, message=""))
            return "cancelled"
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        closing = _closing()
        with (
            (run.path / "log.txt").open("a") as log,
            contextlib.redirect_stderr(log),
            torch_threads(run.config.threads),
        ):
            return execute(run, lock, stop=lambda: closing() or stop(), tell=tell).state


def _worker() -> Any:
    """The worker that this is a task on; None elsewhere."""
    distributed = optional("distributed", "cluster")
    with contextlib.suppress(ValueError):
        return distributed.get_worker()
    return None


def _closing() -> Callable[[], bool]:
    """Whether the worker is about to end: the run is saved then."""
    worker = _worker()
    if worker is None:
        return lambda: False
    return lambda: worker.status.name not in ("running", "paused", "init")
