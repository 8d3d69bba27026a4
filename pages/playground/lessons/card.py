"""The lesson that a session is at, in the sidebar: its text, its goals, and what was learned."""

from __future__ import annotations

from typing import Any

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.live import Lesson, LiveSession, PlaygroundState
from levelset_core.live.lessons import fill
from pages.playground.lessons.view import begin, shelf
from pages.playground.pins import pictures
from pages.playground.progress import note_done

EVERY = 0.6


def lesson_card(session: LiveSession) -> None:
    """Nothing where no lesson is on."""
    lesson = session.lesson
    if lesson is None:
        return
    with st.sidebar, st.container(key="lesson_card"):
        st.markdown(f"## {lesson.title}")
        st.markdown(lesson.text)
        _goals(session, lesson)
        if lesson.hints:
            with st.expander("A hint"):
                for hint in lesson.hints:
                    st.markdown(f"- {hint}" if len(lesson.hints) > 1 else hint)
        with st.container(horizontal=True):
            st.button("Again", on_click=begin, args=(session, lesson), help="From its start")
            st.button("Leave the lesson", on_click=_leave, args=(session,))
        if lesson.controls:
            st.toggle("Show all settings", key="all_controls")


def _leave(session: LiveSession) -> None:
    """Stay with the points, in the picture that the playground opens with."""
    session.check_lesson(None)
    session.change(overlays=PlaygroundState.overlays)
    st.session_state.overlays_version = st.session_state.get("overlays_version", 0) + 1


@st.fragment(run_every=EVERY)
def _goals(session: LiveSession, lesson: Lesson) -> None:
    """Where each goal stands; once reached it stays so until the lesson starts again."""
    news = session.news.get("lesson") or {}
    if news.get("id") != lesson.id:
        news = {}  # of the lesson before
    reached = news.get("reached", 0)
    for number, goal in enumerate(lesson.goals):
        if number < reached:
            st.markdown(f":green[:material/check_circle:] {goal.do}")
        elif number == reached:
            st.markdown(f":material/flag: **{goal.do}**")
            st.caption(_standing(session, goal.shows, news.get("figures", {})))
        else:
            st.markdown(f":gray[:material/radio_button_unchecked: {goal.do}]")
    if reached == len(lesson.goals):
        _success(session, lesson)


def _standing(session: LiveSession, shows: str, figures: dict[str, Any]) -> str:
    if not len(session.state.points):
        return "There are no points: draw some, then press play."
    if not figures:
        return "The goal is checked while it trains."
    return fill(shows, figures) if shows else "Not yet."


def _success(session: LiveSession, lesson: Lesson) -> None:
    if note_done(lesson.id):
        st.rerun()  # the list, and what the browser keeps
    st.success(f"**Goal reached.** {lesson.learned}", icon=":material/check_circle:")
    if st.button("See before and after", width="stretch"):
        before_and_after(session, lesson)
    lessons, _ = shelf()
    if lesson.next in lessons:
        following = lessons[lesson.next]
        st.button(
            f"Next: {following.title}", type="primary", width="stretch",
            on_click=begin, args=(session, following),
        )  # fmt: skip


@st.dialog("Before and after", width="large")
def before_and_after(session: LiveSession, lesson: Lesson) -> None:
    """The two pictures side by side."""
    try:
        before, after = session.call("before_and_after")
    except LevelsetError as error:
        st.error(str(error))
        return
    shown = [("Before your first change", before), ("With the goal reached", after)]
    pictures(shown, key="before_and_after")  # those of "A and B" may be on the page too
    st.markdown(lesson.learned)
