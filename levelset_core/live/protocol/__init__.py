"""The messages between the playground's canvas and the server, said once.

Python checks by these classes what a browser sends and makes by them what it is sent.
``docs/protocol.md`` and the types of the front end are written from them:

    python -m levelset_core.live.protocol
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, get_args, get_origin, get_type_hints

from levelset_core.errors import LevelsetError
from levelset_core.live.state import OVERLAYS

#: Whole numbers up to here are exact in JavaScript.
LARGEST = 2**53
#: Points in the plane: [x, y, label] each, a label is 1 or -1.
Rows = list[list[float]]


class Within(NamedTuple):
    """The range of a number that a browser sends."""

    low: float
    high: float


@dataclass(frozen=True)
class Message:
    """Base of the JSON messages: an object with an "op" and the fields of the class."""

    op: ClassVar[str]

    def plain(self) -> dict[str, Any]:
        """As it travels."""
        return {"op": self.op, **dataclasses.asdict(self)}


# -- browser to server -----------------------------------------------------------------------


@dataclass(frozen=True)
class Open(Message):
    """The first message of a WebSocket, which hears nothing before. The server closes it with 4403
    if the token is wrong, with 4404 if the session is gone.
    """

    op = "open"
    session: Annotated[str, "its id, as in the page's address"]
    token: Annotated[str, "of the session, which the page was told; it stands in no address"]


@dataclass(frozen=True)
class View(Message):
    """What this browser draws. The worker computes what any browser of the session draws."""

    op = "view"
    field: Annotated[int, "nodes along a side of the grid that F is drawn on", Within(16, 256)]
    overlays: Annotated[list[str], f"of {', '.join(OVERLAYS)}; other names are ignored"]
    also: Annotated[
        str, "overlays drawn for a while only, joined by commas; no state keeps them"
    ] = ""


@dataclass(frozen=True)
class Next(Message):
    """Asks for one picture. It comes when something has changed; so none piles up."""

    op = "next"
    frame: Annotated[int, "number of the picture it has; 0: none yet, so one comes at once"] = 0


@dataclass(frozen=True)
class Points(Message):
    """All points. To the server: after an edit. From it: after an edit elsewhere."""

    op = "points"
    version: Annotated[int, "of the list; grows at every change"]
    points: Annotated[Rows, "[x, y, label] each, a label is 1 or -1"]


@dataclass(frozen=True)
class Control(Message):
    """A button."""

    op = "control"
    action: Annotated[
        str,
        "play, pause, step, reset, seed (the next one), fast (no slow beginning) or undo (the last "
        "change of the settings)",
    ]


@dataclass(frozen=True)
class Seek(Message):
    """Stops, and goes back to a moment that was kept. Play goes on from there."""

    op = "seek"
    step: Annotated[int, "of the moment, or the last one kept before it", Within(0, LARGEST)]


@dataclass(frozen=True)
class Speed(Message):
    """Sets how fast it trains."""

    op = "speed"
    steps: Annotated[int, "a second, at most; 0 is as fast as it goes", Within(0, 1000)]


@dataclass(frozen=True)
class Probe(Message):
    """Asks what F is at one place."""

    op = "probe"
    panel: Annotated[int, "index of the panel"]
    x: Annotated[float, "place in the plane"]
    y: Annotated[float, "place in the plane"]
    id: Annotated[int, "of the question; the answer repeats it"] = 0


# -- server to browser -----------------------------------------------------------------------


@dataclass(frozen=True)
class Hello(Message):
    """The first message."""

    op = "hello"
    client: Annotated[int, "this browser's number in the session"]
    points: Annotated[Rows, "as in `points`"]
    version: Annotated[int, "of the points"]
    playing: Annotated[bool, "whether training goes on"]
    opening: Annotated[bool, "whether a browser shall press play: nobody has pressed anything yet"]


@dataclass(frozen=True)
class Ack(Message):
    """The server has the points of this version."""

    op = "ack"
    version: Annotated[int, "as sent"]
    count: Annotated[int, "number of points"]


@dataclass(frozen=True)
class Probed(Message):
    """The answer to a `probe`."""

    op = "probe"
    id: Annotated[int, "of the question"]
    panel: Annotated[int, "of the question"]
    value: Annotated[float, "F"]
    gradient: Annotated[float, "|D_xF|"]
    distance: Annotated[float | None, "to the zero level set; null: none found"]
    foot: Annotated[list[float] | None, "[x, y], the nearest point found there"]


@dataclass(frozen=True)
class State(Message):
    """Whether it trains: with every news of the worker."""

    op = "state"
    playing: Annotated[bool, "whether training goes on"]
    status: Annotated[str, "running, paused or empty (no points)"]
    sharing: Annotated[int, "sessions that take turns at training where this one trains"]
    steps_per_second: Annotated[float, "of the last second or so"]


@dataclass(frozen=True)
class Settings(Message):
    """Somebody changed what is shown beside the points: the page asks the server for it."""

    op = "settings"
    version: Annotated[int, "of the settings; grows at every change"]
    overlays: Annotated[list[str], "what who only watches sees"]


@dataclass(frozen=True)
class People(Message):
    """How many browsers look at this session; at every change."""

    op = "people"
    watching: Annotated[int, "browsers that only watch"]
    taking_part: Annotated[int, "browsers that may change it"]


@dataclass(frozen=True)
class Failed(Message):
    """Something was wrong."""

    op = "error"
    message: Annotated[str, "one sentence"]


# -- pictures --------------------------------------------------------------------------------


@dataclass(frozen=True)
class PanelHeader:
    """What a picture says of one panel. A number without a meaning yet is null."""

    title: Annotated[str, "of the objective"]
    objective: Annotated[str, "its name"]
    distance: Annotated[str, "that it is trained in: l2, linf or rho"]
    norm: Annotated[str, "that its margins are measured in: l2 or linf"]
    step: Annotated[int, "training steps done"]
    loss: Annotated[float | None, "of the last step"]
    accuracy: Annotated[float | None, "share of the points on their side"]
    heldout: Annotated[float | None, "the same of fresh points of the preset"]
    margin_min: Annotated[float | None, "smallest signed margin of a point"]
    margin_median: Annotated[float | None, "the median of them"]
    converged: Annotated[float | None, "share of the projections that converged"]
    failed: Annotated[int, "projections that found nothing"]
    scale: Annotated[float, "F = `field` times this"]
    motion_error: Annotated[float | None, "relative error of the predicted motion, median"]
    trouble: Annotated[str, "how it has collapsed and what helps; empty where it has not"]


@dataclass(frozen=True)
class FrameHeader:
    """The JSON header of a picture. `arrays` follows the fields here: see the layout."""

    frame: Annotated[int, "number of the picture"]
    playing: Annotated[bool, "whether training goes on"]
    status: Annotated[str, "as in `state`"]
    sharing: Annotated[int, "as in `state`"]
    steps_per_second: Annotated[float, "of the last second or so"]
    opening: Annotated[bool, "whether it goes slowly through the first steps"]
    newest: Annotated[int, "the last step that was reached; a moment before it may be shown"]
    every: Annotated[int, "steps between two moments that are kept"]
    speed: Annotated[int, "wanted steps a second; 0 is as fast as it goes"]
    version: Annotated[int, "of the points that it shows"]
    epsilon: Annotated[float, "of the settings"]
    wanted_margin: Annotated[float, "that an objective asks for; 0: none does"]
    distance: Annotated[str, "that margins are measured in"]
    panels: Annotated[list[PanelHeader], "one a panel"]


class Layout(NamedTuple):
    """An array of a picture: its type, its shape, what it holds."""

    dtype: str
    shape: str
    about: str


#: By name, each once a panel. P points, N nodes along a side, K Newton steps, M samples.
ARRAYS = {
    "field": Layout("int16", "(N, N)", "F on the grid, over the panel's `scale`"),
    "margin": Layout(
        "float32", "(P,)", "signed margin, negative on the wrong side; NaN: none found"
    ),
    "output": Layout("float32", "(P,)", "F at the point, times its label"),
    "foot": Layout("float32", "(P, 2)", "the nearest point found on the zero level set"),
    "flag": Layout("uint8", "(P,)", "its projection: 0 converged, 1 not yet, 2 failed"),
    "path": Layout("float32", "(P, K, 2)", "the projection, step by step"),
    "residual": Layout("float32", "(P, K)", "|F| along it"),
    "gradient": Layout("float32", "(P, 2)", "D_xF at the foot"),
    "axis": Layout("uint8", "(P,)", "the gradient's largest coordinate: 0 is x, 1 is y"),
    "motion": Layout("float32", "(M, 3, 2)", "samples of the level set: now, predicted, moved"),
}

FROM_BROWSER: tuple[type[Message], ...] = (Open, View, Next, Points, Control, Seek, Speed, Probe)
TO_BROWSER: tuple[type[Message], ...] = (
    Hello, Ack, Points, Probed, State, Settings, People, Failed,
)  # fmt: skip


class Field(NamedTuple):
    """A field: its type, what it is, the range of a number."""

    name: str
    type: Any
    about: str
    within: Within
    default: Any


def fields_of(cls: type) -> Iterator[Field]:
    """The fields of a message, or of a header."""
    hints = get_type_hints(cls, include_extras=True)
    for field in dataclasses.fields(cls):
        kind, about, *within = get_args(hints[field.name])
        limits = within[0] if within else Within(-LARGEST, LARGEST)
        yield Field(field.name, kind, about, limits, field.default)


# -- checking --------------------------------------------------------------------------------


def read(values: Mapping[str, Any]) -> Message:
    """The message of a browser.

    Raises:
        LevelsetError: an unknown "op", or a field that is missing or does not fit.
    """
    op = values.get("op")
    kinds = {kind.op: kind for kind in FROM_BROWSER}
    if not isinstance(op, str) or op not in kinds:
        raise LevelsetError(f"Unknown operation {op!r}.")
    return kinds[op](**{field.name: _value(field, values) for field in fields_of(kinds[op])})


def _value(field: Field, values: Mapping[str, Any]) -> Any:
    value = values.get(field.name)
    if value is None and field.default is not dataclasses.MISSING:
        return field.default
    if field.type not in (int, float):
        kind = get_origin(field.type) or field.type
        if not isinstance(value, kind):
            raise LevelsetError(f"The message needs {_NEEDED[kind]} {field.name!r}.")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LevelsetError(f"The message needs a number {field.name!r}, got {value!r}.")
    low, high = field.within
    if not low <= value <= high:  # not math.isfinite: an integer of any length may come
        raise LevelsetError(f"The number {field.name!r} of the message must be {low} to {high}.")
    return field.type(value)


_NEEDED = {str: "a text", list: "a list"}
