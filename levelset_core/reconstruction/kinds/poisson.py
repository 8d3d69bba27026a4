"""Screened Poisson reconstruction as a run: one step, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from levelset_core.geometry import Mesh
from levelset_core.geometry.poisson import poisson_surface
from levelset_core.reconstruction.assess import check_baseline, finish_mesh
from levelset_core.reconstruction.shapes import read_cloud
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind


class PoissonTrainer:
    """The library's one call as an iterator of one snapshot."""

    def __init__(self, run: Run) -> None:
        self.points = read_cloud(run).points
        self.mesh: Mesh | None = None
        self.step = 0

    def __iter__(self) -> Iterator[PoissonTrainer]:
        return self

    def __next__(self) -> PoissonTrainer:
        if self.step:
            raise StopIteration
        self.mesh = poisson_surface(self.points)
        self.step = 1
        return self

    def checkpoint(self) -> dict[str, Any]:
        """Nothing: it would take longer to read than to do again."""
        return {}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Begin anew."""


class Poisson(Kind):
    """No settings. The normals are estimated, as the cloud has none."""

    name = "poisson"
    title = "Screened Poisson"

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return check_baseline(settings, ())

    def build(self, run: Run) -> PoissonTrainer:
        return PoissonTrainer(run)

    def goal(self, run: Run, trainer: Any) -> Goal:
        return Goal(1)

    def row(self, snapshot: Any) -> dict[str, Any] | None:
        return None

    def finish(self, run: Run, trainer: PoissonTrainer) -> dict[str, Any]:
        if trainer.mesh is None:  # its process ended between the step and this
            trainer.mesh = poisson_surface(trainer.points)
        return finish_mesh(trainer.mesh, run, steps=1)


KIND = Poisson
