"""Work on a run in the present process, with its lock, its threads and its signals."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.parallel import torch_threads
from levelset_core.runs.execution import Execution
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.locks import FileLock
from levelset_core.runs.store import RunStore

#: Exit codes, by the state a run was left in.
EXIT_CODES = {"done": 0, "failed": 2, "cancelled": 130, "interrupted": 130}


def work_here(
    store: RunStore,
    run: Run,
    *,
    lock: FileLock | None = None,
    tell: Callable[[RunStatus], None] = lambda status: None,
) -> RunStatus:
    """Work on a run in this process, without a place in the queue; the status it ends with.

    The first SIGINT or SIGTERM saves and stops as interrupted.

    Args:
        store: where the run is.
        run: it.
        lock: the run's, if this process holds it already.
        tell: hears the status twice a second.

    Raises:
        LevelsetError: another process works on it, or its folder cannot be used.
        KeyboardInterrupt: a second interrupt came before the step was over.
    """
    if problem := run.problem():
        raise LevelsetError(f"Run {run.id} cannot be used: {problem}")
    held = lock or FileLock.acquire(run.lock_file)
    try:
        if lock is None:
            if run.status().state == "done":
                raise LevelsetError(f"Run {run.id} is done.")
            run.forget_cancel()
        with torch_threads(run.config.threads), _stop_signals() as stop:
            return Execution(run, stop=stop, tell=tell).work()
    finally:
        held.release()
        store.dispatch()


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether a signal asked to stop; outside the main thread, where none arrive, never."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked = threading.Event()

    def ask(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
