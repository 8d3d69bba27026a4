"""The goals of the lesson that a session is at, and how far they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from levelset_core.live.lessons.figures import measured
from levelset_core.live.lessons.files import Goal, Lesson
from levelset_core.playground import Measurement, PlaygroundTrainer


@dataclass
class Task:
    """Goals that a session works on, one after the other; what is reached stays so.

    Attributes:
        id: of the lesson.
        goals: of the lesson.
        reached: how many of them are.
        figures: of the goal at hand, as measured last.
    """

    id: str
    goals: tuple[Goal, ...]
    reached: int = 0
    figures: dict[str, float | str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, lesson: Lesson) -> Task:
        """A lesson's goals, none reached."""
        return cls(lesson.id, lesson.goals)

    def check(self, panels: Mapping[str, tuple[PlaygroundTrainer, Measurement]]) -> dict[str, Any]:
        """Look where it stands: what the page is told."""
        while self.reached < len(self.goals):
            goal = self.goals[self.reached]
            self.figures = measured(goal.names, dict(panels))
            if not goal.when.holds(self.figures):
                break
            self.reached += 1
        return {
            "id": self.id,
            "reached": self.reached,
            "done": self.reached == len(self.goals),
            "figures": self.figures,
        }
