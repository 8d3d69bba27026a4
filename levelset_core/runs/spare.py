"""A process that has everything imported and waits for a run: somebody who presses start does not.

Importing torch and all that a trainer needs takes seconds, most of what passes between pressing
start and the first surface. So the app keeps one process ready. It hears of its run, and gets the
run's lock and log, through a socket; if its owner ends before, the socket ends, and it does too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from levelset_core.paths import child_environment
from levelset_core.runs.folder import Run
from levelset_core.runs.locks import FileLock
from levelset_core.settings import choose

#: "on" or "off".
SPARE = "LEVELSET_SPARE"
#: Seconds after which one that was taken is replaced: the run's first ones belong to the run.
REPLACED_AFTER = 20.0


class Spare:
    """The waiting process.

    Args:
        threads: of the runs it can take, since sums depend on how they are split.
        kinds: of runs, whose modules it imports.
    """

    def __init__(self, threads: int, kinds: Sequence[str] = ()) -> None:
        self.threads, self.kinds = threads, kinds
        self._socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "levelset_core.runs.worker", str(theirs.fileno()), *kinds],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=child_environment(threads), pass_fds=[theirs.fileno()],
                start_new_session=True,
            )  # fmt: skip

    def give(self, run: Run, lock: FileLock) -> bool:
        """Have it work on a run; False if it is not there any more."""
        about = json.dumps({"root": str(run.path.parent), "id": run.id}).encode()
        with self._socket, (run.path / "log.txt").open("ab") as log:
            if self.process.poll() is not None:
                return False
            try:
                socket.send_fds(self._socket, [about], [lock.descriptor, log.fileno()])
            except OSError:
                return False
        return True

    def dismiss(self) -> None:
        """It is not needed."""
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
            return
        self.process.kill()
        self.process.wait()


_lock = threading.Lock()
_spare: Spare | None = None
_wanted = True


def wants_spare() -> bool:
    """Not with ``LEVELSET_SPARE=off``: with little memory a run had better start seconds later.

    Raises:
        LevelsetError: the variable is neither "on" nor "off".
    """
    return choose(SPARE, os.environ.get(SPARE) or "on", ("on", "off")) == "on"


def keep_spare(threads: int, kinds: Sequence[str] = ()) -> None:
    """From now on this process has one ready, with everything that runs of ``kinds`` need."""
    global _spare
    with _lock:
        if _spare is None and _wanted:
            _spare = Spare(threads, kinds)


def drop_spare() -> None:
    """End the one that is ready, for good: it has nothing to save."""
    global _spare, _wanted
    with _lock:
        _wanted, spare, _spare = False, _spare, None
    if spare is not None:
        spare.process.kill()
        spare.dismiss()


def spare_process() -> int | None:
    """The process id of the one that is ready."""
    spare = _spare
    return None if spare is None else spare.process.pid


def take_spare(threads: int) -> Spare | None:
    """The one that is ready, if it fits; another takes its place later."""
    global _spare
    with _lock:
        if _spare is None or _spare.threads != threads:
            return None
        taken, _spare = _spare, None
    timer = threading.Timer(REPLACED_AFTER, keep_spare, [threads, taken.kinds])
    timer.daemon = True
    timer.start()
    return taken
