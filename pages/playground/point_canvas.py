"""The canvas to draw on: mounts the front end in assets/playground for a live session."""

from __future__ import annotations

import base64
from typing import Any

import streamlit as st

from levelset_core.data import BOUNDS
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession
from levelset_core.live.protocol import Failed, Message, Points
from pages.playground.controls import BUTTONS, hidden_controls
from pages.playground.opening import Opened
from pages.playground.words import last_change
from pages.server.live_route import LIVE_PATH, answer, hello
from pages.shared.front_end import front_end

HEIGHT = 560
#: Pictures a second where no WebSocket gets through and they travel as the component's data.
FALLBACK_EVERY = 0.25
#: In the address: how the page looks, not what it shows.
KEPT = ("view", "hide")
#: What the front end sets, and what it begins with.
_VALUES = {
    "transport": "socket",
    "outbox": None,
    "touched": 0,
    "gone": 0,
    "overlays": None,
    "picked": None,
}

_component = front_end("levelset_point_canvas", "playground")


def point_canvas(
    shown: Opened, annotations: list[dict[str, Any]], *, picking: bool = False
) -> None:
    """Draw the canvas; edits and controls reach the session by themselves.

    Args:
        shown: what to draw and train.
        annotations: marks on top, see docs/architecture.md.
        picking: a click on a point chooses it, which runs the page.
    """
    fallback = st.session_state.get("canvas", {}).get("transport") == "data"
    if fallback:
        st.fragment(_mount, run_every=FALLBACK_EVERY)(shown, annotations, picking, fallback)
    else:
        # As deep as a fragment puts it: elsewhere, the browser would throw its canvas away.
        with st.container():
            _mount(shown, annotations, picking, fallback)


def _mount(shown: Opened, annotations: list[dict[str, Any]], picking: bool, fallback: bool) -> None:
    session = shown.session
    data: dict[str, Any] = {
        "socket": LIVE_PATH,
        **shown.credentials,
        "watching": shown.watching,
        "settings_version": session.settings_version,
        "client_height": HEIGHT,
        "bounds": list(BOUNDS),
        "overlays": list(session.state.overlays),
        "overlays_version": st.session_state.get("overlays_version", 0),
        "annotations": annotations,
        "picking": picking,
        "hide": sorted(hidden_controls(session) & {*BUTTONS, "status"}),
        "transport": "data" if fallback else "socket",
        "change": last_change(session),
        "lesson": session.lesson.id if session.lesson else "",
        "lesson_begun": st.session_state.get("lesson_begun", 0),
    }
    if fallback:
        data |= _fallback(session, shown.watching)
    _component(key="canvas", data=data, default=_VALUES)
    _follow_touch(session)
    remember_in_address(shown)


def _follow_touch(session: LiveSession) -> None:
    """Run the whole page where an edit or a button of the canvas changes more than the canvas."""
    touched = st.session_state.get("canvas", {}).get("touched")
    if touched == st.session_state.get("touch_seen"):
        return
    st.session_state.touch_seen = touched
    shown = st.session_state.get("followed", session.state)
    now = session.state
    if st.session_state.get("tab") == "iteration" or (
        (shown.config, shown.compare, shown.preset) != (now.config, now.compare, now.preset)
    ):
        st.rerun()


def remember_in_address(shown: Opened) -> None:
    """Put what is shown into the page's address, beside how the page looks."""
    looks = {name: st.query_params[name] for name in KEPT if name in st.query_params}
    wanted = shown.address | looks
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def _fallback(session: LiveSession, watching: bool) -> dict[str, Any]:
    """Do what the socket would: take the outbox, hand out replies and the newest picture."""
    memory = st.session_state.setdefault(
        "fallback", {"seen": 0, "replies": [], "number": 0, "client": None, "version": 0}
    )
    if memory["client"] is None:
        client = memory["client"] = session.listen(lambda kind, content: None, watching=watching)
        _reply(memory, hello(session, client))
        session.want_frame(at_once=True)
    session.look()
    outbox = st.session_state.get("canvas", {}).get("outbox") or {"messages": []}
    for message in outbox["messages"]:
        if message["seq"] > memory["seen"]:
            memory["seen"] = message["seq"]
            try:
                reply = answer(session, memory["client"], message, watching=watching)
            except LevelsetError as error:
                reply = Failed(str(error))
            if message["op"] == Points.op:
                memory["version"] = session.version
            if reply:
                _reply(memory, reply)
    if session.version != memory["version"]:
        memory["version"] = session.version
        _reply(memory, Points(session.version, session.state.points.to_rows()))
    session.want_frame()
    content: dict[str, Any] = {"replies": memory["replies"]}
    if session.frame:
        # Streamlit sends a dictionary as JSON, which holds no bytes.
        content["frame"] = base64.b64encode(session.frame).decode()
    return content


def _reply(memory: dict[str, Any], message: Message) -> None:
    memory["number"] += 1
    memory["replies"] = [*memory["replies"], {"seq": memory["number"], **message.plain()}][-20:]
