from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelset_core.errors import LevelsetError
from levelset_core.networks import ACTIVATIONS
from levelset_core.playground import OBJECTIVES, RANGES, REBUILDS, PlaygroundConfig
from levelset_core.playground.config import DISTANCES

WHOLE = {f.name for f in fields(PlaygroundConfig) if type(f.default) is int}

configs = st.builds(
    PlaygroundConfig,
    objective=st.sampled_from(list(OBJECTIVES)),
    distance=st.sampled_from(list(DISTANCES)),
    activation=st.sampled_from(ACTIVATIONS),
    **{
        name: st.integers(int(low), int(high)) if name in WHOLE else st.floats(low, high)
        for name, (low, high) in RANGES.items()
    },
)


@given(configs)
def test_dict_round_trip(config):
    assert PlaygroundConfig.from_dict(config.to_dict()) == config


def test_what_is_missing_takes_its_default():
    assert PlaygroundConfig.from_dict({"depth": 1}) == PlaygroundConfig(depth=1)


def test_numbers_take_the_kind_of_their_setting():
    config = PlaygroundConfig(depth=2.0, epsilon=1)
    assert type(config.depth) is int and type(config.epsilon) is float


@pytest.mark.parametrize("name", RANGES)
def test_ranges_hold_at_both_ends(name):
    low, high = RANGES[name]
    assert getattr(PlaygroundConfig(**{name: low}), name) == low
    assert getattr(PlaygroundConfig(**{name: high}), name) == high
    for value in (low - 1, high + 1, float("nan"), float("inf")):
        with pytest.raises(LevelsetError, match=f"{name} must be .*, got {value}"):
            PlaygroundConfig(**{name: value})
    for value in ("1", None, True, [1]):
        with pytest.raises(LevelsetError, match=f"{name} must be a number"):
            PlaygroundConfig(**{name: value})


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_whole_numbers_stay_whole(name):
    with pytest.raises(LevelsetError, match=f"{name} must be a whole number, got 1.5"):
        PlaygroundConfig(**{name: 1.5})


@pytest.mark.parametrize("name", ["objective", "distance", "activation"])
@pytest.mark.parametrize("value", ["svm", "", None, ["l2"], 3])
def test_unknown_names_are_refused(name, value):
    with pytest.raises(LevelsetError, match=f"Unknown {name}"):
        PlaygroundConfig(**{name: value})


def test_unknown_settings_are_refused():
    with pytest.raises(LevelsetError, match="Unknown setting 'deep'"):
        PlaygroundConfig.from_dict({"deep": 3})


def test_every_setting_is_known_to_someone():
    names = {f.name for f in fields(PlaygroundConfig)}
    assert {*RANGES, "objective", "distance", "points", "activation"} == names
    assert set(REBUILDS) <= names
    assert {name for o in OBJECTIVES.values() for name in o.uses} <= names


@pytest.mark.parametrize(
    ("objective", "distance", "metric", "norm"),
    [
        ("geometric_svm", "rho", "rho", "linf"),
        ("geometric_svm", "l2", "l2", "l2"),
        ("margin_l2", "linf", "l2", "l2"),
        ("margin_rho", "l2", "rho", "linf"),
        ("cross_entropy", "l2", "l2", "l2"),
    ],
)
def test_the_distance_in_force(objective, distance, metric, norm):
    config = replace(PlaygroundConfig(), objective=objective, distance=distance)
    assert (config.metric, config.norm) == (metric, norm)
