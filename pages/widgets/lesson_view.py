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
    session.check_lesson(name)
    text, action = st.columns([4, 1], vertical_alignment="center")
    text.markdown(lesson.text)
    action.button("Start this lesson", on_click=_start, args=(session, name), width="stretch")
    _progress(session)
    with st.expander("A hint"):
        st.write(lesson.hint)


def _start(session: LiveSession, name: str) -> None:
    session.update(LESSONS[name].start())
    session.control("reset")
    session.control("play")


@st.fragment(run_every=0.7)
def _progress(session: LiveSession) -> None:
    reached = session.news.get("lesson")
    if reached is None:
        st.info("Put points on the canvas and press play: the goal is checked while it trains.")
        return
    done, sentence = reached
    if done:
        st.success(f"Goal reached. {sentence}", icon=":material/check_circle:")
    else:
        st.info(f"Not yet. {sentence}", icon=":material/hourglass_top:")
