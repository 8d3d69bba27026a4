"""Damaged files of every kind that is no point cloud: an answer or one sentence, no traceback."""

from __future__ import annotations

import functools
import logging
import warnings

import pytest

from tests.fuzz.readers import samples
from tests.fuzzing import mutations, refusal

found = functools.cache(samples)


@pytest.mark.parametrize("count", [40, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(samples()))
def test_damaged_files(name, count):
    logging.disable(logging.WARNING)
    sample = found()[name]
    sample.read(sample.content)  # it is right as it is
    for broken in mutations(sample.content, count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries, about what they find odd
            told = refusal(lambda b=broken: sample.read(b))
        assert "\n" not in told, broken
    logging.disable(logging.NOTSET)
