"""The WebSocket route that carries live pictures and edits, and the front end's files."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession, get_hub
from pages.server.live_messages import answer

LIVE_PATH = "/levelset/live"
ASSETS_PATH = "/levelset/assets"
#: A closing handshake says why: the session is gone, or the caller may not have it.
GONE, FORBIDDEN = 4404, 4403
#: How often a connected browser counts as looking, in seconds.
LOOK_EVERY = 5.0
MAX_MESSAGE = 200_000

logger = logging.getLogger(__name__)


class _Assets(StaticFiles):
    """Static files that a browser asks about anew each time, so that an update arrives whole."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def live_routes(assets: Path) -> list[BaseRoute]:
    """The routes that the app adds to Streamlit's."""
    return [
        WebSocketRoute(LIVE_PATH, live),
        Mount(ASSETS_PATH, _Assets(directory=assets)),
    ]


def same_origin(websocket: WebSocket) -> bool:
    """Whether the page that opens the connection was served by this very host."""
    origin = websocket.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == websocket.headers.get("host")


async def live(websocket: WebSocket) -> None:
    """One browser's connection to one session; refuses foreign pages and wrong tokens."""
    query = websocket.query_params
    session = get_hub().get(query.get("session"))
    if not same_origin(websocket) or (session and not session.allows(query.get("token", ""))):
        await websocket.close(FORBIDDEN)
        return
    if session is None:
        await websocket.close(GONE)
        return
    await websocket.accept()
    loop = asyncio.get_running_loop()
    outbox: asyncio.Queue[bytes | dict[str, Any]] = asyncio.Queue()
    wants_frame = False
    sent: bytes | None = None  # the picture that this browser has

    def hear(kind: str, content: Any) -> None:
        loop.call_soon_threadsafe(deliver, kind, content)

    def deliver(kind: str, content: Any) -> None:
        nonlocal wants_frame, sent
        if kind == "frame":
            if wants_frame:  # a picture nobody asked for would pile up before a slow browser
                wants_frame, sent = False, content
                outbox.put_nowait(content)
        elif kind == "points":
            outbox.put_nowait({"op": "points", **content})
        elif kind == "error":
            outbox.put_nowait({"op": "error", "message": content})
        elif kind == "news":
            names = ("playing", "status", "queue")
            outbox.put_nowait({"op": "state", **{name: content[name] for name in names}})

    async def send() -> None:
        while True:
            message = await outbox.get()
            if isinstance(message, bytes):
                await websocket.send_bytes(message)
            else:
                await websocket.send_text(json.dumps(message))

    async def look() -> None:
        while True:
            session.look()
            await asyncio.sleep(LOOK_EVERY)

    client = session.listen(hear)
    outbox.put_nowait(hello(session, client))
    tasks = [asyncio.create_task(send()), asyncio.create_task(look())]
    try:
        while True:
            text = await websocket.receive_text()
            try:
                message = parse(text)
                if message["op"] == "next":
                    # One that another browser's wish made since: it may be the last for long.
                    newest = session.frame
                    if message.get("frame") and newest is not None and newest is not sent:
                        sent = newest
                        outbox.put_nowait(newest)
                        continue
                    wants_frame = True
                # Questions to the worker wait for its answer: not on this loop.
                reply = (
                    await asyncio.to_thread(answer, session, client, message)
                    if message["op"] == "probe"
                    else answer(session, client, message)
                )
                if reply is not None:
                    outbox.put_nowait(reply)
            except LevelsetError as error:
                outbox.put_nowait({"op": "error", "message": str(error)})
    except (WebSocketDisconnect, RuntimeError, KeyError):
        pass  # closed by the browser, or a binary message that nobody here sends
    finally:
        session.leave(client)
        for task in tasks:
            task.cancel()


def hello(session: LiveSession, client: int) -> dict[str, Any]:
    """The first message to a browser."""
    return {
        "op": "hello",
        "client": client,
        "points": session.state.points.to_rows(),
        "version": session.version,
        "playing": session.playing,
    }


def parse(text: str) -> dict[str, Any]:
    """A message of the browser.

    Raises:
        LevelsetError: too long, not JSON, or without an "op".
    """
    if len(text) > MAX_MESSAGE:
        raise LevelsetError(f"A message of {len(text)} characters is too long.")
    try:
        message = json.loads(text)
    except ValueError as error:
        raise LevelsetError("A message was not JSON.") from error
    if not isinstance(message, dict) or not isinstance(message.get("op"), str):
        raise LevelsetError("A message had no operation.")
    return message
