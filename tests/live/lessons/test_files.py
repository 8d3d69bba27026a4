"""Lessons as files: what is broken is said with its line and the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levelset_core.errors import LevelsetError
from levelset_core.live.lessons import (
    FOLDER,
    all_lessons,
    bundled_lessons,
    lesson_from_link,
    lesson_to_link,
    read_lesson,
    write_lesson,
)

GOOD = """---
title: Far enough
start:
  preset: [figure_1, 24, 0.0]
  config: {objective: cross_entropy}
goals:
  - do: Make it wide.
    when: margin_min >= 0.2
    shows: "It is {margin_min:.2f}."
learned: It got wide.
hints:
  - Wait.
controls: [objective, epsilon]
next: a-closed-line
---

Make it *wide*.
"""


def test_a_lesson_is_read_and_written_back():
    lesson = read_lesson(GOOD, "03 Far_enough.md")
    assert (lesson.id, lesson.title, lesson.text) == ("far-enough", "Far enough", "Make it *wide*.")
    assert lesson.start.config.objective == "cross_entropy" and len(lesson.start.points) == 24
    assert lesson.start.config.lam == 0.002  # what is not said is today's default
    assert lesson.controls == ("objective", "epsilon") and lesson.next == "a-closed-line"
    assert read_lesson(write_lesson(lesson), "far-enough.md") == lesson
    windows = "\ufeff" + GOOD.replace("\n", "\r\n")
    assert read_lesson(windows, "far-enough.md") == lesson


def test_a_lesson_travels_in_a_link_unless_it_is_too_long():
    lesson = read_lesson(GOOD, "far-enough.md")
    assert lesson_from_link(lesson_to_link(lesson).encode()) == lesson
    rows = [[0.001 * k, -0.00137 * k, (-1) ** k] for k in range(900)]
    preset, points = "preset: [figure_1, 24, 0.0]", f"points: {rows}"
    assert lesson_to_link(read_lesson(GOOD.replace(preset, points), "long.md")) is None
    with pytest.raises(LevelsetError, match=r"^This link is damaged: its lesson cannot be read"):
        lesson_from_link(b"bm90aGluZw")


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("---\ntitle", "title", 1, "begins with a line ---"),
        ("title: Far enough", "title: [a", 3, ""),
        ("title: Far enough", "titel: Far enough", 2, "unknown 'titel'"),
        ("title: Far enough", "title: 3", 2, "must be a text"),
        ("learned: It got wide.\n", "", 2, "'learned' is missing"),
        ("[figure_1, 24, 0.0]", "[moon, 24, 0.0]", 3, "moon"),
        ("objective: cross_entropy", "objective: crossentropy", 3, "crossentropy"),
        ("objective: cross_entropy", "epsilon: 7", 3, "epsilon"),
        ("  preset: [figure_1, 24, 0.0]\n", "", 3, "no points"),
        ("margin_min >= 0.2", "margin >= 0.2", 8, "no figure 'margin'"),
        ("margin_min >= 0.2", "margin_min", 8, "compares nothing"),
        ("when: margin_min >= 0.2", "if: margin_min >= 0.2", 7, "'do' and 'when'"),
        ("{margin_min:.2f}", "{margn:.2f}", 9, "no figure 'margn'"),
        ("[objective, epsilon]", "[objective, epsilom]", 13, "no control 'epsilom'"),
        ("  - Wait.", "  - {a: b}", 11, "list of texts"),
        ("title: Far enough", "title: &a Far\nnext: *a", 3, "references"),
        ("title: Far enough", r'title: "\ud800"', 1, "the settings cannot be read"),
    ],
)
def test_what_is_broken_is_said_with_its_line(old, new, line, reason):
    assert old in GOOD
    with pytest.raises(LevelsetError) as told:
        read_lesson(GOOD.replace(old, new, 1), "mine.md")
    assert str(told.value).startswith(f"mine.md, line {line}: ")
    assert reason in str(told.value) and str(told.value).count("\n") == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "---", "---\n---\n", "---\n- a\n---\nx", "no", "---\n" + "[" * 5000 + "\n---\n",
        "a" * 300_000,
    ],
    ids=["empty", "open", "nothing", "list", "plain", "nested", "long"],
)  # fmt: skip
def test_what_is_no_lesson_is_refused_in_one_sentence(text):
    with pytest.raises(LevelsetError, match=r"mine\.md"):
        read_lesson(text, "mine.md")


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(max_size=12))
def test_damage_is_told_or_harmless(place, length, put):
    damaged = GOOD[:place] + put + GOOD[place + length :]
    sentence = "mine.md"
    try:
        read_lesson(damaged, "mine.md")
    except LevelsetError as error:
        sentence = str(error)
    assert sentence.startswith("mine.md")


def test_a_folder_adds_lessons_and_tells_of_broken_files(tmp_path, monkeypatch):
    (tmp_path / "01-own.md").write_text(GOOD, "utf-8")
    (tmp_path / "02-a-closed-line.md").write_text(GOOD.replace("Far", "Very far"), "utf-8")
    (tmp_path / "03-broken.md").write_text(GOOD.replace("title", "titel"), "utf-8")
    (tmp_path / "04-binary.md").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "notes.txt").write_text("not looked at")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    found, wrong = all_lessons()
    assert found["own"].title == "Far enough" and found["a-closed-line"].title == "Very far enough"
    assert found.keys() == {*bundled_lessons(), "own"}
    assert [sentence.split(",")[0].split(" is ")[0] for sentence in wrong] == [
        "03-broken.md", "04-binary.md",
    ]  # fmt: skip
    (tmp_path / "03-broken.md").write_text(GOOD, "utf-8")  # mended while the server runs
    (tmp_path / "04-binary.md").unlink()
    found, wrong = all_lessons()
    assert found["broken"].title == "Far enough" and not wrong
    monkeypatch.setenv(FOLDER, str(tmp_path / "gone"))
    assert "no folder" in all_lessons()[1][0]
