"""Short lessons, each with a goal that the running session checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from levelset_core.live.state import PlaygroundState, Preset
from levelset_core.playground import Measurement, PlaygroundConfig, PlaygroundTrainer

#: By objective.
Trainers = dict[str, PlaygroundTrainer]
Measured = dict[str, Measurement]
#: -> (reached?, one sentence on where it stands)
Goal = Callable[[Trainers, Measured], tuple[bool, str]]

WANTED_MARGIN = 0.2
#: Part of the geometric SVM's smallest margin that cross-entropy has to stay below.
CONTRAST = 0.75
RINGS = (0.5, 0.88)  # between the radii of the preset "circles", inner and outer ring


@dataclass(frozen=True)
class Lesson:
    """A short lesson.

    Attributes:
        title: a few words.
        text: what to try, and why.
        hint: how to get there.
        start: the state it opens with.
        goal: whether it is reached, and a sentence that says where it stands.
    """

    title: str
    text: str
    hint: str
    start: Callable[[], PlaygroundState]
    goal: Goal = field(repr=False)


def _margin_goal(trainers: Trainers, measured: Measured) -> tuple[bool, str]:
    m = next(iter(measured.values()))
    done = WANTED_MARGIN <= m.margin_min < np.inf
    return done, f"Smallest margin {m.margin_min:.3f}, wanted {WANTED_MARGIN:.2f}."


def _ring_goal(trainers: Trainers, measured: Measured) -> tuple[bool, str]:
    trainer = next(iter(trainers.values()))
    angle = torch.linspace(0, 2 * np.pi, 181)[:-1]
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    with torch.no_grad():
        inner, outer = (
            trainer.network((radius * circle).to(trainer.device)).cpu().numpy() > 0
            for radius in RINGS
        )
    between = float(np.mean(inner != outer))
    done = between == 1.0 and len(set(inner)) == 1
    return (
        done,
        f"The boundary passes between the rings on {between:.0%} of all rays from the centre.",
    )


def _contrast_goal(trainers: Trainers, measured: Measured) -> tuple[bool, str]:
    if not {"cross_entropy", "geometric_svm"} <= set(measured):
        return False, "Turn on “Compare” to see cross-entropy beside the geometric SVM."
    xent, svm = measured["cross_entropy"], measured["geometric_svm"]
    separated = xent.accuracy == 1.0 and svm.accuracy == 1.0
    done = separated and 0 < xent.margin_min < CONTRAST * svm.margin_min < np.inf
    sentence = (
        f"Smallest margin: cross-entropy {xent.margin_min:.3f}, geometric SVM {svm.margin_min:.3f}"
    )
    return done, sentence + ("." if separated else "; both must separate all points first.")


LESSONS: dict[str, Lesson] = {
    "margin": Lesson(
        "A margin of 0.2",
        "Cross-entropy only asks for large outputs. It leaves to chance how far the boundary "
        "stays from the points. Make every point keep a distance of at least 0.2.",
        "Switch the objective to Margin L2, set ε to 0.25 or more and let it train. The same gap "
        "is narrower in L∞: 0.2 does not fit into this drawing.",
        lambda: PlaygroundState.from_preset(
            Preset("figure_1", 24, 0.0), config=PlaygroundConfig(objective="cross_entropy")
        ),
        _margin_goal,
    ),
    "rings": Lesson(
        "Between two rings",
        "No straight line separates two rings. Give the network what it needs to put a closed "
        "curve between them, all the way round.",
        "A linear model has no hidden layer: raise the depth.",
        lambda: PlaygroundState.from_preset(
            Preset("circles", 120, 0.03), config=PlaygroundConfig(depth=0)
        ),
        _ring_goal,
    ),
    "contrast": Lesson(
        "Where cross-entropy cuts it close",
        "Find points on which cross-entropy's smallest margin is less than three quarters of the "
        "geometric SVM's, while both separate all points. Not every drawing shows this: the "
        "geometric SVM widens the margin of most points, and a single point may pay for it.",
        "Try the preset Figure 1 with 12 to 24 points. Let it train for a few hundred steps.",
        lambda: PlaygroundState.from_preset(Preset("blobs", 40, 0.0), compare=True),
        _contrast_goal,
    ),
}
