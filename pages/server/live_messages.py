"""What the canvas says, and what the session answers; one place for both transports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from levelset_core.data import PointSet
from levelset_core.live import LiveSession
from levelset_core.live import protocol as wire
from levelset_core.live.state import OVERLAYS


def hello(session: LiveSession, client: int) -> wire.Hello:
    """The first message to a browser."""
    return wire.Hello(client, session.state.points.to_rows(), session.version, session.playing)


def answer(session: LiveSession, client: int, values: Mapping[str, Any]) -> wire.Message | None:
    """Check one message and carry it out; returns the reply, if it has one.

    Raises:
        LevelsetError: the message is malformed or asks for what does not exist.
    """
    return carry_out(session, client, wire.read(values))


def carry_out(session: LiveSession, client: int, message: wire.Message) -> wire.Message | None:
    """Carry out one message that was checked; returns the reply, if it has one.

    Raises:
        LevelsetError: it asks for what does not exist.
    """
    match message:
        case wire.Next():
            session.want_frame(at_once=not message.frame)
        case wire.Points():
            points = PointSet.from_rows(message.points)
            session.set_points(points, message.version, client)
            return wire.Ack(message.version, len(points))
        case wire.Control():
            session.control(message.action)
        case wire.View():
            overlays = [name for name in OVERLAYS if name in message.overlays]
            session.set_view(client, {"field": message.field, "overlays": overlays})
        case wire.Probe():
            found = session.call("probe", panel=message.panel, x=message.x, y=message.y)
            return wire.Probed(message.id, message.panel, **found)
    return None
