"""The links to a session: a copy for each, watch only, joint control; each with its QR code."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from levelset_core.live import Lesson, LiveSession
from pages.playground.opening import COPY, JOINT, STATE, TAKE_PART, WATCH, lesson_address
from pages.shared.kept import kept_choice

#: What a proxy calls this server, where there are several: a session is in one of them.
SERVER = "LEVELSET_SERVER"
#: Above so many characters a code is too fine to be read from a projector.
READABLE = 250


@dataclass(frozen=True)
class Kind:
    """One kind of link.

    Attributes:
        title: a few words.
        about: what whoever opens it may do.
    """

    title: str
    about: str


KINDS = {
    "copy": Kind(
        ":material/content_copy: A copy for each student",
        "Whoever opens it gets a playground of their own that begins like yours. Nothing that they "
        "do changes yours.",
    ),
    "watch": Kind(
        ":material/visibility: Watch only",
        "Whoever opens it sees your picture live and cannot change anything. One click gives them "
        "a copy of their own.",
    ),
    "joint": Kind(
        ":material/group: Joint control",
        "Whoever opens it may change everything here, as you may. The address of this page is the "
        "same link.",
    ),
}


def links_view(session: LiveSession) -> None:
    """Choose a kind of link; see it, copy it, scan it."""
    st.markdown("**Share this playground**")
    titles = {name: kind.title for name, kind in KINDS.items()}
    kind = kept_choice("Kind of link", titles, key="link_kind")
    text, code = st.columns([3, 1])
    with text:
        st.markdown(KINDS[kind].about)
        address = link(session, kind)
        st.code(address, language=None, wrap_lines=len(address) < 2 * READABLE)
        for sentence in remarks(address):
            st.caption(sentence)
    with code:
        # A code may be short, and work while this session runs.
        st.html(qr_code(address if len(address) <= READABLE else _address(session, kind)))


def link(session: LiveSession, kind: str) -> str:
    """The link of a kind; a copy's holds the whole state, where that fits."""
    state = session.state.to_link() if kind == "copy" else None
    return _page({STATE: state}) if state else _address(session, kind)


def remarks(address: str) -> list[str]:
    """What one should know of a link, a sentence each."""
    found = []
    if urlsplit(address).query.startswith(f"{STATE}="):
        found.append("The link holds the present state, and never expires.")
        if len(address) > READABLE:
            found.append("The code is shorter: it copies what is here when it is scanned.")
    else:
        found.append("It works as long as this session is kept.")
    host = urlsplit(address).hostname
    if host in ("localhost", "127.0.0.1", "::1"):
        found.append(
            f"{host} is this computer alone. For others in your network, start the app with "
            "`--host 0.0.0.0` and open it under this computer's address."
        )
    return found


def qr_code(text: str) -> str:
    """A QR code as SVG in HTML, dark on white in every theme."""
    code = segno.make_qr(text, error="m")
    picture = code.svg_data_uri(scale=4, border=3, light="#fff", omitsize=True)
    return f'<img class="levelset-qr" alt="QR code of the link" src="{picture}">'


def embedding(lesson: Lesson) -> None:
    """The link to a lesson, and the lines that put it into a course page."""
    query = lesson_address(lesson)
    if not query:
        st.caption("It is too long for a link: give it fewer points of its own, or a data set.")
        return
    with st.popover("Link and embed"):
        address = _page(query)
        st.caption("Whoever opens it starts this lesson in a playground of their own.")
        st.code(address, language=None, wrap_lines=True)
        st.caption(
            "For a course page. It needs no cookies. Names after `hide=` leave out parts of the "
            "page, such as `below` or `settings`."
        )
        st.code(snippet(address), language="html", wrap_lines=True)


def snippet(address: str) -> str:
    """An iframe that shows a lesson without the app around it."""
    return (
        f'<iframe src="{html.escape(address)}&amp;embed=true&amp;hide=below" width="100%" '
        'height="760" style="border:0" title="Levelset Lab" allow="clipboard-write"></iframe>'
    )


def _address(session: LiveSession, kind: str) -> str:
    keys = session.keys
    values = {
        "copy": (COPY, keys.copy),
        "watch": (WATCH, keys.watch),
        "joint": (TAKE_PART, keys.id) if session.owner is None else (JOINT, keys.joint),
    }
    at = os.environ.get(SERVER)
    return _page(dict([values[kind]]) | ({"at": at} if at else {}))


def _page(query: dict[str, str]) -> str:
    return f"{st.context.url or 'http://localhost:8501/playground'}?{urlencode(query)}"
