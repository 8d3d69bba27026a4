"""Two pictures side by side: pinned here, live, or of a link that somebody else sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession, PlaygroundState, get_hub
from levelset_core.live.frames import read_header
from pages.playground.opening import COPY, JOINT, STATE, TAKE_PART, WATCH
from pages.playground.pins import Kept, pictures
from pages.playground.words import value_text
from pages.server.people import person
from pages.shared.attempt import attempt, tell
from pages.shared.tables import named_table

#: Seconds between two pictures of sessions that train.
EVERY = 2.0
#: Pins kept in a tab; beyond it the oldest goes.
MAX_PINS = 12
_NOW = "What is on the canvas now"
#: In the table -> the field of a picture's panel.
FIGURES = {
    "Steps": "step", "Accuracy": "accuracy", "Smallest margin": "margin_min",
    "Median margin": "margin_median",
}  # fmt: skip


@dataclass
class Pin:
    """A picture with a name.

    Attributes:
        name: as it is chosen.
        picture: the picture, and its points.
        state: settings and points.
        session: whose picture is taken anew while it trains; None for one that stays.
    """

    name: str
    picture: Kept
    state: PlaygroundState
    session: LiveSession | None = None


def compare_view(session: LiveSession) -> None:
    """Pin, choose A and B, look."""
    add, link = st.columns(2, vertical_alignment="bottom")
    add.button(
        "Pin what is on the canvas", on_click=attempt, args=("pin_wrong", _pin, session),
        icon=":material/keep:", width="stretch",
    )  # fmt: skip
    link.text_input(
        "Add the picture behind a shared link", key="pin_link",
        placeholder="Paste a link to a playground",
        on_change=attempt, args=("pin_wrong", _add_link),
    )  # fmt: skip
    tell("pin_wrong")
    names = [_NOW, *(pin.name for pin in _pins())]
    if len(names) == 1:
        st.info("Pin a state, change something, and compare. Or add the links of two playgrounds.")
        return
    chosen = []
    for column, letter, first in zip(st.columns(2), "AB", _preselected(names), strict=True):
        with column:
            chosen.append(st.selectbox(f"Picture {letter}", names, first, key=f"pin_{letter}"))
    _side_by_side(session, chosen)


def _preselected(names: list[str]) -> tuple[int, int]:
    """The first pin beside what is on the canvas; of links, the two first."""
    links = [names.index(pin.name) for pin in _pins() if pin.session]
    return (links[0], links[1]) if len(links) > 1 else (1, 0)


@st.fragment(run_every=EVERY)
def _side_by_side(session: LiveSession, names: list[str]) -> None:
    try:
        shown = [_take(session, name) for name in names]
    except LevelsetError as error:
        st.warning(str(error))
        return
    titles = [f"{letter}: {pin.name}" for letter, pin in zip("AB", shown, strict=True)]
    pictures([(title, pin.picture) for title, pin in zip(titles, shown, strict=True)])
    _figures(titles, [read_header(pin.picture[0]) for pin in shown])
    for column, letter, pin in zip(st.columns(2), "AB", shown, strict=True):
        if pin.name != _NOW:
            column.button(
                f"Put {letter} on the canvas", key=f"pin_take_{letter}", width="stretch",
                on_click=session.update, args=(pin.state,), help="Its points and its settings",
            )  # fmt: skip


def _figures(titles: list[str], headers: list[dict[str, Any]]) -> None:
    """The figures of pictures as a table, a row for each of their panels."""
    rows = []
    for title, header in zip(titles, headers, strict=True):
        norm = value_text("distance", header["distance"])
        for panel in header["panels"]:
            figures = (_text(name, panel[name]) for name in FIGURES.values())
            rows.append([title, panel["title"], *figures, norm])
    columns = ["Picture", "Loss", *FIGURES, "Measured in"]
    named_table("A and B in figures", columns, rows, wide=True)


def _text(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.1%}" if name == "accuracy" else f"{value:.3g}" if name != "step" else f"{value}"
    )


def _pins() -> list[Pin]:
    found: list[Pin] = st.session_state.setdefault("pins", [])
    return found


def _take(session: LiveSession, name: str) -> Pin:
    if name == _NOW:
        return Pin(name, session.call("picture"), session.state)
    pin = next(pin for pin in _pins() if pin.name == name)
    if pin.session is not None:
        pin.session.look()
        pin.picture, pin.state = pin.session.call("picture"), pin.session.state
    return pin


def _number() -> int:
    """Of the next pin of this tab."""
    number: int = st.session_state.get("pin_count", 0) + 1
    st.session_state.pin_count = number
    return number


def _keep(pin: Pin) -> None:
    _pins().append(pin)
    del _pins()[:-MAX_PINS]


def _pin(session: LiveSession) -> None:
    picture = session.call("picture")
    panel = read_header(picture[0])["panels"][0]
    _keep(Pin(f"Pin {_number()}: {panel['title']}, step {panel['step']}", picture, session.state))


def _add_link() -> None:
    link = st.session_state.pin_link.strip()
    if not link:
        return
    session, what = _of_link(link)
    _keep(Pin(f"Link {_number()}{what}", session.call("picture"), session.state, session))
    st.session_state.pin_link = ""
    links = [pin.name for pin in _pins() if pin.session]
    if len(links) == 2:  # two students are to be compared, whatever stood there
        st.session_state.pin_A, st.session_state.pin_B = links


def _of_link(link: str) -> tuple[LiveSession, str]:
    """The session that a link leads to, and how it is to be understood.

    Raises:
        LevelsetError: it leads to none.
    """
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    hub = get_hub()
    session = (
        hub.watched(query.get(WATCH))
        or hub.get(query.get(TAKE_PART))
        or hub.joined(query.get(JOINT))
        or hub.copied(query.get(COPY))
    )
    if session:
        return session, ", live"
    if STATE in query:
        state, owner = PlaygroundState.from_link(query[STATE]), person().owner
        return hub.create(state, owner=owner), ", trained here from its start"
    raise LevelsetError("This is no link to a playground that runs here, and it holds no state.")
