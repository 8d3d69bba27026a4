"""The process of a run. SIGTERM and SIGINT save and stop; a second one stops at once.

python -m levelset_core.runs.worker ID DESCRIPTOR     # that of the run's lock; from the queue
python -m levelset_core.runs.worker SOCKET KIND ...   # imports the kinds and waits for a run
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Sequence

import torch

from levelset_core.errors import LevelsetError
from levelset_core.runs.execution import EXIT_CODES, work_here
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


if __name__ == "__main__":
    sys.exit(main())
