from __future__ import annotations

import pytest

from levelset_core.reconstruction.budget import LEAST_SHARE, RISE, Budget, few_steps


def test_whichever_ends_first():
    budget = Budget(100, 10.0)
    budget.step, budget.spent = 30, 2.0
    assert budget.fraction == pytest.approx(0.3)
    budget.spent = 9.0
    assert budget.fraction == pytest.approx(0.9)
    budget.reserve = 2.0
    assert budget.fraction == 1.0


def test_preparing_is_no_part_of_the_schedule():
    budget = Budget(None, 10.0)
    budget.spent = budget.prepared = 6.0
    assert budget.fraction == 0.0
    budget.spent = 8.0
    assert budget.fraction == pytest.approx(0.5)
    budget.reserve = 3.5  # a training gets its part of the seconds anyhow
    budget.spent = 7.0
    assert budget.fraction == pytest.approx(1.0 / (LEAST_SHARE * 10.0))


def test_rates_rise_and_fall():
    budget = Budget(1000, None)
    assert budget.rate(0.1) == pytest.approx(1 / RISE)
    budget.step = 500
    assert budget.rate(0.1) == pytest.approx(0.55)
    budget.step = 1000
    assert budget.rate(0.1) == pytest.approx(0.1)


def test_time_counts_and_comes_back():
    budget = Budget(None, 1.0)
    with budget.timed():
        pass
    assert 0 < budget.spent < 1
    other = Budget(None, 1.0)
    other.restore(budget.state())
    assert other.state() == budget.state()


def test_too_few_steps_are_one_sentence():
    told = few_steps(49, 60.0, dimensions=2)
    assert told.startswith("Only 49 steps fitted into 60 s, where a good shape takes some 300:")
    assert few_steps(1, 60.0, dimensions=2).startswith("Only 1 step fitted")
    assert few_steps(300, 60.0, dimensions=2) == "" != few_steps(300, 60.0, dimensions=1)
    assert few_steps(40, 60.0, dimensions=2, most=40) == ""  # as many as were asked for
