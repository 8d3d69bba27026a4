"""A training that has collapsed says so, and what helps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from levelset_core.data import make_points
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer, trouble
from levelset_core.playground.trouble import advice

POINTS = make_points("figure_1", 24, 0.0)


@pytest.fixture
def trainer():
    return PlaygroundTrainer(PlaygroundConfig(width=8, depth=1), POINTS, device=torch.device("cpu"))


def after(trainer, step, **changed):
    return replace(trainer.measure(), step=step, **changed)


def fill(trainer, weight, bias):
    with torch.no_grad():
        for p in trainer.network.parameters():
            p.fill_(weight)
        list(trainer.network.parameters())[-1].fill_(bias)


def test_nothing_is_wrong_at_the_beginning_or_with_a_boundary(trainer):
    assert trouble(trainer.config, POINTS, trainer.measure()) == ""
    assert trouble(trainer.config, POINTS, after(trainer, 1000, accuracy=0.9)) == ""


def test_a_boundary_that_is_gone_is_told_after_some_steps(trainer):
    fill(trainer, 0.0, 1.0)
    assert trouble(trainer.config, POINTS, after(trainer, 10)) == ""
    assert "boundary is gone" in trouble(trainer.config, POINTS, after(trainer, 60))


def test_weights_that_are_no_numbers_are_told_at_once(trainer):
    fill(trainer, float("nan"), float("nan"))
    assert "NaN" in trouble(trainer.config, POINTS, trainer.measure())


def test_half_of_the_points_right_is_told_only_after_patience(trainer):
    half = {"accuracy": 0.52, "margins": np.full(len(POINTS), 0.1)}
    assert trouble(trainer.config, POINTS, after(trainer, 299, **half)) == ""
    assert "52%" in trouble(trainer.config, POINTS, after(trainer, 300, **half))


@pytest.mark.parametrize(
    ("settings", "cure"),
    [
        ({"depth": 0}, "hidden layer"),
        ({"learning_rate": 0.1}, "Lower the learning rate to 0.001"),
        ({"objective": "margin_l2", "epsilon": 0.9}, "more than these points allow"),
        ({"lam": 2.0}, "λ₁₁ is large"),
        ({}, "new seed"),
    ],
)
def test_the_advice_fits_the_settings(settings, cure):
    assert cure in advice(PlaygroundConfig(**settings), POINTS)
