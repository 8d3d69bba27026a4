from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from levelset_core.live.frames import encode_frame, quantize_field
from tests.live.decoding import decode_frame

arrays = st.lists(
    st.one_of(
        *(
            hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
            for dtype in ("float32", "int16", "uint8")
        )
    ),
    max_size=5,
)


@given(arrays, st.text(max_size=9))
def test_arrays_come_back_aligned(values, title):
    named = [(f"a{k}", k % 2, array) for k, array in enumerate(values)]
    data = encode_frame({"title": title}, named)
    header, found = decode_frame(data)
    assert header["title"] == title
    assert list(found) == [(name, panel) for name, panel, _ in named]
    for name, panel, array in named:
        back = found[name, panel]
        assert back.dtype == array.dtype and back.shape == array.shape
        assert back.tobytes() == array.tobytes()
    length = int.from_bytes(data[:4], "little")
    start = 4 + length + -(4 + length) % 8
    assert len(data) % 8 == 0
    assert all((start + entry["offset"]) % 8 == 0 for entry in header["arrays"])


def test_a_view_of_an_array_is_written_in_order():
    array = np.arange(12, dtype=np.int16).reshape(3, 4).T[::2]
    _, found = decode_frame(encode_frame({}, [("a", 0, array)]))
    np.testing.assert_array_equal(found["a", 0], array)


def test_what_json_cannot_say_becomes_null():
    header, _ = decode_frame(
        encode_frame(
            {"a": math.nan, "b": [math.inf, 1.5], "c": {"d": np.float32("-inf"), "e": None}}, []
        )
    )
    assert header == {"a": None, "b": [None, 1.5], "c": {"d": None, "e": None}, "arrays": []}


@pytest.mark.parametrize("values", [[0.0, 0.0], [-3.0, 1.0], [1e-30, -2e-30], [3e38, -1.0]])
def test_a_field_keeps_its_signs_and_its_values_to_one_step(values):
    field = np.array([values], dtype=np.float32)
    steps, scale = quantize_field(field)
    assert steps.dtype == np.int16 and scale > 0
    np.testing.assert_allclose(steps * scale, field, atol=np.abs(field).max() / 32767)


def test_a_field_that_diverged_is_still_a_picture():
    steps, scale = quantize_field(np.array([[np.nan, np.inf, -np.inf, 1.0]], dtype=np.float32))
    assert steps.tolist() == [[0, 32767, -32767, 0]] and math.isfinite(scale)


def test_the_frame_that_the_javascript_tests_read_is_written_as_it_was():
    """After a change of the format: python tests/js/playground/wire/make_frame.py."""
    maker = runpy.run_path(str(Path(__file__).parents[1] / "js/playground/wire/make_frame.py"))
    assert json.loads(maker["FILE"].read_text()) == maker["fixture"]()
