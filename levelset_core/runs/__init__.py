"""Runs: everything that takes long. A run is a folder, worked on by a process of its own.

    store = RunStore()                                       # $LEVELSET_RUNS, or the user's data
    run = store.create("reconstruct", settings, steps=5000)  # its folder
    store.submit(run)                                        # into the queue, and off it goes
    run.status().state, run.metrics(), run.result()          # from any process, at any time

A tab, a server or a machine that goes away takes nothing along: a run whose process is gone is
*interrupted*; ``submit`` takes it up at its last checkpoint, to the same result bit for bit.
"""

import importlib
from typing import TYPE_CHECKING, Any

from levelset_core.paths import runs_folder
from levelset_core.runs.archive import zip_chunks
from levelset_core.runs.files import replacing
from levelset_core.runs.folder import RESUMABLE, STATES, Run, RunConfig, RunStatus
from levelset_core.runs.kinds import Goal, Kind, Metric, Trainer, get_kind, kind_modules, kind_title
from levelset_core.runs.owners import Viewer
from levelset_core.runs.queue import cores_for_runs, has_room
from levelset_core.runs.quotas import check_upload, usage, why_waiting
from levelset_core.runs.spare import drop_spare, keep_spare
from levelset_core.runs.starting import Started, start
from levelset_core.runs.store import RunStore
from levelset_core.runs.words import byte_size, duration, progress_text, summary, tell_apart

__all__ = [
    "EXIT_CODES",
    "RESUMABLE",
    "STATES",
    "Goal",
    "Kind",
    "Metric",
    "Run",
    "RunConfig",
    "RunStatus",
    "RunStore",
    "Started",
    "Trainer",
    "Viewer",
    "byte_size",
    "check_upload",
    "cores_for_runs",
    "drop_spare",
    "duration",
    "get_kind",
    "has_room",
    "keep_spare",
    "kind_modules",
    "kind_title",
    "load_checkpoint",
    "progress_text",
    "replacing",
    "runs_folder",
    "save_checkpoint",
    "start",
    "summary",
    "tell_apart",
    "usage",
    "why_waiting",
    "work_here",
    "zip_chunks",
]

if TYPE_CHECKING:
    from levelset_core.runs.checkpoints import load_checkpoint, save_checkpoint
    from levelset_core.runs.execution import EXIT_CODES
    from levelset_core.runs.worker import work_here

#: Name -> its module, which imports torch: that takes seconds, and who only lists runs needs none.
_LATER = {
    "EXIT_CODES": "execution", "work_here": "worker",
    "load_checkpoint": "checkpoints", "save_checkpoint": "checkpoints",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load what is asked for (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found
