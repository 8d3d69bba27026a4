"""Measurements of classifiers that are runs: masking, black-box matrices, distances, surveys."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from levelset_core.attacks import AttackConfig
from levelset_core.data.images import same_first_images
from levelset_core.errors import LevelsetError
from levelset_core.paths import CHECKPOINTS
from levelset_core.robustness.measure import model_file
from levelset_core.robustness.models import KnownModel
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import kind_title
from levelset_core.runs.starting import start
from levelset_core.runs.store import RunStore

#: Measurements of the bundled models: folders of runs, see :mod:`levelset_core.robustness.bundle`.
BUNDLED = CHECKPOINTS / "measurements"
#: Kinds of runs that are measurements.
MEASUREMENTS = ("masking", "transfer", "distances", "survey")


def start_measurement(
    store: RunStore,
    kind: str,
    models: list[KnownModel],
    *,
    data: str,
    images: int,
    attack: AttackConfig | None = None,
    seed: int = 0,
    queue: bool = True,
) -> Run:
    """Put a run of a kind of :mod:`levelset_core.robustness.measure` in the queue.

    The run itself if it works or waits already.

    Args:
        queue: without, it is only created, for the caller to work on.

    Raises:
        LevelsetError: the settings do not fit, or a model's file is gone.
    """
    settings: dict[str, Any] = {
        "models": [{"id": m.id, "title": m.title, "digest": m.digest} for m in models],
        "data": data,
        "images": images,
        "attack": dataclasses.asdict(attack or AttackConfig()),
    }
    titles = ", ".join(m.title for m in (models if kind == "transfer" else models[:1]))
    inputs = {model_file(k): m.path for k, m in enumerate(models)}
    return start(
        kind, settings, inputs, name=f"{kind_title(kind)}: {titles}", seed=seed, queue=queue,
        store=store,
    ).run  # fmt: skip


def measurements(
    store: RunStore,
    kind: str,
    models: list[KnownModel],
    *,
    data: str,
    attack: AttackConfig | None = None,
) -> list[Run]:
    """Runs that measure these models, the newest first, done or on their way; bundled ones last.

    Of most kinds only the first model counts, of "transfer" others may be among the run's;
    without ``attack`` any will do.
    """
    digests = {m.digest for m in (models if kind == "transfer" else models[:1])}
    found = []
    bundled = (run for run in _bundled_runs() if run.config.kind == kind)
    for run in (*store.of_kind(kind), *bundled):
        with suppress(LevelsetError, KeyError, TypeError, AttributeError):
            settings = run.config.settings
            if not same_first_images(settings["data"], data):
                continue
            own = [m.get("digest") for m in settings["models"]]
            same = digests <= set(own if kind == "transfer" else own[:1])
            alike = attack is None or AttackConfig(**settings["attack"]) == attack
            if same and alike:
                found.append(run)
    return found


@cache
def _bundled_runs() -> tuple[Run, ...]:
    return tuple(RunStore(BUNDLED).of_kind(*MEASUREMENTS))


def largest(runs: Iterable[Run]) -> Run | None:
    """The finished run about the most images."""
    done = [run for run in runs if run.status().state == "done"]
    return max(done, key=lambda run: int(run.config.settings["images"]), default=None)


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
