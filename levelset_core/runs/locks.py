"""Locks that the operating system lets go of when their process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from levelset_core.errors import LevelsetError

#: Someone who only asks whether a lock is held has it for an instant; wait this long for it.
PATIENCE = 2.0


class FileLock:
    """An exclusive ``flock`` on a file, held until :meth:`release` or the end of the process.

    A child process that was given the descriptor holds the same lock (:meth:`adopt`), without
    a moment in between when nobody does.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def acquire(cls, path: Path, patience: float | None = None) -> FileLock:
        """Lock ``path``, which is made if it is not there.

        Raises:
            LevelsetError: another process keeps it for ``patience`` seconds.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        end = time.monotonic() + (PATIENCE if patience is None else patience)
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > end:
                    os.close(descriptor)
                    raise LevelsetError(f"{path.name} is in use by another process.") from error
                time.sleep(0.005)
            else:
                return cls(descriptor)

    @classmethod
    def adopt(cls, descriptor: int) -> FileLock:
        """The lock that the parent process holds on an inherited descriptor."""
        os.set_inheritable(descriptor, False)
        return cls(descriptor)

    def release(self) -> None:
        """Let go. The lock stays held where a child process adopted it."""
        os.close(self.descriptor)

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock on ``path``."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
