"""What the canvas says, and what the session answers; one place for both transports."""

from __future__ import annotations

from typing import Any

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession
from levelset_core.live.state import OVERLAYS

FIELD_SIZES = (16, 256)
LARGEST = 2**53


def answer(session: LiveSession, client: int, message: dict[str, Any]) -> dict[str, Any] | None:
    """Carry out one message; returns the reply, if it has one.

    Raises:
        LevelsetError: the message is malformed or asks for what does not exist.
    """
    match message["op"]:
        case "next":
            session.want_frame(at_once=not message.get("frame"))
        case "points":
            version = _number(message, "version", int)
            points = PointSet.from_rows(message.get("points") or [])
            session.set_points(points, version, client)
            return {"op": "ack", "version": version, "count": len(points)}
        case "control":
            session.control(str(message.get("action")))
        case "view":
            wanted = message.get("overlays")
            overlays = [name for name in OVERLAYS if isinstance(wanted, list) and name in wanted]
            field = _number(message, "field", int)
            if not FIELD_SIZES[0] <= field <= FIELD_SIZES[1]:
                raise LevelsetError(f"The field must be {FIELD_SIZES[0]} to {FIELD_SIZES[1]} wide.")
            session.set_view(client, {"field": field, "overlays": overlays})
        case "probe":
            place = {name: _number(message, name, float) for name in ("x", "y")}
            panel = _number(message, "panel", int)
            found = session.call("probe", panel=panel, **place)
            return {"op": "probe", "id": message.get("id"), "panel": panel, **found}
        case other:
            raise LevelsetError(f"Unknown operation {other!r}.")
    return None


def _number(message: dict[str, Any], name: str, kind: type) -> Any:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LevelsetError(f"The message needs a number {name!r}, got {value!r}.")
    if not -LARGEST <= value <= LARGEST:  # not math.isfinite: an integer of any length may come
        raise LevelsetError(f"The number {name!r} of the message is out of range.")
    return kind(value)
