"""The one way to start a run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from levelset_core.errors import LevelsetError
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import get_kind
from levelset_core.runs.queue import cores_for_runs
from levelset_core.runs.store import RunStore


class Started(NamedTuple):
    """A run, and whether it is new: False where the same worked or waited already."""

    run: Run
    new: bool


def start(
    kind: str,
    settings: dict[str, Any],
    inputs: Mapping[str, Path | bytes] | None = None,
    *,
    name: str = "",
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    processes: int = 1,
    memory: float | None = None,
    queue: bool = True,
    store: RunStore | None = None,
) -> Started:
    """Make a run and put it in the queue, so that it begins by itself.

    A run of the same kind, settings and seed that works or waits is given instead: a click that
    arrives twice starts nothing twice.

    Args:
        kind, settings, name, seed, device, processes, memory, inputs: see :meth:`RunStore.create`.
        threads: default: all that runs may take.
        queue: without, the run is only made, for the caller to work on.
        store: where it is kept, and whose it is; default: this machine's.

    Raises:
        LevelsetError: the kind, a setting or an input does not fit, or a limit is reached.
        OSError: an input is gone, or the folder cannot be written.
    """
    store = store or RunStore()
    wanted = get_kind(kind).check(settings)
    for run in filter(store.mine, store.runs()):
        with suppress(LevelsetError):
            config = run.config
            same = (config.kind, config.seed, config.settings) == (kind, seed, wanted)
            if same and run.status().active:
                return Started(run, new=False)
    run = store.create(
        kind, settings, name=name, seed=seed, device=device, threads=threads or cores_for_runs(),
        processes=processes, memory=memory, inputs=inputs,
    )  # fmt: skip
    if queue:
        store.submit(run)
    return Started(run, new=True)
