"""What the page's address opens: a session to take part in, to watch, or to copy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession, PlaygroundState, get_hub
from levelset_core.live.lessons import Lesson, all_lessons, lesson_from_link, lesson_to_link
from pages.server.people import person
from pages.shared.uploads import read_upload

#: In the address -> what it does.
TAKE_PART, WATCH, COPY, STATE, LESSON = "session", "watch", "copy", "s", "lesson"
#: The same as TAKE_PART for others than its owner.
JOINT = "joint"
#: A whole lesson that no server has, packed.
LESSON_TEXT = "lesson_text"


@dataclass(frozen=True)
class Opened:
    """The session of this page.

    Attributes:
        session: the session.
        watching: whether this browser may only look on.
        invited: whether it came by a link to take part in a session that is somebody else's.
    """

    session: LiveSession
    watching: bool = False
    invited: bool = False

    @property
    def address(self) -> dict[str, str]:
        """What the page's address holds of it: the session, and the state where that fits."""
        if self.watching:
            return {WATCH: self.session.keys.watch}
        if self.invited:
            return {JOINT: self.session.keys.joint}
        # Of too many points the settings alone: the browser has the points, and sends them again to
        # a server that has lost the session.
        state = self.session.state
        bare = replace(state, points=PointSet.empty(), preset=None)
        link = state.to_link() or bare.to_link()
        address = {TAKE_PART: self.session.id} | ({STATE: link} if link else {})
        lesson = self.session.lesson
        return address | (lesson_address(lesson) if lesson else {})

    @property
    def credentials(self) -> dict[str, str]:
        """What opens the live connection."""
        keys = self.session.keys
        if self.watching:
            return {"session": keys.watch, "token": keys.watch_token}
        return {"session": keys.id, "token": keys.token}


def opened() -> Opened:
    """The session named in the address, else one from the state in the address, else a new one.

    A new one opens untrained, and its first steps are slow enough to be seen. ``?start=fast`` in
    the address trains at once at full speed, ``?start=paused`` waits for play.
    """
    if WATCH in st.query_params:
        session = get_hub().watched(st.query_params[WATCH])
        if session:
            return Opened(session, watching=True)
        _say("The session that this link shows has ended.")
    if JOINT in st.query_params:
        if session := get_hub().joined(st.query_params[JOINT]):
            return Opened(session, invited=True)
        _say("The session of this link has ended, or its owner has not opened it again yet.")
    session = get_hub().get(st.query_params.get(TAKE_PART) or st.session_state.get("session_id"))
    if session is not None and not person().viewer.owns(session.owner):
        # Its id alone, as out of somebody's address line, gives nobody control.
        return Opened(session, watching=True)
    if session is None:
        session = _new_session()
    st.session_state.session_id = session.id
    return Opened(session)


def lesson_address(lesson: Lesson) -> dict[str, str]:
    """What an address holds that begins with this lesson; nothing where it is too long for one.

    A lesson that this server has goes by its name, one that was opened from a file by its text.
    """
    if all_lessons()[0].get(lesson.id) is lesson:
        return {LESSON: lesson.id}
    kept: dict[str, tuple[Lesson, str | None]] = st.session_state.setdefault("lesson_links", {})
    if lesson.id not in kept or kept[lesson.id][0] is not lesson:
        kept[lesson.id] = lesson, lesson_to_link(lesson)
    link = kept[lesson.id][1]
    return {LESSON_TEXT: link} if link else {}


def own_copy(session: LiveSession) -> None:
    """Go on in a session of one's own, which begins as a copy of this one."""
    owner = person().owner
    take_part(get_hub().create(session.state, playing=session.playing, owner=owner))


def take_part(session: LiveSession) -> None:
    """Go on in this session."""
    st.session_state.session_id = session.id
    for name in (WATCH, JOINT, COPY, LESSON, LESSON_TEXT, STATE):
        st.query_params.pop(name, None)
    st.query_params[TAKE_PART] = session.id


def _new_session() -> LiveSession:
    """One that begins with the lesson or the state in the address, else with the default."""
    lesson = _lesson()
    start = st.query_params.get("start")
    session = get_hub().create(
        # With a state beside it, the lesson was under way when its session ended.
        lesson.start if lesson and STATE not in st.query_params else _state(),
        playing=start == "fast", slow=start != "fast", opening=start is None,
        owner=person().owner,
    )  # fmt: skip
    if lesson:
        session.check_lesson(lesson)
    return session


def _lesson() -> Lesson | None:
    """The lesson in the address."""
    if packed := st.query_params.get(LESSON_TEXT):
        try:
            own = read_upload(lesson_from_link, "The lesson", [packed.encode()])
        except LevelsetError as error:
            _say(str(error))
            return None
        keep_lesson(own)
        return own
    name = st.query_params.get(LESSON)
    found = all_lessons()[0].get(name or "")
    if name and not found:
        _say(f"This server has no lesson {name!r}.")
    return found


def keep_lesson(lesson: Lesson) -> None:
    """Put a lesson that the server does not have into the list of this tab."""
    own: dict[str, Lesson] = st.session_state.get("own_lessons", {})
    st.session_state.own_lessons = {**own, lesson.id: lesson}


def _state() -> PlaygroundState:
    """What a new session begins with."""
    if COPY in st.query_params:
        if original := get_hub().copied(st.query_params[COPY]):
            return original.state
        if STATE not in st.query_params:
            _say("The session that this link copies has ended.")
    if link := st.query_params.get(STATE):
        try:
            return PlaygroundState.from_link(link)
        except LevelsetError as error:
            _say(str(error))
    return PlaygroundState.default()


def _say(sentence: str) -> None:
    st.toast(
        f"{sentence} Here is the default instead.", icon=":material/link_off:", duration="long"
    )
