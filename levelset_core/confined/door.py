"""The server's side: ask for work to be done elsewhere, and wait for the answer."""

from __future__ import annotations

import atexit
import io
import json
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from levelset_core.confined import messages
from levelset_core.confined.limits import MB, Limits, clean_environment
from levelset_core.errors import LevelsetError
from levelset_core.paths import ROOT

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

#: Pieces of work at the same time: files of others wait rather than fill the memory.
AT_ONCE = max(2, min(4, os.cpu_count() or 1))
#: Seconds in that line at most.
PATIENCE = 60.0
#: How the sentence on a process that was broken off begins, after the file's name.
ENDED = "this file cannot be read"
#: Seconds that imports take on a busy machine, at most.
_IMPORTS = 120.0

_inside = False


class BusyError(LevelsetError):
    """Too much other work is waiting; the same may be done later."""


def is_confined() -> bool:
    """Whether this very process is one that is confined already."""
    return _inside


def enter(folder: str) -> None:
    """This process works on a stranger's file from now on; ``folder`` is for temporary files."""
    global _inside
    _inside = True
    tempfile.tempdir = folder


class Door:
    """Keeps the process that forks the others.

    Args:
        modules: that it imports, so that the work need not.
    """

    def __init__(self, modules: Sequence[str] = ()) -> None:
        self.modules = tuple(modules)
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def warm(self) -> None:
        """Start that process before somebody needs it: its imports take seconds."""
        with self._lock:
            self._start()

    def close(self) -> None:
        """End it, and all work."""
        with self._lock:
            if self._control is not None and self._process is not None:
                self._control.close()
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(1)
                self._process.kill()  # it still imports
                self._process.wait()
            self._control = self._process = None

    def do(
        self, module: str, name: str, arguments: Sequence[Any], label: str, limits: Limits
    ) -> Any:
        """See :func:`confined`."""
        if not self._slots.acquire(timeout=PATIENCE):
            raise BusyError(f"{label}: the server is busy with other files; try again in a minute.")
        try:
            with tempfile.TemporaryDirectory(prefix="levelset-", ignore_cleanup_errors=True) as at:
                return self._do((at, module, name, tuple(arguments)), label, limits)
        finally:
            self._slots.release()

    def _do(self, question: Any, label: str, limits: Limits) -> Any:
        ours, theirs = socket.socketpair()
        told, tells = os.pipe()
        with ours, os.fdopen(told, "rb", buffering=0) as ended:
            try:
                self._request(limits, theirs, tells)
            finally:
                theirs.close()
                os.close(tells)
            # The nursery ends what takes longer, once it has imported what it needs, if it lives.
            ours.settimeout(limits.wall + _IMPORTS)
            try:
                messages.send(ours, question)
                state, answer = messages.receive(ours, limits.memory)
            except (EOFError, OSError):
                if told_of := ended.read(1):
                    raise LevelsetError(_why(told_of[0], label, limits)) from None
                raise BusyError(f"{label}: the process that reads it ended; try again.") from None
            except (messages.Refused, TypeError, ValueError) as error:
                logger.warning("%s: an answer was refused, %s.", label, error)
                raise LevelsetError(f"{label}: {ENDED}, its reader broke off.") from error
        if state == "done":
            return answer
        if state == "refused":
            raise LevelsetError(str(answer))
        if state == "memory":
            raise LevelsetError(_memory(label, limits))
        logger.warning("%s: a reader failed over it.\n%s", label, answer)
        reason = str(answer).partition(":")[0][:60]
        raise LevelsetError(f"{label}: {ENDED}, it is damaged or of another kind ({reason}).")

    def _request(self, limits: Limits, work: socket.socket, pipe: int) -> None:
        message = json.dumps(limits.plain()).encode()
        with self._lock:
            for _ in range(2):  # one that was idle for long may just have ended
                self._start()
                assert self._control is not None
                with suppress(OSError):
                    socket.send_fds(self._control, [message], [work.fileno(), pipe])
                    return
                self._control.close()
                self._control = None
        raise LevelsetError("The process that reads files does not start: see the server's log.")

    def _start(self) -> None:
        alive = self._process is not None and self._process.poll() is None
        if alive and self._control is not None:
            return
        if self._control is not None:
            self._control.close()
        # Packets: a request is one, and its descriptors are with it.
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "levelset_core.confined.nursery", str(theirs.fileno()),
                 *self.modules],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=clean_environment() | {"PYTHONPATH": str(ROOT)}, cwd="/",
                pass_fds=[theirs.fileno()], process_group=0,
            )  # fmt: skip


def _why(number: int, label: str, limits: Limits) -> str:
    """The sentence on a process that ended without an answer, by what its nursery told."""
    if number == signal.SIGXCPU:
        return f"{label}: {ENDED} within {limits.seconds:.0f} s; simplify it, or thin it out."
    if number == messages.LATE:
        return f"{label}: {ENDED} within {limits.wall:.0f} s; simplify it, or try again later."
    if number in (signal.SIGABRT, signal.SIGKILL):  # what a library does without memory
        return _memory(label, limits)
    return f"{label}: {ENDED}, its reader broke off; it is damaged."


def _memory(label: str, limits: Limits) -> str:
    return (
        f"{label}: {ENDED} with {limits.memory / MB:,.0f} MB of memory; simplify it, or thin it "
        "out."
    )


_door = Door()
atexit.register(lambda: _door.close())


def release() -> None:
    """End what :func:`prepare` started; the next work starts it again."""
    _door.close()


def prepare(*modules: str) -> None:
    """From now on this process has one ready to work, with these modules imported."""
    global _door
    if set(modules) - set(_door.modules):
        _door.close()
        _door = Door([*_door.modules, *modules])
    _door.warm()


def confined(
    work: Callable[..., Result],
    label: str,
    size: int,
    *arguments: Any,
    limits: Limits | None = None,
) -> Result:
    """What ``work(*arguments)`` gives, done in a process of its own with limits.

    Args:
        work: a function of a module. What it gives is plain: numbers, texts, lists, arrays and
            dataclasses of this program.
        label: the file's name, for people.
        size: of the file, bytes: larger ones may take more.
        arguments: file objects that hold their content (``io.BytesIO``) go without a copy, and
            arrive as bytes.
        limits: others than those of a file of that size.

    Raises:
        LevelsetError: the work raised one, or took more than it may, or was broken off.
    """
    if _inside:
        return work(*arguments)
    given = [
        pickle.PickleBuffer(a.getbuffer()) if isinstance(a, io.BytesIO) else a for a in arguments
    ]
    answer: Result = _door.do(
        work.__module__, work.__qualname__, given, label, limits or Limits.of_file(size)
    )
    return answer
