"""Who runs next: first come, first served, in as many processes as there are cores to give.

Nobody keeps the queue: whoever puts a run in it, ends one, or looks at the list starts what is
next, one at a time under the store's lock. So nothing waits on a server that may be gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace

from levelset_core.cluster import cluster_address
from levelset_core.errors import LevelsetError
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.quotas import why_waiting
from levelset_core.runs.spawning import WORKER, start_process


def cores_for_runs() -> int:
    """``$LEVELSET_RUN_CORES``, else all cores but one; at least 1.

    Raises:
        LevelsetError: the variable does not hold a whole number from 1 on.
    """
    text = os.environ.get("LEVELSET_RUN_CORES")
    if not text:
        return max(1, (os.cpu_count() or 1) - 1)
    if not text.isdecimal() or int(text) < 1:
        raise LevelsetError(f"LEVELSET_RUN_CORES must be a whole number from 1 on, got {text!r}.")
    return int(text)


def start_next(runs: Sequence[Run]) -> None:
    """Start queued runs while there is room. Only under the store's lock.

    A run takes as many cores as it has threads, and an accelerator for itself. The first in the
    queue is never overtaken, unless it waits for its owner's limits. With a cluster its scheduler
    has the queue.

    Raises:
        LevelsetError: the cluster's scheduler does not answer.
    """
    if cluster_address() is not None:
        from levelset_core.runs.remote import hand_over

        hand_over(runs)
        return
    running, queued = [], []
    for run in runs:
        if run.problem():
            continue
        status = run.status()
        if run.alive:
            running.append(run)
        elif status.state == "queued":
            queued.append((status.queued_at or 0.0, run.id, run, status))
    for _, _, run, status in sorted(queued, key=lambda entry: entry[:2]):
        if why_waiting(run, running):
            continue
        if not has_room(run.config.threads, run.config.device, running):
            break
        if _start(run, status):
            running.append(run)


def has_room(threads: int, device: str, running: Sequence[Run]) -> bool:
    """Whether a run of so many threads may begin beside those that work."""
    if not running:
        return True
    devices = {other.config.device for other in running} - {"cpu"}
    cores = sum(other.config.threads for other in running) + threads
    return device not in devices and cores <= cores_for_runs()


def _start(run: Run, status: RunStatus) -> bool:
    starting = replace(status, state="running", message="Starting.", started_at=time.time())
    return start_process(run, replace(starting, updated_at=time.time()), WORKER)
