"""The process of a run: it is born with the run's lock."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from dataclasses import replace

from levelset_core.errors import LevelsetError
from levelset_core.paths import child_environment
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.locks import FileLock
from levelset_core.runs.spare import take_spare

logger = logging.getLogger(__name__)

WORKER, FOLLOWER = "levelset_core.runs.worker", "levelset_core.runs.elsewhere.follower"
#: Where their output goes: the first's belongs to the run.
_LOGS = {WORKER: "log.txt", FOLLOWER: "cluster-log.txt"}


def start_process(run: Run, status: RunStatus, module: str) -> bool:
    """Start the run's process; it inherits the lock, so that at no moment nobody holds it.

    Args:
        run: its folder.
        status: as it is while the process starts.
        module: what the process runs.
    """
    try:
        lock = FileLock.acquire(run.lock_file)
    except (LevelsetError, OSError):
        return False  # somebody works on it from elsewhere, or its folder is gone
    with lock:
        run.write_status(status)
        try:
            process = _spawn(run, lock, module)
        except OSError as error:
            message = f"No process could be started: {error.strerror}."
            run.write_status(replace(status, state="failed", message=message))
            logger.exception("starting %s", run.id)
            return False
    # Collects its exit code, or it would stay in the process table while we live.
    threading.Thread(target=process.wait, daemon=True).start()
    return True


def _spawn(run: Run, lock: FileLock, module: str) -> subprocess.Popen[bytes]:
    spare = take_spare(run.config.threads) if module == WORKER else None
    if spare is not None:
        if spare.give(run, lock):
            return spare.process
        spare.dismiss()
    environment = child_environment(run.config.threads)
    environment["LEVELSET_RUNS"] = str(run.path.parent)
    with (run.path / _LOGS[module]).open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, run.id, str(lock.descriptor)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            pass_fds=[lock.descriptor],
            start_new_session=True,  # Ctrl-C in the server's terminal and its end do not reach it
        )  # fmt: skip
