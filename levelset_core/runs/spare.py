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
from contextlib import suppress
from pathlib import Path

from levelset_core.runs.folder import Run
from levelset_core.runs.locks import FileLock

_ROOT = Path(__file__).resolve().parents[2]
#: Seconds after which one that was taken is replaced: the run's first ones belong to the run.
REPLACED_AFTER = 20.0


class Spare:
    """The waiting process.

    Args:
        threads: of the runs it can take, since sums depend on how they are split.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "levelset_core.runs.spare", str(theirs.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=worker_environment(threads), pass_fds=[theirs.fileno()],
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


def worker_environment(threads: int) -> dict[str, str]:
    """What a run's process gets from ours."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}


_lock = threading.Lock()
_spare: Spare | None = None


def keep_spare(threads: int) -> None:
    """From now on this process has one ready."""
    global _spare
    with _lock:
        if _spare is None:
            _spare = Spare(threads)


def take_spare(threads: int) -> Spare | None:
    """The one that is ready, if it fits; another takes its place later."""
    global _spare
    with _lock:
        if _spare is None or _spare.threads != threads:
            return None
        taken, _spare = _spare, None
    timer = threading.Timer(REPLACED_AFTER, keep_spare, [threads])
    timer.daemon = True
    timer.start()
    return taken


def _import_everything() -> None:
    """What a reconstruction imports, also late: an optimizer's first step loads half of torch."""
    import torch

    import levelset_core.runs.kinds.reconstruct  # noqa: F401
    from levelset_core.runs.worker import work_on  # noqa: F401

    weight = torch.zeros(1, requires_grad=True)
    weight.sum().backward()
    torch.optim.Adam([weight]).step()


def main() -> int:
    """Import, wait, work."""
    waiting = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    from levelset_core.runs.worker import work_on

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


if __name__ == "__main__":
    sys.exit(main())
