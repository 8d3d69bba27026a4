from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelset_core.data import MAX_POINTS, PointSet, read_points_csv, write_points_csv
from levelset_core.errors import LevelsetError

coordinates = st.floats(-1.5, 1.5)
rows = st.lists(st.tuples(coordinates, coordinates, st.sampled_from([-1, 1])), max_size=30)


@given(rows)
def test_rows_round_trip(rows):
    points = PointSet.from_rows([list(row) for row in rows])
    assert PointSet.from_rows(points.to_rows()) == points
    np.testing.assert_allclose(points.xy, np.reshape([row[:2] for row in rows], (-1, 2)), atol=6e-5)
    assert points.labels.tolist() == [row[2] for row in rows]


@given(rows.filter(bool))
def test_csv_round_trip(rows):
    points = PointSet.from_rows([list(row) for row in rows])
    assert read_points_csv(write_points_csv(points)) == points


def test_equality_is_of_the_points():
    points = PointSet(np.zeros((3, 2)), np.ones(3))
    assert points == PointSet(np.zeros((3, 2)), np.ones(3))
    assert points != PointSet(np.zeros((3, 2)), [1, 1, -1])
    assert points != PointSet(np.zeros((2, 2)), np.ones(2))
    assert points != "points"


@pytest.mark.parametrize(
    "text",
    [
        "0.5,-0.25,1\n-1,1,-1\n",
        "x,y,label\n0.5,-0.25,1\n-1,1,-1",
        "X, Y, Class\n 0.5 , -0.25 , +1 \n -1, 1, 0\n",
        "\ufeffx,y,label\r\n0.5,-0.25,1\r\n-1,1,-1\r\n",
        "# two points\n\n0.5,-0.25,blue\n  \n# the other class\n-1,1,Orange\n\n",
        '"0.5","-0.25","1"\n"-1","1","-1"\n',
        "5e-1,-.25,1.0\n-1.0,1.0,-1.0\n",
    ],
    ids=["plain", "header", "spaces", "bom-crlf", "comments", "quoted", "numbers"],
)
def test_what_people_write_is_read(text):
    expected = PointSet([[0.5, -0.25], [-1, 1]], [1, -1])
    assert read_points_csv(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x,y,label\n0,0,1\n0,0\n", "Line 3: expected x,y,label but found 2 values."),
        ("0,0,1,4\n", "Line 1: expected x,y,label but found 4 values."),
        ("0;0;1\n", "Line 1: expected x,y,label but found 1 value."),
        ("0,0,1\n\n# c\n0,up,1\n", "Line 4: y must be a number, not 'up'."),
        ("0,0,1\nnan,0,1\n", "Line 2: x must be a number, not 'nan'."),
        ("0,-inf,1\n", "Line 1: y must be a number, not '-inf'."),
        ("0,,1\n", "Line 1: y must be a number, not ''."),
        (
            "0,2,1\n",
            "Line 1: y = 2 lies outside the plane, which runs from -1.5 to 1.5.",
        ),
        ("0,0,2\n", "Line 1: the label must be 1 or -1, not '2'."),
        ("0,0,\n", "Line 1: the label must be 1 or -1, not ''."),
        ("", "Line 1: no points found; write x,y,label on every line."),
        ("x,y,label\n", "Line 1: no points found; write x,y,label on every line."),
        ("0,0,1\nx,y,label\n", "Line 2: x must be a number, not 'x'."),
        (
            "0,0,1\n" * (MAX_POINTS + 1),
            f"Line {MAX_POINTS + 1}: more than {MAX_POINTS} points do not fit here.",
        ),
        ("0,0,1\r\n0,0,3\r\n", "Line 2: the label must be 1 or -1, not '3'."),
    ],
)
def test_a_wrong_line_is_told_in_one_sentence(text, sentence):
    with pytest.raises(LevelsetError) as error:
        read_points_csv(text)
    assert str(error.value) == sentence


@given(st.text(max_size=200))
def test_any_text_is_points_or_one_sentence(text):
    try:
        told = write_points_csv(read_points_csv(text))
    except LevelsetError as error:
        told = str(error)
    assert told.startswith(("Line ", "x,y,label\n"))


@pytest.mark.parametrize(
    ("xy", "labels", "what"),
    [
        ([[0, 0]], [1, 1], "labels"),
        ([0, 0], [1], r"\(n, 2\)"),
        ([[0, 0, 0]], [1], r"\(n, 2\)"),
        ([[0, float("nan")]], [1], "finite"),
        ([[0, 1e300]], [1], "outside the plane"),
        ([[0, 1.6]], [1], "1.6 lies outside the plane"),
        ([[0, 0]], [0], r"\+1 or -1, got 0"),
        ([[0, 0]], [float("nan")], "got nan"),
        (np.zeros((MAX_POINTS + 1, 2)), np.ones(MAX_POINTS + 1), "too many"),
    ],
)
def test_impossible_points_are_refused(xy, labels, what):
    with pytest.raises(LevelsetError, match=what):
        PointSet(xy, labels)


@pytest.mark.parametrize("rows", [[[0, 0]], [[0, 0, "a"]], [[0, 0, 1], [0]], 5, {"a": 1}, [None]])
def test_rows_that_are_no_rows_are_refused(rows):
    with pytest.raises(LevelsetError, match="three numbers"):
        PointSet.from_rows(rows)


def test_the_largest_margin_is_half_the_class_gap():
    points = PointSet([[0, 0], [0.1, 0.0], [0.3, 0.4], [0.7, 0.1]], [1, 1, -1, -1])
    assert points.largest_margin("l2") == pytest.approx(np.hypot(0.2, 0.4) / 2)
    assert points.largest_margin("linf") == pytest.approx(0.2)
    assert PointSet([[0, 0], [0.1, 0.0]], [1, 1]).largest_margin("l2") == np.inf
    assert PointSet.empty().largest_margin("linf") == np.inf
    assert PointSet([[0, 0], [0, 0]], [1, -1]).largest_margin("linf") == 0


def test_rows_in_an_earlier_drawing():
    before = PointSet([[0, 0], [1, 0], [0, 1]], [1, -1, 1])
    later = PointSet([[0, 1], [0.5, 0.5], [0, 0], [1, 0]], [1, 1, 1, -1])
    assert later.rows_in(before).tolist() == [2, -1, 0, 1]
    moved = PointSet([[0, 0], [1, 0.1], [0, 1]], [1, -1, 1])
    assert moved.rows_in(before).tolist() == [0, 1, 2]
    relabelled = PointSet([[0, 0], [1, 0], [0, 1]], [1, -1, -1])
    assert relabelled.rows_in(before).tolist() == [0, 1, 2]
    assert before.rows_in(PointSet.empty()).tolist() == [-1, -1, -1]
    assert PointSet.empty().rows_in(before).tolist() == []
