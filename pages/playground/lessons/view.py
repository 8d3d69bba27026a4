"""The lessons: a list with what is done, and the one that is chosen."""

from __future__ import annotations

import streamlit as st

from levelset_core.live import Lesson, LiveSession, get_hub
from levelset_core.live.lessons import FOLDER, all_lessons, lesson_from_file
from pages.playground.lessons.editor import lesson_editor
from pages.playground.links import embedding
from pages.playground.opening import keep_lesson, take_part
from pages.playground.progress import done_lessons
from pages.server.people import person
from pages.shared.attempt import attempt, tell
from pages.shared.uploads import prepare_uploads, read_upload


def shelf() -> tuple[dict[str, Lesson], list[str]]:
    """All lessons by id, those opened in this tab among them, and what is wrong with files."""
    found, wrong = all_lessons()
    own: dict[str, Lesson] = st.session_state.get("own_lessons", {})
    return found | own, wrong


def lesson_view(session: LiveSession) -> None:
    """Choose a lesson, start it; open or write one of your own."""
    lessons, wrong = shelf()
    done = done_lessons()
    ids = list(lessons)
    at = session.lesson.id if session.lesson and session.lesson.id in lessons else None
    fresh = next((name for name in ids if name not in done), ids[0])
    choice, about = st.columns([2, 3], gap="large")
    with choice:
        name = st.radio(
            "Lesson", ids, ids.index(at or fresh), key="lesson",
            format_func=lambda name: f"{ids.index(name) + 1}. {lessons[name].title}",
        )  # fmt: skip
        _mark([ids.index(name) for name in ids if name in done])
        st.caption(f"{len(done & set(ids))} of {len(ids)} done. This browser remembers it.")
    with about:
        _about(session, lessons[name or fresh])
    with st.expander("Lessons of your own"):
        _own(wrong)
    with st.expander("Write a lesson from what is on the canvas"):
        lesson_editor(session)


def _mark(done: list[int]) -> None:
    """A tick behind lessons that are done: by style, since a list whose words change forgets what
    is chosen in it.
    """
    rows = [f".st-key-lesson [role=radiogroup] > :nth-child({k + 1}) p::after" for k in done]
    if rows:
        st.html(f"<style>{', '.join(rows)} {{ content: ' ✓'; font-weight: 700; }}</style>")


def _about(session: LiveSession, lesson: Lesson) -> None:
    st.markdown(f"**{lesson.title}**")
    again = session.lesson is not None and session.lesson.id == lesson.id
    if again:
        st.caption("You are in this lesson: its text and its goals are on the left.")
    else:
        st.markdown(lesson.text)
        for goal in lesson.goals:
            st.markdown(f"- {goal.do}")
    if st.session_state.get("lesson_asked") == lesson.id:
        _ask(session, lesson)
        return
    st.button(
        "Start it again" if again else "Start this lesson", type="primary",
        on_click=_start_or_ask, args=(session,),
    )  # fmt: skip
    embedding(lesson)


def _ask(session: LiveSession, lesson: Lesson) -> None:
    """Before a drawing goes."""
    st.warning("The lesson brings its own points, which would replace your drawing.")
    with st.container(horizontal=True):
        st.button("Replace my drawing", on_click=begin, args=(session, lesson))
        st.button("Keep it, start beside it", on_click=_begin_beside, args=(lesson,))
        st.button("Cancel", on_click=st.session_state.pop, args=("lesson_asked", None))


def _start_or_ask(session: LiveSession) -> None:
    """Start the chosen lesson; where that would replace a drawing, ask first."""
    # As it is chosen now: who is quick presses the button before the page has run again.
    lesson = shelf()[0][st.session_state.lesson]
    if is_drawing(session):
        st.session_state.lesson_asked = lesson.id
    else:
        begin(session, lesson)


def is_drawing(session: LiveSession) -> bool:
    """Whether the points are somebody's own: not a data set's, nor a lesson's."""
    state = session.state
    return session.lesson is None and len(state.points) > 0 and state.drawn


def begin(session: LiveSession, lesson: Lesson) -> None:
    """Start a lesson in this session."""
    st.session_state.pop("lesson_asked", None)
    st.session_state.all_controls = False
    session.begin(lesson)
    st.session_state.lesson_begun = st.session_state.get("lesson_begun", 0) + 1
    st.session_state.overlays_version = st.session_state.get("overlays_version", 0) + 1


def _begin_beside(lesson: Lesson) -> None:
    """Start a lesson in a session of its own; Back in the browser leads to the drawing."""
    session = get_hub().create(lesson.start, playing=False, owner=person().owner)
    take_part(session)
    begin(session, lesson)


def _own(wrong: list[str]) -> None:
    prepare_uploads()
    st.file_uploader(
        "Open a lesson (Markdown)", "md", key="lesson_file",
        on_change=attempt, args=("lesson_wrong", _take_lesson),
    )  # fmt: skip
    tell("lesson_wrong")
    st.caption(
        "It joins the list in this tab, and *Link and embed* gives it a link. To have it in "
        f"everybody's list, put the file into a folder and name that in `{FOLDER}` before the app "
        "starts."
    )
    for sentence in wrong:
        st.warning(sentence)


def _take_lesson() -> None:
    if (file := st.session_state.lesson_file) is None:
        return
    lesson = read_upload(lesson_from_file, file.name, [file], after=[file.name])
    keep_lesson(lesson)
    st.session_state.lesson = lesson.id
