"""Each bundled lesson: its goals are out of reach at the start, and its hints lead to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch

from levelset_core.data import PointSet
from levelset_core.live import PlaygroundState
from levelset_core.live.lessons import Task, bundled_lessons, read_lesson, write_lesson
from levelset_core.live.state import Preset
from levelset_core.playground import PlaygroundTrainer

LESSONS = bundled_lessons()


@dataclass(frozen=True)
class Move:
    """What a student does, and for how many steps he then looks on at most."""

    steps: int
    config: dict[str, Any] = field(default_factory=dict)
    preset: Preset | None = None
    drawn: tuple[tuple[float, float, int], ...] = ()


#: What the hints say, goal by goal.
SOLUTIONS: dict[str, list[Move]] = {
    "what-a-level-set-is": [
        Move(400), Move(1200, drawn=((-0.55, 0.75, -1), (-0.5, 0.72, -1), (-0.52, 0.8, -1))),
    ],
    "a-closed-line": [Move(60), Move(400, {"depth": 2})],
    "sure-is-not-safe": [Move(800), Move(800, {"objective": "margin_l2"})],
    "newton-finds-a-point": [Move(400), Move(800, {"points": "nearest"})],
    "the-largest-ball": [Move(600), Move(1500, {"epsilon": 0.25})],
    "levels-like-a-support-vector-machine": [
        Move(800), Move(800, {"depth": 2, "learning_rate": 0.001}, Preset("two_moons")),
    ],
    "when-cross-entropy-is-as-good": [Move(800), Move(800, {}, Preset("figure_1", 24, 0.0))],
    "what-the-sample-network-predicts": [Move(100), Move(100, {"learning_rate": 0.03})],
    "break-it": [
        Move(200, {"learning_rate": 0.3}),
        Move(1000, {"learning_rate": 0.003, "activation": "softplus"}),
    ],
}  # fmt: skip


class Student:
    """Works on a lesson, without a browser."""

    def __init__(self, start: PlaygroundState, task: Task) -> None:
        self.task, self.state = task, start
        self.trainers = [self._trainer(config) for config in start.panels()]

    def _trainer(self, config):
        return PlaygroundTrainer(
            config, self.state.points, held_out=self.state.held_out(),
            device=torch.device("cpu"), measure_in=self.state.shared_norm,
        )  # fmt: skip

    def check(self) -> int:
        both = {t.config.objective: (t, t.measure(96)) for t in self.trainers}
        return self.task.check(both)["reached"]

    def make(self, move: Move) -> None:
        if move.preset:
            self.state = replace(self.state, preset=move.preset, points=move.preset.points())
        if move.drawn:
            rows = [*self.state.points.to_rows(), *map(list, move.drawn)]
            self.state = replace(self.state, points=PointSet.from_rows(rows))
        for trainer in self.trainers:
            trainer.configure(replace(trainer.config, **move.config))
            trainer.set_points(self.state.points, self.state.held_out())

    def look_on(self, steps: int, every: int = 20) -> int:
        """Train until the next goal is reached; the steps that it took."""
        before = self.check()
        for step in range(1, steps + 1):
            for trainer in self.trainers:
                next(trainer)
            if step % every == 0 and self.check() > before:
                return step
        return steps


def test_there_are_at_least_eight_and_each_leads_to_the_next():
    assert len(LESSONS) >= 8
    order = list(LESSONS)
    assert [lesson.next for lesson in LESSONS.values()] == [*order[1:], None]
    assert SOLUTIONS.keys() == LESSONS.keys()


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_all_that_a_student_needs(name):
    lesson = LESSONS[name]
    assert lesson.hints and lesson.learned and all(goal.shows for goal in lesson.goals)
    assert Student(lesson.start, task := Task.of(lesson)).check() == 0
    assert task.figures.keys() == set(lesson.goals[0].names)
    assert read_lesson(write_lesson(lesson), f"{name}.md") == lesson


@pytest.mark.slow
def test_the_last_goal_of_a_comparison_is_not_reached_by_looking_on():
    lesson = LESSONS["when-cross-entropy-is-as-good"]
    student = Student(lesson.start, Task.of(lesson))
    student.look_on(300)
    student.look_on(100)
    assert student.check() == 1  # on its own way the first margins are any


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_its_hints_lead_to_its_goals(name):
    lesson = LESSONS[name]
    student = Student(lesson.start, Task.of(lesson))
    for number, move in enumerate(SOLUTIONS[name], 1):
        student.make(move)
        if student.check() < number:
            student.look_on(move.steps)
        assert student.check() >= number, (lesson.goals[number - 1].when, student.task.figures)
    assert student.task.reached == len(lesson.goals)
