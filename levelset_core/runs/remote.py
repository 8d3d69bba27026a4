"""Runs on a cluster: a task each, whose worker goes on with the folder where the last one stopped.

The folder is on a path that server and workers share; its lock says who works on it. Dask gives a
task whose worker died to another one. What it has forgotten, or given up, is handed over anew by
whoever looks at the queue.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from levelset_core.cluster import cluster_address, connect
from levelset_core.errors import LevelsetError, optional
from levelset_core.runs.files import read_json, write_json
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.quotas import why_waiting

#: Seconds after which the scheduler is asked again whether it still has a task.
ASKED_AGAIN = 5.0
#: Times that a run is handed over without a step in between.
TRIES = 5
_TASK = "levelset_core.runs.task"


def hand_over(runs: Sequence[Run]) -> None:
    """Give queued runs to the scheduler, and those whose workers died. Only under the store's lock.

    Raises:
        LevelsetError: no scheduler answers.
    """
    waiting = [(run, status) for run in runs if (status := _waits(run)) is not None]
    if not waiting:
        return
    keys = {run.id: _task(run).get("key") for run, _ in waiting}
    known = [key for key in keys.values() if key]
    states: dict[str, str] = connect().run_on_scheduler(_states, known)  # type: ignore[no-untyped-call]
    lost = [
        (run, status) for run, status in waiting
        if states.get(keys[run.id] or "") in (None, "erred", "memory", "forgotten")
    ]  # fmt: skip
    fresh = {run.id for run, _ in lost}
    at_work = [
        run for run in runs if run.id not in fresh and (run.alive or task_file(run).exists())
    ]
    for run, status in sorted(lost, key=lambda entry: entry[1].queued_at or 0.0):
        if not why_waiting(run, at_work):
            _submit(run, status)
            at_work.append(run)


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


def _states(keys: list[str], dask_scheduler: Any = None) -> dict[str, str]:
    """On the scheduler: what becomes of tasks that it knows."""
    tasks = dask_scheduler.tasks
    return {key: tasks[key].state for key in keys if key in tasks}


def _submit(run: Run, status: RunStatus) -> None:
    distributed = optional("distributed", "cluster")
    tries = _tries(run, status)
    if tries["tries"] > TRIES:
        task_file(run).unlink()
        message = f"The cluster took it {TRIES} times and came no further: its logs say why."
        run.write_status(replace(status, state="failed", message=message))
        return
    key = f"{run.id}-{time.time_ns()}"
    resources = {} if run.config.device == "cpu" else {"resources": {"GPU": 1}}
    work = importlib.import_module(_TASK).work  # by name: it knows the store, which knows us
    future = connect().submit(work, str(run.path), key=key, pure=False, **resources)
    distributed.fire_and_forget(future)
    write_json(task_file(run), {"key": key, "address": cluster_address(), **tries})
    run.write_status(replace(status, state="queued", message="Waits for a worker of the cluster."))


def task_file(run: Run) -> Path:
    """What the scheduler calls the run's task; there until it ends."""
    return run.path / "task.json"


def _task(run: Run) -> dict[str, Any]:
    with contextlib.suppress(LevelsetError):
        return read_json(task_file(run))
    return {}


def _tries(run: Run, status: RunStatus) -> dict[str, int]:
    """How often it was handed over since it last came further."""
    last = _task(run)
    further = not last or status.step > last.get("step", 0)
    return {"tries": 1 if further else last.get("tries", 0) + 1, "step": status.step}
