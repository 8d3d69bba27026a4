"""What a training may take, steps or seconds, and what a step of it reports.

The learning rate falls over the budget, so the weights depend on how many steps it holds. A run
must end the same however often it was interrupted; so it counts steps. How many fit is measured
once, on throw-away steps, and written to the run's folder; every later start reads it there.

The seconds are the training's: preparation and extraction come on top. A busy machine makes both
so slow that a budget for everything would leave next to nothing to train in.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from levelset_core.errors import LevelsetError
from levelset_core.runs.files import read_json, write_json
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Trainer

#: Steps in which the learning rate rises.
RISE = 50
#: A training gets this part of the seconds at least, however long all else takes.
LEAST_SHARE = 0.25
#: With fewer steps a shape may be rough: by its dimensions, a surface's and a curve's. In the
#: seconds of a preset, a quiet machine takes at least twice as many.
USUAL_STEPS = {2: 300, 1: 500}


def few_steps(steps: int, seconds: float, *, dimensions: int, most: int | None = None) -> str:
    """One sentence where far fewer steps than usual fitted into a person's seconds, else "".

    Args:
        steps, seconds: the steps that fitted, and into what.
        dimensions: of the shape, 2 of a surface and 1 of a curve.
        most: steps that the person wanted at most.
    """
    usual = USUAL_STEPS[dimensions]
    if steps >= min(usual, most or usual):
        return ""
    return (
        f"Only {steps:,} step{'s' if steps > 1 else ''} fitted into {seconds:g} s, where a good "
        f"shape takes some {usual:,}: give it more seconds, or wait until the machine is less busy."
    )


def check_loss(value: float, steps: int) -> None:
    """Refuse to go on from a loss that says nothing.

    Raises:
        LevelsetError: it is not finite.
    """
    if not math.isfinite(value):
        raise LevelsetError(f"The loss is {value} after {steps} steps: take a lower learning rate.")


class Budget:
    """Counts steps and seconds of work against their limits.

    Args:
        steps, seconds: the limits; None is no limit.

    Attributes:
        step, spent: steps taken and seconds of work so far.
        prepared: seconds of these before the first step.
        reserve: seconds to leave for what comes after the training.
    """

    def __init__(self, steps: int | None, seconds: float | None) -> None:
        self.steps, self.seconds = steps, seconds
        self.step, self.spent, self.prepared, self.reserve = 0, 0.0, 0.0, 0.0

    @property
    def fraction(self) -> float:
        """How much of the training is done, 0 to 1.

        Of the seconds, those count that preparing and what comes after leave: else a short training
        would begin late in its schedule.
        """
        used = 0.0
        if self.steps is not None:
            used = self.step / self.steps
        if self.seconds is not None:
            left = self.seconds - self.prepared - self.reserve
            used = max(used, (self.spent - self.prepared) / max(left, LEAST_SHARE * self.seconds))
        return min(1.0, used)

    def rate(self, final: float) -> float:
        """Factor of the learning rates: up over ``RISE`` steps, down to ``final`` as a cosine."""
        falling = 0.5 * (1 + math.cos(math.pi * self.fraction))
        return (final + (1 - final) * falling) * min(1.0, (self.step + 1) / RISE)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Work that counts."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.spent += time.perf_counter() - begun

    def state(self) -> dict[str, int | float]:
        """For a checkpoint."""
        return {
            "step": self.step, "spent": self.spent, "prepared": self.prepared,
            "reserve": self.reserve,
        }  # fmt: skip

    def restore(self, state: dict[str, int | float]) -> None:
        """From a checkpoint."""
        self.step = int(state["step"])
        self.spent, self.reserve = float(state["spent"]), float(state["reserve"])
        self.prepared = float(state.get("prepared", 0.0))  # earlier checkpoints have none


PLAN = "plan.json"
#: While it measures, a trainer believes in a budget of so many steps.
MANY = 1_000_000
#: Seconds of throw-away steps of each sort, and how many at least.
MEASURING, LEAST = 0.3, 3


class Budgeted:
    """What trainers say of their ``budget``."""

    budget: Budget

    def __iter__(self) -> Self:
        return self

    @property
    def step(self) -> int:
        """Steps taken."""
        return self.budget.step

    @property
    def seconds(self) -> float:
        """Seconds of work so far, preparation included."""
        return self.budget.spent

    @property
    def fraction(self) -> float:
        """How much of the budget is used, 0 to 1."""
        return self.budget.fraction


@dataclass(frozen=True)
class ReconstructionSnapshot:
    """One optimizer step. Lengths are in units of the box, see ``ReconstructionTrainer.scale``.

    Attributes:
        step: its number, counted from 1.
        loss: what it descended.
        data: mean |F(x_j)| over points of the cloud; None in the warm start.
        projected, near: mean |d(p, X) - |t|| of the two kinds of samples; None if there are none.
        residual: median |F(p) - t| of the projected samples, None if there are none.
        converged: share of them within ``newton_tol``.
        fraction: of the budget that is used, 0 to 1.
        seconds: of work so far.
        warm: whether it belongs to the warm start.
    """

    step: int
    loss: float
    data: float | None
    projected: float | None
    near: float | None
    residual: float | None
    converged: float | None
    fraction: float
    seconds: float
    warm: bool


def read_plan(run: Run) -> int | None:
    """The steps of a run whose budget of seconds was measured before.

    Raises:
        LevelsetError: the plan is damaged.
    """
    path = run.path / PLAN
    return int(read_json(path)["steps"]) if path.exists() else None


def make_plan(
    run: Run,
    trainer: Trainer,
    seconds: float,
    *,
    warm: float,
    most: int | None = None,
    watching: float = 0.0,
) -> int:
    """Measure how many steps fit, write that down, and leave the trainer as it was.

    Args:
        run: where the plan goes.
        trainer: at its start, built for ``MANY`` steps.
        seconds: of training.
        warm: share of them that is the warm start.
        most: steps at most.
        watching: share of the time that goes to previews.
    """
    start = trainer.checkpoint()
    cost = warm * _step_seconds(trainer, start, 0.0) if warm else 0.0
    cost += (1 - warm) * _step_seconds(trainer, start, 0.5 * (1 + warm))
    trainer.restore(start)
    steps = max(1, round(seconds * (1 - watching) / cost))
    steps = min(steps, most or steps)
    write_json(run.path / PLAN, {"steps": steps, "seconds_per_step": cost})
    return steps


def _step_seconds(trainer: Trainer, start: dict[str, Any], at: float) -> float:
    """Seconds that a step takes when the part ``at`` of the budget is used."""
    trainer.restore({**start, "budget": {"step": int(at * MANY), "spent": 0.0, "reserve": 0.0}})
    next(trainer)  # draws its pools
    begun, count = time.perf_counter(), 0
    while count < LEAST or time.perf_counter() - begun < MEASURING:
        next(trainer)
        count += 1
    return (time.perf_counter() - begun) / count
