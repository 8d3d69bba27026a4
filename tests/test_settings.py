from __future__ import annotations

import argparse
from dataclasses import dataclass

import pytest

from levelset_core.errors import LevelsetError, optional
from levelset_core.settings import Settings, choose, setting


@dataclass(frozen=True)
class Example(Settings):
    steps: int = setting(3, low=1, high=10, help="of 100 %")
    rate: float = setting(0.5, above=0.0, help="of it")
    method: str = setting("new", choices=("new", "other"), aliases={"old": "new"}, help="which")
    loud: bool = setting(False, help="says more")
    sizes: tuple[float, ...] = setting((1.0,), low=0.0)
    limit: int | None = setting(None, kind=int, low=1)
    plain: str = "anything"


def test_values_are_checked_and_take_their_type():
    made = Example(steps=2.0, rate=1, method="old", sizes=[1, 2], limit=4)
    assert made.to_dict() == {
        "steps": 2, "rate": 1.0, "method": "new", "loud": False, "sizes": [1.0, 2.0], "limit": 4,
        "plain": "anything",
    }  # fmt: skip
    assert type(made.steps) is int and type(made.rate) is float
    assert Example.from_dict(made.to_dict()) == made
    assert Example.ranges() == {"steps": (1, 10)}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"steps": 11}, "steps must be 1 to 10, got 11."),
        ({"steps": 1.5}, "steps must be a whole number, got 1.5."),
        ({"steps": True}, "steps must be a number, got True."),
        ({"steps": float("inf")}, "steps must be 1 to 10, got inf."),
        ({"rate": 0}, "rate must be positive, got 0."),
        ({"rate": float("nan")}, "rate must be positive, got nan."),
        ({"method": "best"}, "Unknown method 'best': choose one of new, other."),
        ({"method": ["new"]}, "Unknown method ['new']: choose one of new, other."),
        ({"loud": 1}, "loud must be true or false, got 1."),
        ({"sizes": []}, "sizes must not be empty."),
        ({"sizes": "12"}, "sizes must be a list, got '12'."),
        ({"sizes": [1, -1]}, "sizes must be at least 0, got -1."),
        ({"limit": 0}, "limit must be at least 1, got 0."),
        ({"speed": 1}, "Unknown setting 'speed'."),
    ],
)
def test_bad_values_are_one_sentence(values, sentence):
    with pytest.raises(LevelsetError) as error:
        Example.from_dict(values)
    assert str(error.value) == sentence


def test_options_come_from_the_fields():
    parser = argparse.ArgumentParser()
    Example.add_options(parser, "steps", "method", "loud")
    text = " ".join(parser.format_help().split())
    assert "of 100 % (default: 3)" in text and "which: new, other (default: new)" in text
    options = parser.parse_args(["--steps", "5", "--no-loud"])
    assert Example.given(options) == {"steps": 5, "loud": False}


def test_choose_and_optional():
    assert choose("loss", "a", {"a": 1}) == "a"
    with pytest.raises(LevelsetError, match=r"no_such is not installed: .*\[viewer\]"):
        optional("no_such", "viewer")
