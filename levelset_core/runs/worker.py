"""The process of a run. SIGTERM and SIGINT save and stop; a second one stops at once.

python -m levelset_core.runs.worker ID DESCRIPTOR     # that of the run's lock; from the queue
python -m levelset_core.runs.worker SOCKET KIND ...   # imports the kinds and waits for a run
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from levelset_core.errors import LevelsetError
from levelset_core.parallel import torch_threads
from levelset_core.runs.elsewhere.together import execute
from levelset_core.runs.execution import EXIT_CODES, told
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.kinds import get_kind
from levelset_core.runs.locks import FileLock
from levelset_core.runs.store import RunStore


def main() -> int:
    """Work on a run, now or when it comes."""
    first, *others = sys.argv[1:]
    if first.isdecimal():
        return wait(int(first), others)
    return work_on(first, int(others[0]))


def wait(descriptor: int, kinds: Sequence[str]) -> int:
    """Import everything, hear of a run from a socket, and work on it; the exit code."""
    waiting = socket.socket(fileno=descriptor)
    for kind in kinds:
        get_kind(kind)
    weight = torch.zeros(1, requires_grad=True)  # an optimizer's first step loads half of torch
    weight.sum().backward()
    torch.optim.Adam([weight]).step()
    with waiting:
        message, descriptors, _, _ = socket.recv_fds(waiting, 4096, 2)
    if not message:
        return 0  # nobody needs us any more
    about = json.loads(message)
    lock, log = descriptors
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ["LEVELSET_RUNS"] = about["root"]
    return work_on(about["id"], lock)


def work_on(run_id: str, descriptor: int) -> int:
    """Work on a run whose lock this process inherited; the exit code."""
    logging.basicConfig(level=logging.INFO)
    lock = FileLock.adopt(descriptor)
    # Sums on a GPU depend on this setting of its library; read when torch first uses it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    store = RunStore()
    try:
        status = work_here(store, store.get(run_id), lock=lock)
    except KeyboardInterrupt:
        return EXIT_CODES["interrupted"]
    except LevelsetError as error:
        print(error, file=sys.stderr)
        return EXIT_CODES["failed"]
    return EXIT_CODES[status.state]


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
        LevelsetError: another process works on it, or its folder cannot be used or written.
        KeyboardInterrupt: a second interrupt came before the step was over.
    """
    if problem := run.problem():
        raise LevelsetError(f"Run {run.id} cannot be used: {problem}")
    try:
        held = lock or FileLock.acquire(run.lock_file)
    except OSError as error:
        raise LevelsetError(f"Run {run.id} cannot be worked on: {told(error)}.") from error
    try:
        if lock is None:
            if run.status().state == "done":
                raise LevelsetError(f"Run {run.id} is done.")
            run.forget_cancel()
        with torch_threads(run.config.threads), _stop_signals() as stop:
            return execute(run, held, stop=stop, tell=tell)
    except OSError as error:  # not even its state can be written: it stays as it was saved last
        raise LevelsetError(
            f"Run {run.id} stopped, since its folder cannot be written: {told(error)}; what it "
            "saved is kept, resume it afterwards."
        ) from error
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


if __name__ == "__main__":
    sys.exit(main())
