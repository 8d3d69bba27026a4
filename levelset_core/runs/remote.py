"""Runs on a cluster: a task each, whose worker goes on with the folder where the last one stopped.

The folder is on a path that server and workers share; its lock says who works on it. Without such
a path (``$LEVELSET_CLUSTER_FILES``) a process here follows each run, see ``follower``. Dask gives a
task whose worker died to another one. What it has forgotten, or given up, is handed over anew by
whoever looks at the queue, or follows.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from levelset_core.cluster import Needs, cluster_address, connect, on_scheduler
from levelset_core.errors import LevelsetError, optional
from levelset_core.runs.files import read_json, write_json
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.locks import FileLock
from levelset_core.runs.quotas import why_waiting
from levelset_core.runs.spawning import FOLLOWER, start_process

#: Seconds after which the scheduler is asked again whether it still has a task.
ASKED_AGAIN = 5.0
#: Times that a run is handed over without a step in between.
TRIES = 5
#: Runs that are followed at once; each takes a process here.
FOLLOWED = 16
WAITS = "Waits for a worker of the cluster."
_TASK = "levelset_core.runs.elsewhere.task"


class Seen(NamedTuple):
    """What the scheduler knows: states of tasks by their keys, and what each worker has."""

    states: dict[str, str]
    workers: list[dict[str, float]]

    def lost(self, key: str | None) -> bool:
        """Whether nobody will do a task any more."""
        return self.states.get(key or "") in (None, "erred", "memory", "forgotten")


def cluster_files() -> str | None:
    """``$LEVELSET_CLUSTER_FILES``: where runs and workers meet that share no path; else None."""
    return os.environ.get("LEVELSET_CLUSTER_FILES") or None


def hand_over(runs: Sequence[Run]) -> None:
    """Give queued runs to the scheduler, and those whose workers died. Only under the store's lock.

    Raises:
        LevelsetError: no scheduler answers.
    """
    waiting = [(run, status) for run in runs if (status := _waits(run)) is not None]
    if not waiting:
        return
    files = cluster_files()
    try:
        seen = ask([key for run, _ in waiting if (key := task_of(run).get("key"))])
    except LevelsetError as error:
        for run, status in waiting:
            _say(run, status, str(error))
        raise
    lost = [pair for pair in waiting if files or seen.lost(task_of(pair[0]).get("key"))]
    fresh = {run.id for run, _ in lost}
    at_work = [
        run for run in runs if run.id not in fresh and (run.alive or task_file(run).exists())
    ]
    for run, status in waiting:
        if run.id not in fresh:
            _say(run, status, needs_of(run).unmet(seen.workers) or WAITS)
    for run, status in sorted(lost, key=lambda entry: entry[1].queued_at or 0.0):
        if not why_waiting(run, at_work):
            if files is None:
                submit(run, status, seen, "work", str(run.path))
            elif sum(other.alive for other in at_work) < FOLLOWED:
                _follow(run, status)
            at_work.append(run)


def needs_of(run: Run) -> Needs:
    """What a run asks of its worker: an accelerator for each process, and memory."""
    config = run.config
    return Needs.of_device(config.device, config.processes, config.memory)


def ask(keys: list[str]) -> Seen:
    """What the scheduler knows of tasks and workers.

    Raises:
        LevelsetError: it does not answer.
    """
    return Seen(*on_scheduler(_look, keys))


def _look(keys: list[str], dask_scheduler: Any = None) -> tuple[dict[str, str], list[Any]]:
    """On the scheduler, which need not have this package's newest version: plain values."""
    tasks = dask_scheduler.tasks
    states = {key: tasks[key].state for key in keys if key in tasks}
    return states, [dict(worker.resources) for worker in dask_scheduler.workers.values()]


def _waits(run: Run) -> RunStatus | None:
    """The status of a run that nobody works on and that is to go on."""
    if run.problem() or run.alive:
        return None
    status = run.status()
    handed = task_file(run).exists()
    if status.state != "queued" and not (handed and status.state == "interrupted"):
        return None
    with contextlib.suppress(OSError):
        if handed and time.time() - task_file(run).stat().st_mtime < ASKED_AGAIN:
            return None
    return status


def submit(run: Run, status: RunStatus, seen: Seen, work: str, *arguments: str) -> bool:
    """Make a run a task, unless it was one too often: whether it is. Only for who may write it.

    Args:
        run, status: what is handed over.
        seen: what the scheduler has.
        work: name of a function of ``task``, called with ``arguments``.
    """
    distributed = optional("distributed", "cluster")
    tries = _tries(run, status)
    if tries["tries"] > TRIES:
        task_file(run).unlink(missing_ok=True)
        message = f"The cluster took it {TRIES} times and came no further: its logs say why."
        run.write_status(replace(status, state="failed", message=message))
        return False
    key, needs = f"{run.id}-{time.time_ns()}", needs_of(run)
    message = needs.unmet(seen.workers) or WAITS
    # Before: a worker may be faster than we are.
    run.write_status(replace(status, state="queued", message=message))
    write_json(task_file(run), {"key": key, "address": cluster_address(), **tries})
    future = connect().submit(
        _do, work, *arguments, key=key, pure=False, resources=needs.resources or None
    )
    distributed.fire_and_forget(future)
    return True


def _do(work: str, *arguments: str) -> str:
    """On the worker, which alone needs torch."""
    state: str = getattr(importlib.import_module(_TASK), work)(*arguments)
    return state


def _say(run: Run, status: RunStatus, message: str) -> None:
    """Tell what a run waits for."""
    if message == status.message or (status.state, message) == ("interrupted", WAITS):
        return
    with contextlib.suppress(LevelsetError), FileLock.acquire(run.lock_file, patience=0.0):
        if (now := run.stored_status()).state in ("queued", "running"):
            run.write_status(replace(now, state="queued", message=message))


def _follow(run: Run, status: RunStatus) -> None:
    start_process(run, replace(status, state="queued", message=WAITS), FOLLOWER)


def task_file(run: Run) -> Path:
    """What the scheduler calls the run's task; there until it ends."""
    return run.path / "task.json"


def task_of(run: Run) -> dict[str, Any]:
    """What :func:`task_file` holds; nothing where it is not there."""
    with contextlib.suppress(LevelsetError):
        return read_json(task_file(run))
    return {}


def _tries(run: Run, status: RunStatus) -> dict[str, int]:
    """How often it was handed over since it last came further."""
    last = task_of(run)
    further = not last or status.step > last.get("step", 0)
    return {"tries": 1 if further else last.get("tries", 0) + 1, "step": status.step}
