"""A worker process as the hub sees it: the pipe to it, and the threads that write and read."""

from __future__ import annotations

import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from typing import Any

from levelset_core.paths import child_environment

logger = logging.getLogger(__name__)


class WorkerProcess:
    """A worker process, the pipe to it, and two threads: one writes to it, one reads from it.

    Sending only queues, so nobody who holds a lock waits for a busy worker, while the worker may
    be waiting for the reader, and the reader for that lock.
    """

    def __init__(
        self,
        receive: Callable[[tuple[Any, ...]], None],
        died: Callable[[WorkerProcess], None],
    ) -> None:
        self.spoke = False
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "levelset_core.live.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL, env=child_environment(1), pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is for the server; the worker ends with it
            )  # fmt: skip
        self._outbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(
            target=self._write, name="levelset-worker-writer", daemon=True
        )
        self._reader = threading.Thread(
            target=self._read, args=(receive, died), name="levelset-worker-reader", daemon=True
        )
        self._writer.start()
        self._reader.start()

    def send(self, message: tuple[Any, ...]) -> None:
        """Send soon; what a worker that dies did not read is lost."""
        self._outbox.put(message)

    def close(self) -> None:
        """End the process, which has nothing to save."""
        self.process.kill()
        self._reader.join()

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                self.connection.send(message)
            except OSError:
                return  # the process is gone, which the reader sees too

    def _read(
        self,
        receive: Callable[[tuple[Any, ...]], None],
        died: Callable[[WorkerProcess], None],
    ) -> None:
        while True:
            try:
                message = self.connection.recv()
            except (EOFError, OSError):
                break
            self.spoke = True
            try:
                receive(message)
            except Exception:
                logger.exception("A message of the training process was dropped.")
        self.process.kill()
        self.process.wait()
        self._outbox.put(None)
        self._writer.join()
        self.connection.close()
        died(self)
