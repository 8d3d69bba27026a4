"""The folder of a new run: whole, or not there."""

from __future__ import annotations

import platform
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from levelset_core.cluster import cluster_address
from levelset_core.device import DEVICES, pick_device
from levelset_core.errors import LevelsetError
from levelset_core.runs.files import sync_folder, write_json
from levelset_core.runs.folder import Run, RunConfig, RunStatus
from levelset_core.runs.kinds import get_kind
from levelset_core.runs.owners import OWNER

#: Lower-case letters and digits that are not taken for one another.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
#: Begins the name of a folder that is not whole yet.
_NEW = ".new-"


def new_config(
    kind: str, settings: dict[str, Any], name: str, seed: int, device: str | None, threads: int,
    steps: int | None, seconds: float | None, processes: int, memory: float | None,
) -> RunConfig:  # fmt: skip
    """What is asked for, checked.

    Raises:
        LevelsetError: the kind, a setting or a number does not fit.
    """
    chosen = get_kind(kind)
    if steps is not None and steps < 1:
        raise LevelsetError(f"A run needs at least one step, got {steps}.")
    if seconds is not None and not seconds > 0:
        raise LevelsetError(f"A run needs more than 0 seconds, got {seconds}.")
    if threads < 1:
        raise LevelsetError(f"A run needs at least one thread, got {threads}.")
    if processes < 1 or (processes > 1 and not chosen.shared):
        raise LevelsetError(f"Runs of kind {kind!r} work in one process, got {processes}.")
    if processes > 1 and seconds is not None:
        raise LevelsetError("A run of several processes ends after steps, not after seconds.")
    if memory is not None and not memory > 0:
        raise LevelsetError(f"A run asks for more than 0 GB of memory, got {memory:g}.")
    created = datetime.now(UTC).isoformat(timespec="microseconds")
    return RunConfig(
        kind, name or chosen.title, chosen.check(settings), seed, _device(device),
        threads, steps, seconds, created, _software(), processes, memory,
    )  # fmt: skip


def make_folder(
    root: Path, config: RunConfig, inputs: Mapping[str, Path | bytes], owner: str | None
) -> Run:
    """Make a run's folder below ``root``, under a name that tells its kind and day.

    Raises:
        LevelsetError: a file cannot be called so.
        OSError: the folder cannot be written, or an input is gone.
    """
    token = "".join(secrets.choice(_LETTERS) for _ in range(8))
    day = datetime.fromisoformat(config.created)
    run_id = f"{config.kind}-{day:%Y%m%d}-{token}"
    root.mkdir(parents=True, exist_ok=True)
    new = Run(root / f"{_NEW}{run_id}")
    try:
        for folder in (new.path, new.inputs, new.artifacts):
            folder.mkdir()
        for file, content in inputs.items():
            _put(new.inputs, file, content)
        if owner is not None:
            (new.path / OWNER).write_text(owner, encoding="utf-8")
        write_json(new.path / "config.json", asdict(config))
        new.write_status(RunStatus("interrupted", steps=config.steps, message="Not begun yet."))
        new.path.rename(root / run_id)
    except BaseException:
        shutil.rmtree(new.path, ignore_errors=True)
        raise
    sync_folder(root)
    return Run(root / run_id)


def _device(name: str | None) -> str:
    """This machine's, or an accelerator of the cluster's that this machine need not have."""
    if cluster_address() is not None and name in DEVICES[2:]:
        return str(name)
    return str(pick_device(name))


def _put(folder: Path, name: str, content: Path | bytes) -> None:
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise LevelsetError(f"{name!r} is no name for an input file.")
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        shutil.copyfile(content, path)


def _software() -> dict[str, str]:
    import torch  # takes seconds: only where a run is made

    from levelset_core import __version__

    return {
        "levelset_core": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
