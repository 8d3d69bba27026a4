"""The process that has everything imported and forks one for each piece of work.

``python -m levelset_core.confined.nursery SOCKET MODULE ...`` imports the modules and then waits.
Each request is a JSON line with two descriptors: the work's own socket, and a pipe that is told how
the work's process ended. It ends those that take too long or that nobody waits for any more,
itself where its owner ends or nothing was asked for long.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from levelset_core.confined import messages
from levelset_core.confined.limits import Limits
from levelset_core.errors import LevelsetError

#: Seconds without a request after which it ends: it keeps 0.3 GB for nothing.
IDLE = 900.0
#: Seconds between two looks at how the work goes.
_LOOK = 0.05
_MAX_REQUEST = 1 << 16


@dataclass
class _Child:
    """One process at work."""

    pipe: int
    deadline: float
    late: bool = False


class Nursery:
    """Forks, watches and reaps."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, _Child] = {}
        self.asked = time.monotonic()

    def run(self) -> None:
        """Until the owner hangs up."""
        while self.children or time.monotonic() - self.asked < IDLE:
            poll = select.poll()
            poll.register(self.control, select.POLLIN)
            for child in self.children.values():
                poll.register(child.pipe, 0)  # an error: nobody waits at the other end
            wait = _LOOK if self.children else IDLE
            happened = dict(poll.poll(wait * 1000))
            if self.control.fileno() in happened and not self._request():
                break
            self._reap({fd for fd in happened if fd != self.control.fileno()})
        for pid in self.children:
            os.kill(pid, signal.SIGKILL)

    def _request(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self.control, _MAX_REQUEST, 2)
        if not message:
            return False
        self.asked = time.monotonic()
        work, pipe = descriptors
        limits = Limits(**json.loads(message))
        pid = os.fork()
        if pid == 0:
            os.close(pipe)
            self._child(work, limits)
        os.close(work)
        self.children[pid] = _Child(pipe, time.monotonic() + limits.wall)
        return True

    def _reap(self, alone: set[int]) -> None:
        now = time.monotonic()
        for pid, child in list(self.children.items()):
            if child.pipe in alone or now > child.deadline:
                child.late = now > child.deadline
                os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended and child.pipe not in alone:
                continue
            if not ended:
                _, status = os.waitpid(pid, 0)
            told = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            with suppress(OSError):
                os.write(child.pipe, bytes([messages.LATE if child.late else told]))
            os.close(child.pipe)
            del self.children[pid]

    def _child(self, work: int, limits: Limits) -> None:
        """The forked process; it never returns."""
        try:
            self.control.close()
            for child in self.children.values():
                os.close(child.pipe)
            with socket.socket(fileno=work) as connection:
                _serve(connection, limits)
        except BaseException:
            os._exit(1)
        os._exit(0)


def _serve(connection: socket.socket, limits: Limits) -> None:
    """Do one piece of work: (folder, module, name, arguments) -> (state, answer or sentence)."""
    from levelset_core.confined import door

    folder, module, name, arguments = messages.receive(connection)
    door.enter(folder)
    limits.apply()
    try:
        work = getattr(importlib.import_module(module), name)
        given = [bytes(a) if isinstance(a, memoryview) else a for a in arguments]
        arguments = None
        answer: Any = ("done", work(*given))
    except LevelsetError as error:
        answer = ("refused", str(error))
    except MemoryError:
        answer = ("memory", "")
    except BaseException as error:  # what Rust panics about is no Exception
        kind = "memory" if "can't allocate" in str(error) else "failed"
        trace = "".join(traceback.format_exception(error))
        answer = (kind, f"{type(error).__name__}: {trace[-2000:]}")
    try:
        messages.send(connection, answer)
    except MemoryError:
        messages.send(connection, ("memory", ""))


def main() -> None:
    """Import, then serve the owner of the socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server; this ends with it
    with suppress(OSError):
        os.nice(5)
    for module in sys.argv[2:]:
        with suppress(ImportError):  # a part that is not installed
            importlib.import_module(module)
    gc.collect()
    gc.freeze()  # or every child copies what it only looks at
    Nursery(control).run()
    os._exit(0)


if __name__ == "__main__":
    main()
