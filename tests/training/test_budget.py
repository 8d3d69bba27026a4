from __future__ import annotations

import pytest

from levelset_core.training.budget import RISE, Budget


def test_whichever_ends_first():
    budget = Budget(100, 10.0)
    budget.step, budget.spent = 30, 2.0
    assert budget.fraction == pytest.approx(0.3)
    budget.spent = 9.0
    assert budget.fraction == pytest.approx(0.9)
    budget.reserve = 2.0
    assert budget.fraction == 1.0


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
