"""The WebSocket route that carries live pictures and edits.

What the canvas says, and what the session answers, is here for both transports.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession, get_hub
from levelset_core.live import protocol as wire
from levelset_core.live.state import OVERLAYS

LIVE_PATH = "/levelset/live"
#: A closing handshake says why: the session is gone, or the caller may not have it.
GONE, FORBIDDEN = 4404, 4403
#: How often a connected browser counts as looking, in seconds.
LOOK_EVERY = 5.0
#: Seconds that the first message may take.
FIRST_WORD = 20.0
MAX_MESSAGE = 200_000
#: Of the server's time what the messages of one browser may take: others' clicks come between.
SHARE = 0.25
#: Messages that may wait for a browser that hears none.
MOST_WAITING = 2000
#: A closing handshake of one that sends or hears not as a browser does.
BUSY = 1008

logger = logging.getLogger(__name__)


def live_routes() -> list[BaseRoute]:
    """The route that the app adds to Streamlit's."""
    return [WebSocketRoute(LIVE_PATH, live)]


def same_origin(websocket: WebSocket) -> bool:
    """Whether the page that opens the connection was served by this very host."""
    origin = websocket.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == websocket.headers.get("host")


async def live(websocket: WebSocket) -> None:
    """One browser's connection to one session; refuses foreign pages and wrong tokens."""
    if not same_origin(websocket):
        await websocket.close(FORBIDDEN)
        return
    await websocket.accept()
    try:
        asked = await asyncio.wait_for(_first_word(websocket), FIRST_WORD)
    except WebSocketDisconnect:
        return
    except (LevelsetError, TimeoutError, KeyError):
        await websocket.close(FORBIDDEN)
        return
    session, watching = get_hub().get(asked.session), False
    if session is None:
        session, watching = get_hub().watched(asked.session), True
    if session is None:
        await websocket.close(GONE)
    elif not (session.allows_watching if watching else session.allows)(asked.token):
        await websocket.close(FORBIDDEN)
    else:
        await Browser(websocket, session, watching).serve()


async def _first_word(websocket: WebSocket) -> wire.Open:
    """Which session it wants.

    Raises:
        LevelsetError: it says something else.
    """
    message = wire.read(parse(await websocket.receive_text()))
    if not isinstance(message, wire.Open):
        raise LevelsetError("The first message must be an open.")
    return message


class Browser:
    """One browser that looks at a session: what it says is done, what it is told waits in line."""

    def __init__(self, websocket: WebSocket, session: LiveSession, watching: bool = False) -> None:
        self.websocket, self.session, self.watching = websocket, session, watching
        self._loop = asyncio.get_running_loop()
        self._outbox: asyncio.Queue[bytes | wire.Message] = asyncio.Queue()
        self._wants_frame = False
        self._asked = time.monotonic()
        self._sent: bytes | None = None  # the picture that this browser has
        self.client = session.listen(self._hear, watching=watching)
        self._outbox.put_nowait(hello(session, self.client))

    async def serve(self) -> None:
        """Until the browser goes."""
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._look())]
        try:
            while True:
                await self._take(await self.websocket.receive_text())
                if self._outbox.qsize() > MOST_WAITING:
                    await self.websocket.close(BUSY)
                    break
        except (WebSocketDisconnect, RuntimeError, KeyError):
            pass  # closed by the browser, or a binary message that nobody here sends
        finally:
            self.session.leave(self.client)
            for task in tasks:
                task.cancel()

    async def _take(self, text: str) -> None:
        """Carry out one message of the browser, and leave time for those of others."""
        begun, took = time.perf_counter(), None
        try:
            message = permitted(wire.read(parse(text)), self.watching)
            # Questions to the worker wait for its answer: not on this loop.
            if isinstance(message, wire.Probe):
                took = time.perf_counter() - begun
                reply = await asyncio.to_thread(carry_out, self.session, self.client, message)
            else:
                reply = self._done(message)
        except LevelsetError as error:
            reply = wire.Failed(str(error))
        if took is None:
            took = time.perf_counter() - begun
        if reply is not None:
            self._outbox.put_nowait(reply)
        await asyncio.sleep(took * (1 / SHARE - 1))

    def _done(self, message: wire.Message) -> wire.Message | None:
        """Carry out what needs no answer of the worker; the reply."""
        if isinstance(message, wire.Next):
            self._asked = time.monotonic()
            if self._asked - self.session.seen > LOOK_EVERY:
                self.session.look()  # it is in sight again
            if self._owed(message):
                return None
            self._wants_frame = True
        return carry_out(self.session, self.client, message)

    def _owed(self, message: wire.Next) -> bool:
        """Send the picture that was made since, if one was: it may be the last for long."""
        newest = self.session.frame
        if not message.frame or newest is None or newest is self._sent:
            return False
        self._give(newest)
        return True

    def _give(self, picture: bytes) -> None:
        """Send a picture, and have the next one made while this one travels and is drawn."""
        self._wants_frame, self._sent = False, picture
        self._outbox.put_nowait(picture)
        self.session.want_frame()

    def _hear(self, kind: str, content: Any) -> None:
        """From the session, in any thread."""
        self._loop.call_soon_threadsafe(self._deliver, kind, content)

    def _deliver(self, kind: str, content: Any) -> None:
        if kind == "frame":
            if self._wants_frame:  # one nobody asked for would pile up before a slow browser
                self._give(content)
        elif kind == "points":
            self._outbox.put_nowait(wire.Points(**content))
        elif kind == "settings":
            self._outbox.put_nowait(wire.Settings(**content))
        elif kind == "people":
            self._outbox.put_nowait(wire.People(**content))
        elif kind == "error":
            self._outbox.put_nowait(wire.Failed(content))
        elif kind == "news":
            told = ("playing", "status", "sharing", "steps_per_second")
            self._outbox.put_nowait(wire.State(**{name: content[name] for name in told}))

    async def _send(self) -> None:
        while True:
            message = await self._outbox.get()
            if isinstance(message, bytes):
                await self.websocket.send_bytes(message)
            else:
                await self.websocket.send_text(json.dumps(message.plain()))

    async def _look(self) -> None:
        """A browser out of sight draws nothing, so that it asks for no more pictures."""
        while True:
            if self._wants_frame or time.monotonic() - self._asked < LOOK_EVERY:
                self.session.look()
            await asyncio.sleep(LOOK_EVERY)


def parse(text: str) -> dict[str, Any]:
    """The object that a browser sent.

    Raises:
        LevelsetError: too long, not JSON, or no object.
    """
    if len(text) > MAX_MESSAGE:
        raise LevelsetError(f"A message of {len(text)} characters is too long.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LevelsetError("A message was not JSON.") from error
    if not isinstance(message, dict):
        raise LevelsetError("A message was no JSON object.")
    return message


def hello(session: LiveSession, client: int) -> wire.Hello:
    """The first message to a browser."""
    rows, version = session.state.points.to_rows(), session.version
    return wire.Hello(client, rows, version, session.playing, session.opening)


def permitted(message: wire.Message, watching: bool) -> wire.Message:
    """The message, where its sender may send it.

    Raises:
        LevelsetError: it would change what its sender only watches.
    """
    if watching and not isinstance(message, wire.View | wire.Next | wire.Probe):
        raise LevelsetError("This link only watches. Work on a copy of your own to try things.")
    return message


def answer(
    session: LiveSession, client: int, values: Mapping[str, Any], *, watching: bool = False
) -> wire.Message | None:
    """Check one message and carry it out; returns the reply, if it has one.

    Raises:
        LevelsetError: the message is malformed, may not be sent, or asks for what does not exist.
    """
    return carry_out(session, client, permitted(wire.read(values), watching))


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
        case wire.Seek():
            session.seek(message.step)
        case wire.Speed():
            session.change(config=replace(session.state.config, speed=message.steps))
        case wire.View():
            overlays = [name for name in OVERLAYS if name in message.overlays]
            also = [name for name in OVERLAYS if name in message.also.split(",")]
            view = {"field": message.field, "overlays": overlays, "also": also}
            session.set_view(client, view)
        case wire.Probe():
            found = session.call("probe", panel=message.panel, x=message.x, y=message.y)
            return wire.Probed(message.id, message.panel, **found)
    return None
