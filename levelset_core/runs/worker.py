"""The process of a run: ``python -m levelset_core.runs.worker ID DESCRIPTOR``.

The queue starts it; the descriptor is that of the run's lock. SIGTERM and SIGINT save and stop; a
second one stops at once.
"""

from __future__ import annotations

import logging
import os
import sys

from levelset_core.runs.locks import FileLock
from levelset_core.runs.process import EXIT_CODES, work_here
from levelset_core.runs.store import RunStore


def main() -> int:
    """Work on the run that the queue gave to this process."""
    run_id, descriptor = sys.argv[1:]
    return work_on(run_id, int(descriptor))


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
    return EXIT_CODES[status.state]


if __name__ == "__main__":
    sys.exit(main())
