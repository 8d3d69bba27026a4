"""A run as a task on a worker of a cluster (see ``remote``)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from levelset_core.errors import LevelsetError, optional
from levelset_core.parallel import torch_threads
from levelset_core.runs.execution import Execution
from levelset_core.runs.folder import Run
from levelset_core.runs.locks import FileLock
from levelset_core.runs.remote import task_file

#: Seconds that the last worker may take to let go of a run.
LETS_GO = 60.0


def work(folder: str) -> str:
    """On a worker: go on with a run until its end; the state it is left in."""
    run = Run(Path(folder))
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
        with (
            (run.path / "log.txt").open("a") as log,
            contextlib.redirect_stderr(log),
            torch_threads(run.config.threads),
        ):
            state = Execution(run, stop=_closing()).work().state
        if state != "interrupted":
            task_file(run).unlink(missing_ok=True)
        return state


def _closing() -> Callable[[], bool]:
    """Whether the worker is about to end: the run is saved then."""
    distributed = optional("distributed", "cluster")
    try:
        worker = distributed.get_worker()
    except ValueError:
        return lambda: False
    return lambda: worker.status.name not in ("running", "paused", "init")
