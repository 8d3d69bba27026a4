"""A budget of seconds made one of steps, before the first step.

The learning rate falls over the budget, so the weights depend on how many steps it holds. A run
must end the same however often it was interrupted; so it counts steps. How many fit is measured
once, on throw-away steps, and written to the run's folder; every later start reads it there.

The seconds are the training's: preparation and extraction come on top. A busy machine makes both
so slow that a budget for everything would leave next to nothing to train in.
"""

from __future__ import annotations

import time

from levelset_core.reconstruction import ReconstructionTrainer
from levelset_core.runs.files import read_json, write_json
from levelset_core.runs.folder import Run

PLAN = "plan.json"
#: While it measures, a trainer believes in a budget of so many steps.
MANY = 1_000_000
#: Seconds of throw-away steps of each sort, and how many at least.
MEASURING, LEAST = 0.3, 3


def read_plan(run: Run) -> int | None:
    """The steps of a run whose budget of seconds was measured before.

    Raises:
        LevelsetError: the plan is damaged.
    """
    path = run.path / PLAN
    return int(read_json(path)["steps"]) if path.exists() else None


def make_plan(
    run: Run,
    trainer: ReconstructionTrainer,
    seconds: float,
    *,
    most: int | None = None,
    watching: float = 0.0,
) -> int:
    """Measure how many steps fit, write that down, and leave the trainer as it was.

    Args:
        run: where the plan goes.
        trainer: at its start, built for ``MANY`` steps.
        seconds: of training.
        most: steps at most.
        watching: share of the time that goes to previews.
    """
    start = trainer.checkpoint()
    warm = trainer.config.warm_share
    cost = warm * _step_seconds(trainer, start, 0.0) if warm else 0.0
    cost += (1 - warm) * _step_seconds(trainer, start, 0.5 * (1 + warm))
    trainer.restore(start)
    steps = max(1, round(seconds * (1 - watching) / cost))
    steps = min(steps, most or steps)
    write_json(run.path / PLAN, {"steps": steps, "seconds_per_step": cost})
    return steps


def _step_seconds(trainer: ReconstructionTrainer, start: dict[str, object], at: float) -> float:
    """Seconds that a step takes when the part ``at`` of the budget is used."""
    trainer.restore({**start, "budget": {"step": int(at * MANY), "spent": 0.0, "reserve": 0.0}})
    next(trainer)  # draws its pools
    begun, count = time.perf_counter(), 0
    while count < LEAST or time.perf_counter() - begun < MEASURING:
        next(trainer)
        count += 1
    return (time.perf_counter() - begun) / count
