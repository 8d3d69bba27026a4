import math

import numpy as np
import pytest
from scipy import stats

from levelset_core.few_samples.results import paired, summarize


def test_mean_deviation_and_interval_are_those_of_scipy():
    x = np.random.default_rng(0).normal(3, 2, size=17)
    found = summarize(list(x))
    low, high = stats.t.interval(0.95, 16, loc=x.mean(), scale=stats.sem(x))
    assert (found.n, found.mean, found.sd) == (
        17,
        pytest.approx(x.mean()),
        pytest.approx(x.std(ddof=1)),
    )
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_what_both_share_cancels_in_pairs():
    shared = np.random.default_rng(1).normal(0, 10, size=30)
    found = paired(list(shared + 0.5), list(shared))
    assert found.mean == pytest.approx(0.5) and found.sd < 1e-12


def test_one_number_has_no_interval():
    found = summarize([0.7])
    assert math.isinf(found.high) and found.as_dict()["high"] is None
    assert found.as_dict()["mean"] == 0.7
