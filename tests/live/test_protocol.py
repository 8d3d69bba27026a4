"""The schema of the messages: what it refuses, and that everything written from it is fresh."""

from __future__ import annotations

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.live.protocol import ARRAYS, Next, Points, Probe, View, read
from levelset_core.live.protocol.__main__ import documents
from levelset_core.live.session import WorkerSession
from levelset_core.live.state import OVERLAYS
from tests.live.decoding import decode_frame


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_what_is_written_from_the_schema_is_fresh(path):
    """Else: python -m levelset_core.live.protocol."""
    assert path.read_text(encoding="utf-8") == documents()[path]


def test_messages_are_read_and_travel_as_they_came():
    for message in (
        View(64, ["margins"]), Next(3), Points(2, [[0.5, 0.5, 1]]), Probe(0, 0.1, 0.2, 7)
    ):  # fmt: skip
        assert read({**message.plain(), "seq": 9}) == message
    assert read({"op": "next"}) == Next(0)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({}, "Unknown operation None"),
        ({"op": ["view"]}, "Unknown operation"),
        ({"op": "hello"}, "Unknown operation 'hello'"),
        ({"op": "view", "field": 300, "overlays": []}, "'field' of the message must be 16 to 256"),
        ({"op": "view", "field": 64, "overlays": "field"}, "a list 'overlays'"),
        ({"op": "points", "points": []}, "a number 'version', got None"),
        ({"op": "points", "version": 2}, "a list 'points'"),
        ({"op": "control"}, "a text 'action'"),
        ({"op": "probe", "panel": 0, "x": True, "y": 0}, "a number 'x', got True"),
        ({"op": "probe", "panel": 0, "x": float("nan"), "y": 0}, "'x' of the message must be"),
    ],
)
def test_a_message_that_does_not_fit_is_one_sentence(values, what):
    with pytest.raises(LevelsetError, match=what):
        read(values)


def test_the_arrays_of_pictures_are_those_of_the_schema(small_state):
    session = WorkerSession(small_state(), 1, True)
    session.set_view({"field": 16, "overlays": list(OVERLAYS)})
    _, arrays = decode_frame(session.frame())
    assert {name for name, _ in arrays} == set(ARRAYS)
    for (name, _), values in arrays.items():
        layout = ARRAYS[name]
        dimensions = len([part for part in layout.shape.strip("()").split(",") if part.strip()])
        assert (values.dtype.name, values.ndim) == (layout.dtype, dimensions)
