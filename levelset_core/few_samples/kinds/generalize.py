"""Sweeps of the generalization experiment (Fig. 2): many small trainings side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from levelset_core.cluster import spread, spreads
from levelset_core.few_samples.config import (
    GeneralizationConfig,
    Unit,
    chosen_candidates,
    groups,
    repeat_units,
    tuning_units,
)
from levelset_core.few_samples.gallery import NAME as GALLERY
from levelset_core.few_samples.gallery import make_gallery
from levelset_core.few_samples.results import describe, result_table
from levelset_core.few_samples.training import load, run_group
from levelset_core.runs.files import read_json, replacing, write_json
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind

UNITS, TABLE = "units", "table.json"
#: A group and what was found of each of its units.
Done = tuple[list[Unit], list[dict[str, float]]]


@dataclass(frozen=True)
class UnitDone:
    """One unit is done; ``step`` counts them."""

    step: int
    unit: Unit
    accuracy: float


def trainings(config: GeneralizationConfig) -> int:
    """How many units a sweep has, those that choose hyper-parameters among them."""
    reported = len(config.fractions) * config.repeats * len(config.losses)
    return len(tuning_units(config)) + reported


class Sweep:
    """Does every group of units whose files are not there yet, in as many processes as the run has
    threads (joblib's loky), or on the cluster.

    The files are the state: a unit is there whole or not at all, and a group does not depend on
    when or beside which others it was done.

    Args:
        config: all settings.
        folder: of the units' files.
        jobs: processes.
    """

    def __init__(self, config: GeneralizationConfig, folder: Path, jobs: int) -> None:
        self.config, self.folder, self.jobs = config, folder, jobs
        folder.mkdir(parents=True, exist_ok=True)
        self.accuracies: dict[Unit, float] = {}
        self.details: dict[Unit, dict[str, float]] = {}
        self.chosen: dict[tuple[str, float], int] = {}
        self._work = self._all()

    @property
    def total(self) -> int:
        """Number of units."""
        return trainings(self.config)

    def __iter__(self) -> Iterator[UnitDone]:
        return self

    def __next__(self) -> UnitDone:
        return next(self._work)

    def _all(self) -> Iterator[UnitDone]:
        yield from self._each(tuning_units(self.config))
        self.chosen = chosen_candidates(self.config, self.accuracies)
        yield from self._each(repeat_units(self.config, self.chosen))

    def _each(self, units: list[Unit]) -> Iterator[UnitDone]:
        missing = []
        # The longest first, so that none of them begins when the others are done.
        for group in sorted(groups(units), key=self.config.work_of, reverse=True):
            if all(_path(self.folder, unit).exists() for unit in group):
                for unit in group:
                    self._keep(unit, read_json(_path(self.folder, unit)))
            else:
                missing.append(group)
        for group, found in self._done(missing):
            for unit, one in zip(group, found, strict=True):  # a worker may not see our folder
                write_json(_path(self.folder, unit), one)
            for unit, one in zip(group, found, strict=True):
                self._keep(unit, one)
                yield UnitDone(len(self.accuracies), unit, self.accuracies[unit])

    def _done(self, missing: list[list[Unit]]) -> Iterator[Done]:
        """The groups as they are done, on the cluster or in processes of this machine."""
        if spreads():
            do = partial(_do, self.config)
            yield from (done for _, done in spread(do, missing))
            return
        from joblib import Parallel, delayed

        tasks = (delayed(_do)(self.config, group) for group in missing)
        work = Parallel(n_jobs=self.jobs, return_as="generator_unordered", pre_dispatch=self.jobs)
        yield from work(tasks)

    def _keep(self, unit: Unit, found: dict[str, float]) -> None:
        self.details[unit], self.accuracies[unit] = found, float(found["accuracy"])

    def seconds(self) -> float:
        """CPU time of all units so far."""
        return sum(float(found["seconds"]) for found in self.details.values())

    def checkpoint(self) -> dict[str, Any]:
        """Nothing: see the class."""
        return {}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Nothing: see the class."""


def _path(folder: Path, unit: Unit) -> Path:
    return folder / f"{unit.name}.json"


def _do(config: GeneralizationConfig, group: list[Unit]) -> Done:
    return group, run_group(config, group)


class Generalize(Kind):
    """Settings: those of a :class:`GeneralizationConfig`. The table is in ``result.json``."""

    name = "generalize"
    title = "Generalization"
    preview_every = 5.0

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return GeneralizationConfig.from_dict(settings).to_dict()

    def build(self, run: Run) -> Sweep:
        config = GeneralizationConfig.from_dict(run.config.settings)
        return Sweep(config, run.artifacts / UNITS, run.config.threads)

    def goal(self, run: Run, trainer: Any) -> Goal:
        return Goal(trainer.total)

    def row(self, snapshot: UnitDone) -> None:
        """None: units end in any order."""

    def preview(self, run: Run, trainer: Sweep) -> None:
        """The means of the repeats that are complete so far."""
        if trainer.chosen:
            _write_table(run, trainer, _complete(trainer))

    def finish(self, run: Run, trainer: Sweep) -> dict[str, Any]:
        """The table."""
        for _ in trainer:
            pass  # also where every unit was there already: the choice is made anew
        table = result_table(trainer.config, trainer.chosen, trainer.accuracies, trainer.details)
        _write_table(run, trainer, trainer.config.repeats)
        data = load(trainer.config.data, trainer.config.data_dir, trainer.config.merge)
        with replacing(run.artifacts / GALLERY) as partial, partial.open("wb") as file:
            make_gallery(trainer.config, trainer.chosen, data).save(file)
        return {"units": trainer.total, "rows": table}


def _complete(trainer: Sweep) -> int:
    """Repeats, from the first on, of which every fraction and loss is there."""
    c = trainer.config
    for count, repeat in enumerate(c.parts):
        own = (Unit(*key, repeat, candidate) for key, candidate in trainer.chosen.items())
        if not all(unit in trainer.accuracies for unit in own):
            return count
    return c.repeats


def _write_table(run: Run, trainer: Sweep, repeats: int) -> None:
    if not repeats:
        return
    config = GeneralizationConfig.from_dict({**trainer.config.to_dict(), "repeats": repeats})
    data = load(config.data, config.data_dir, config.merge)
    rows = result_table(config, trainer.chosen, trainer.accuracies, trainer.details)
    table = describe(
        config, rows, labels=data.labels, source=data.source, total=data.total,
        seconds=trainer.seconds(),
    )  # fmt: skip
    with replacing(run.artifacts / TABLE) as partial:
        partial.write_text(json.dumps(table, indent=1), encoding="utf-8")


KIND = Generalize
