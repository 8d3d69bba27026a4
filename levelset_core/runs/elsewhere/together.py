"""A run that several processes share, started by torchrun: the first keeps the run, others follow.

    torchrun --nproc-per-node N -m levelset_core.runs.elsewhere.together FOLDER     # from execute()

All of them hold the run's lock, by their standard input: as long as one is left, nobody else goes
on with the run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch

from levelset_core.parallel import torch_threads
from levelset_core.paths import child_environment
from levelset_core.processes import process_group, rank_and_size
from levelset_core.runs.checkpoints import load_checkpoint
from levelset_core.runs.execution import EXIT_CODES, HEARTBEAT, Execution
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.kinds import get_kind
from levelset_core.runs.locks import FileLock

#: Process whose end is theirs.
_PARENT = "LEVELSET_RUN_PARENT"


def execute(
    run: Run,
    lock: FileLock,
    *,
    stop: Callable[[], bool] = lambda: False,
    tell: Callable[[RunStatus], None] = lambda status: None,
) -> RunStatus:
    """Work on a run in as many processes as it has: here, or in children; its last status.

    Args:
        run: it.
        lock: the run's, which the caller holds.
        stop, tell: see :class:`Execution`.

    Raises:
        KeyboardInterrupt: see :meth:`Execution.work`.
    """
    if run.config.processes == 1 or "WORLD_SIZE" in os.environ:  # torchrun has started us
        return Execution(run, stop=stop, tell=tell).work()
    _stop_file(run).unlink(missing_ok=True)
    environment = child_environment(run.config.threads) | {_PARENT: str(os.getpid())}
    words = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(run.config.processes)]
    command = [sys.executable, "-m", *words, "-m", __name__, str(run.path)]
    with (run.path / "log.txt").open("ab") as log:
        children = subprocess.Popen(
            command, stdin=lock.descriptor, stdout=log, stderr=log, env=environment,
            start_new_session=True,
        )  # fmt: skip
    try:
        while children.poll() is None:
            if stop():
                _stop_file(run).touch()
            time.sleep(HEARTBEAT)
            tell(run.stored_status())
    finally:
        if children.poll() is None:
            os.killpg(children.pid, signal.SIGKILL)
            children.wait()
        _stop_file(run).unlink(missing_ok=True)
    status = run.stored_status()
    if status.active:
        message = f"One of its {run.config.processes} processes ended early: log.txt says more."
        status = replace(status, state="failed", message=message, pid=None, host=None)
        run.write_status(status)
    tell(status)
    return status


def follow(run: Run) -> None:
    """A further process: the same steps as the first, which keeps the run."""
    kind = get_kind(run.config.kind)
    trainer = kind.build(run)
    if run.checkpoint_file.exists():
        trainer.restore(load_checkpoint(run.checkpoint_file)["trainer"])
    goal = kind.goal(run, trainer)
    for snapshot in trainer:
        if goal.reached(snapshot.step, 0.0):
            return


def main() -> int:
    """One of the processes; the exit code."""
    run = Run(Path(sys.argv[1]))
    threading.Thread(target=_end_with, args=(int(os.environ[_PARENT]),), daemon=True).start()
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with process_group(torch.device(run.config.device)), torch_threads(run.config.threads):
        if rank_and_size()[0] > 0:
            follow(run)
            return 0
        state = Execution(run, stop=_stop_file(run).exists).work().state
        if state != "done":  # the others wait for our next step: torchrun ends them
            sys.stderr.flush()
            os._exit(EXIT_CODES[state])
    return 0


def _stop_file(run: Run) -> Path:
    return run.path / "stop"


def _end_with(parent: int) -> None:
    """End at once when the process that asked for us is gone."""
    with suppress(ProcessLookupError):
        while True:
            os.kill(parent, 0)
            time.sleep(0.5)
    os._exit(EXIT_CODES["interrupted"])


if __name__ == "__main__":
    sys.exit(main())
