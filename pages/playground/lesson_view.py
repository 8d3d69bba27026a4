"""Short lessons with a goal that the session checks while it trains."""

from __future__ import annotations

import streamlit as st

from levelset_core.live import LESSONS, LiveSession


def lesson_view(session: LiveSession) -> None:
    """Choose a lesson, start it, see whether its goal is reached."""
    name = st.radio(
        "Lesson", list(LESSONS), format_func=lambda key: LESSONS[key].title, horizontal=True,
        key="lesson",
    )  # fmt: skip
    lesson = LESSONS[name]
    text, action = st.columns([4, 1], vertical_alignment="center")
    text.markdown(lesson.text)
    action.button("Start this lesson", on_click=_start, args=(session, name), width="stretch")
    _progress(session, name)
    with st.expander("A hint"):
        st.write(lesson.hint)


def _start(session: LiveSession, name: str) -> None:
    st.session_state.pop("lesson_reached", None)
    session.check_lesson(None)  # what is known of the goal is of other points
    session.update(LESSONS[name].start())
    session.control("reset")
    session.check_lesson(name)
    session.control("play")


@st.fragment(run_every=0.7)
def _progress(session: LiveSession, name: str) -> None:
    """Where the goal stands; once reached it stays so until the lesson starts again."""
    if session.lesson != name:
        st.info("Not started. The lesson brings its own points, then checks its goal.")
        return
    news = session.news.get("lesson")
    if news is None or news[0] != name:
        st.info(
            "Put points on the canvas and press play. The lesson checks its goal while it trains."
        )
        return
    _, done, sentence = news
    if done:
        st.session_state.lesson_reached = (name, sentence)
    reached = st.session_state.get("lesson_reached")
    if reached and reached[0] == name:
        st.success(f"Goal reached. {reached[1]}", icon=":material/check_circle:")
        if not done:
            st.caption(f"Now: {sentence}")
    else:
        st.info(f"Not yet. {sentence}", icon=":material/hourglass_top:")
