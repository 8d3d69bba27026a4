"""A form that writes a lesson's file from what is on the canvas."""

from __future__ import annotations

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.live import Lesson, LiveSession
from levelset_core.live.lessons import (
    CONTROLS,
    FIGURES,
    Expression,
    Goal,
    read_lesson,
    write_lesson,
)
from pages.playground.opening import keep_lesson

_KEY = "written"


def lesson_editor(session: LiveSession) -> None:
    """Fields on the left, the file on the right; what is wrong is said at once."""
    if not len(session.state.points):
        st.info("Put points on the canvas first: the lesson starts from them.")
        return
    fields, file = st.columns(2, gap="large")
    with fields:
        lesson = _form(session)
    with file:
        if lesson is None:
            return
        text = write_lesson(lesson)
        name = f"{lesson.id}.md"
        st.download_button(
            "Download the lesson", text, name, "text/markdown", type="primary", width="stretch"
        )
        st.button("Try it here", on_click=_try, args=(text, name), width="stretch")
        st.code(text, language="markdown", wrap_lines=True)


def _form(session: LiveSession) -> Lesson | None:
    title = st.text_input("Title", key=f"{_KEY}_title", placeholder="A margin of 0.3")
    text = st.text_area("Text", key=f"{_KEY}_text", placeholder="What it is about, and why.")
    do = st.text_input(
        "What to do", key=f"{_KEY}_do", placeholder="Make every point keep a distance of 0.3."
    )
    when = st.text_input("Reached when", "margin_min >= 0.3", key=f"{_KEY}_when")
    with st.popover("What a goal may measure"):
        st.markdown("\n".join(f"- `{name}`: {figure.about}" for name, figure in FIGURES.items()))
        st.caption(
            "Compare figures with <, <=, >, >=, ==, and join them with and, or, not. With Compare "
            "on, put the loss in front: `cross_entropy.margin_min`."
        )
    shows = st.text_input(
        "Sentence that tells how far one is", key=f"{_KEY}_shows",
        placeholder="Smallest margin {margin_min:.3f}, wanted 0.3.",
    )  # fmt: skip
    hints = st.text_area("Hints, one per line", key=f"{_KEY}_hints", height=80)
    learned = st.text_area("What has been learned", key=f"{_KEY}_learned", height=80)
    controls = st.multiselect("Controls shown (none: all)", CONTROLS, key=f"{_KEY}_controls")
    following = st.text_input("Next lesson, its file's name", key=f"{_KEY}_next")
    wanted = {"Title": title, "Text": text, "What to do": do, "What has been learned": learned}
    if missing := [name for name, value in wanted.items() if not value.strip()]:
        st.caption(f"Still missing: {', '.join(missing)}.")
        return None
    try:
        draft = Lesson(
            "draft", title.strip(), text, session.state, (Goal(do, Expression(when), shows),),
            learned, tuple(line for line in hints.splitlines() if line.strip()), tuple(controls),
            following.strip() or None,
        )  # fmt: skip
        # Read back, so that what is offered is a lesson.
        return read_lesson(write_lesson(draft), f"{title}.md")
    except LevelsetError as error:
        st.error(str(error))
        return None


def _try(text: str, name: str) -> None:
    lesson = read_lesson(text, name)
    keep_lesson(lesson)
    st.session_state.lesson = lesson.id
