from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
import torch

from levelset_core.data import PointSet
from levelset_core.live import LESSONS, PlaygroundState
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer


def check(name, *trainers):
    named = {trainer.config.objective: trainer for trainer in trainers}
    measured = {objective: t.measure(64) for objective, t in named.items()}
    return LESSONS[name].goal(named, measured)


def affine(points, w, b=0.0, objective="geometric_svm"):
    """F = w^T x + b on the given points."""
    trainer = PlaygroundTrainer(PlaygroundConfig(depth=0, objective=objective), points)
    with torch.no_grad():
        trainer.network.layers[0].weight.copy_(torch.tensor([w]))
        trainer.network.layers[0].bias.fill_(b)
    return trainer


def trained(state, steps, **settings):
    config = replace(state.config, **settings)
    trainer = PlaygroundTrainer(config, state.points)
    for _ in islice(trainer, steps):
        pass
    return trainer


@pytest.mark.parametrize("name", LESSONS)
def test_no_lesson_is_reached_where_it_starts(name):
    state = LESSONS[name].start()
    assert isinstance(state, PlaygroundState) and len(state.points)
    done, sentence = check(
        name, *(PlaygroundTrainer(config, state.points) for config in state.panels())
    )
    assert not done and sentence.endswith(".")


@pytest.mark.parametrize(("x", "reached"), [(0.3, True), (0.1, False)])
def test_margin_of_a_fifth(x, reached):
    trainer = affine(PointSet([[x, 0], [-0.5, 0]], [1, -1]), [1.0, 0.0])
    done, sentence = check("margin", trainer)
    assert done is reached
    assert sentence == f"Smallest margin {x:.3f}, wanted 0.20."


def test_margin_needs_a_boundary():
    done, _ = check("margin", affine(PointSet([[0.3, 0]], [1]), [0.0, 0.0], 1.0))
    assert not done


def test_rings_are_parted_by_a_closed_curve_alone():
    state = LESSONS["rings"].start()
    done, sentence = check("rings", affine(state.points, [1.0, 0.0]))
    assert not done and "0% of all rays" in sentence
    done, sentence = check("rings", trained(state, 60, depth=2, width=16, learning_rate=1e-2))
    assert done and "100% of all rays" in sentence


def test_contrast_wants_the_comparison():
    points = PointSet([[0.5, 0], [-0.5, 0]], [1, -1])
    done, sentence = check("contrast", affine(points, [1.0, 0.0]))
    assert not done and "Compare" in sentence


@pytest.mark.parametrize(
    ("shift", "reached"), [(0.3, True), (0.05, False), (0.6, False)], ids=["close", "far", "wrong"]
)
def test_contrast_wants_a_small_margin_of_cross_entropy(shift, reached):
    points = PointSet([[0.5, 0], [-0.5, 0]], [1, -1])
    xent = affine(points, [1.0, 0.0], shift, "cross_entropy")  # margin 0.5 - shift
    done, sentence = check("contrast", xent, affine(points, [1.0, 0.0]))
    assert done is reached
    assert "geometric SVM 0.500" in sentence


def test_the_hint_of_the_margin_lesson_leads_there():
    state = LESSONS["margin"].start()
    done, sentence = check("margin", trained(state, 120, objective="margin_l2", epsilon=0.25))
    assert done, sentence
