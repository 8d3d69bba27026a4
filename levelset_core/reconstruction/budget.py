"""What a training may take: steps, seconds, or whichever of the two ends first."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Steps in which the learning rate rises.
RISE = 50
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


class Budget:
    """Counts steps and seconds of work against their limits.

    Args:
        steps, seconds: the limits; None is no limit.

    Attributes:
        step, spent: steps taken and seconds of work so far.
        reserve: seconds to leave for what comes after the training.
    """

    def __init__(self, steps: int | None, seconds: float | None) -> None:
        self.steps, self.seconds = steps, seconds
        self.step, self.spent, self.reserve = 0, 0.0, 0.0

    @property
    def fraction(self) -> float:
        """How much of the budget is used, 0 to 1."""
        used = 0.0
        if self.steps is not None:
            used = self.step / self.steps
        if self.seconds is not None:
            used = max(used, self.spent / max(self.seconds - self.reserve, 1e-9))
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
        return {"step": self.step, "spent": self.spent, "reserve": self.reserve}

    def restore(self, state: dict[str, int | float]) -> None:
        """From a checkpoint."""
        self.step = int(state["step"])
        self.spent, self.reserve = float(state["spent"]), float(state["reserve"])
