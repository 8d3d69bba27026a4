"""Damaged files of every kind that is no point cloud: an answer or one sentence, no traceback."""

from __future__ import annotations

import functools
import logging
import warnings

import pytest

from levelset_core.errors import LevelsetError
from tests.fuzz.readers import samples
from tests.fuzzing import mutations

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
            try:
                sample.read(broken)
            except LevelsetError as error:
                told = str(error)
            else:
                told = ""
        assert "\n" not in told, broken
    logging.disable(logging.NOTSET)
