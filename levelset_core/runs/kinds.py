"""Kinds of runs: how to build the trainer of a run, what to keep of its work, and where kinds are.

A kind is a module ``levelset_core/<application>/kinds/<name>.py`` whose ``KIND`` is a class, of
which every run has an instance of its own. It is imported when a run of it is made, worked on or
shown. Modules of your own are found through ``$LEVELSET_RUN_KINDS``, a comma-separated list of
importable names.
"""

from __future__ import annotations

import functools
import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from levelset_core.errors import LevelsetError

if TYPE_CHECKING:
    from levelset_core.runs.folder import Run


class Trainer(Protocol):
    """An iterator of snapshots, each with a growing ``step``, that can be saved and restored.

    It works until its iterator ends or the run's goal is reached, whichever comes first. Between
    any two snapshots ``restore(checkpoint())`` on a newly built trainer must go on bit for bit:
    so a checkpoint holds weights, optimizer, generators, and the place within an epoch. Taking a
    checkpoint or a preview must change nothing.
    """

    def __iter__(self) -> Iterator[Any]: ...

    def __next__(self) -> Any: ...

    def checkpoint(self) -> dict[str, Any]: ...

    def restore(self, checkpoint: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Goal:
    """How long a run lasts: steps, or seconds of work, whichever comes first; None is no limit."""

    steps: int | None = None
    seconds: float | None = None

    def reached(self, step: int, seconds: float) -> bool:
        """Whether the work is done."""
        return (self.steps is not None and step >= self.steps) or (
            self.seconds is not None and seconds >= self.seconds
        )

    def fraction(self, step: int, seconds: float) -> float | None:
        """How much of the work is done, 0 to 1; None where there is no limit."""
        parts = []
        if self.steps is not None:
            parts.append(step / max(1, self.steps))
        if self.seconds is not None:
            parts.append(seconds / max(1e-9, self.seconds))
        return min(1.0, max(parts)) if parts else None


@dataclass(frozen=True)
class Metric:
    """How a column of the metrics is shown: its label, and whether on a logarithmic scale."""

    label: str
    log: bool = False


class Kind(ABC):
    """One kind of run. Methods other than ``check`` are called in the run's own process.

    Attributes:
        name: in ``config.json``; lower-case letters, digits and underscores.
        title: what people call it.
        metrics: how to show columns of the metrics, in this order; others follow as they are.
        preview_every: seconds between two previews; 0 makes none.
        preview_from: the step of the first.
        shared: whether several processes, started by torchrun, may share the work of a run.
        preparing, finishing: what ``build`` and ``finish`` do, a sentence each, for who waits.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    metrics: ClassVar[Mapping[str, Metric]] = {}
    preview_every: ClassVar[float] = 0.0
    preview_from: ClassVar[int] = 0
    shared: ClassVar[bool] = False
    preparing: ClassVar[str] = "Preparing."
    finishing: ClassVar[str] = "Writing results."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings that a new run stores: complete, and of plain JSON values.

        Raises:
            LevelsetError: a setting is unknown or does not fit.
        """
        return settings

    @abstractmethod
    def build(self, run: Run) -> Trainer:
        """The trainer, at its start, from ``run.config`` and the files in ``run.inputs``.

        Raises:
            LevelsetError: the inputs do not fit; the run fails with this sentence.
        """

    def goal(self, run: Run, trainer: Trainer) -> Goal:
        """How long it lasts: by default what ``run.config`` says, else until the iterator ends."""
        return Goal(run.config.steps, run.config.seconds)

    @abstractmethod
    def row(self, snapshot: Any) -> dict[str, Any] | None:
        """The row of ``metrics.jsonl`` for a snapshot, or None to leave it out.

        Plain numbers, text, or None, the same at every run: no times. The step is added to it.
        """

    def preview(self, run: Run, trainer: Any) -> None:  # noqa: B027 - may do nothing
        """Write what a page shows meanwhile, through :func:`levelset_core.runs.replacing`."""

    def finish(self, run: Run, trainer: Any) -> dict[str, Any]:
        """Write the results; what it returns is the run's ``result.json``: plain values.

        A "note" among them, one sentence, is told with the run's state.
        """
        return {}


@functools.cache
def kind_modules() -> dict[str, str]:
    """Name of every kind that comes with the program -> the module whose ``KIND`` it is."""
    root = Path(__file__).resolve().parents[1]
    return {
        path.stem: f"{root.name}.{path.parents[1].name}.kinds.{path.stem}"
        for path in sorted(root.glob("*/kinds/*.py"))
        if path.stem != "__init__"
    }


def get_kind(name: str) -> Kind:
    """A new instance of the kind called ``name``: what it keeps belongs to one run.

    Raises:
        LevelsetError: there is none.
    """
    if name in kind_modules():
        return _kind_of(kind_modules()[name])
    others = [text.strip() for text in os.environ.get("LEVELSET_RUN_KINDS", "").split(",")]
    for module in filter(None, others):
        kind = _kind_of(module)
        if kind.name == name:
            return kind
    raise LevelsetError(f"This program knows no runs of kind {name!r}.")


def kind_title(name: str) -> str:
    """What people call the kind; its name where this program does not know it."""
    try:
        return get_kind(name).title
    except LevelsetError:
        return name


def _kind_of(module: str) -> Kind:
    try:
        kind: Kind = importlib.import_module(module).KIND()
    except (ImportError, AttributeError, TypeError) as error:  # before, KIND was an instance
        raise LevelsetError(f"The kind of run in {module} cannot be loaded: {error}") from error
    return kind
