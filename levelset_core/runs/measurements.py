"""Measurements of classifiers that are runs: masking, black-box matrices, distances."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Any

from levelset_core.attacks import AttackConfig
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import kind_title
from levelset_core.runs.kinds.measure import model_file
from levelset_core.runs.models import KnownModel
from levelset_core.runs.queue import cores_for_runs
from levelset_core.runs.store import RunStore


def start_measurement(
    store: RunStore,
    kind: str,
    models: list[KnownModel],
    *,
    data: str,
    images: int,
    attack: AttackConfig | None = None,
    seed: int = 0,
) -> Run:
    """Put a run of a kind of :mod:`levelset_core.runs.kinds.measure` in the queue.

    The run itself if it works or waits already.

    Raises:
        LevelsetError: the settings do not fit, or a model's file is gone.
    """
    settings: dict[str, Any] = {
        "models": [{"id": m.id, "title": m.title, "digest": m.digest} for m in models],
        "data": data,
        "images": images,
        "attack": dataclasses.asdict(attack or AttackConfig()),
    }
    if (already := store.working(kind, settings, seed)) is not None:
        return already
    titles = ", ".join(m.title for m in (models if kind == "transfer" else models[:1]))
    run = store.create(
        kind, settings, name=f"{kind_title(kind)}: {titles}", seed=seed,
        device=str(pick_device()), threads=cores_for_runs(),
        inputs={model_file(k): m.path for k, m in enumerate(models)},
    )  # fmt: skip
    store.submit(run)
    return run


def measurements(
    store: RunStore,
    kind: str,
    models: list[KnownModel],
    *,
    data: str,
    attack: AttackConfig | None = None,
) -> list[Run]:
    """Runs that measure exactly these models, the newest first, done or on their way.

    Of masking and distances only the first model counts; without ``attack`` any will do.
    """
    wanted = [m.digest for m in models]
    found = []
    for run in store.runs():
        with suppress(LevelsetError, KeyError, TypeError, AttributeError):
            settings = run.config.settings
            if run.config.kind != kind or settings["data"] != data or run.problem():
                continue
            own = [m.get("digest") for m in settings["models"]]
            same = own == wanted if kind == "transfer" else own[:1] == wanted[:1]
            if same and (attack is None or settings["attack"] == dataclasses.asdict(attack)):
                found.append(run)
    return found


def newest(runs: list[Run]) -> tuple[dict[str, Any] | None, Run | None]:
    """The newest result among runs, and the newest that is not over or failed, if any."""
    result, pending = None, None
    for run in runs:
        status = run.status()
        if status.state == "done":
            result = result or run.result()
        elif pending is None and result is None:
            pending = run
    return result, pending
