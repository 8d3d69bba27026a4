"""Before every request: is the server called by a name of its own; after it: what a browser may do,
and by which cookie it is known.

A page elsewhere can give its own name the address of this machine (DNS rebinding). Its scripts
would then be of the same origin as the server, and read everything. But the browser still sends
that name, so names that are not this server's are refused; an address in numbers cannot be rebound.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import socket
import time
from collections.abc import Iterable
from functools import cache

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server import people

logger = logging.getLogger(__name__)

#: Requests that are not logged: too many, and none tells anything.
_UNTOLD = ("/static/", "/_stcore/", "/levelset/assets/", "/levelset/arrays/", "/healthz")
#: Names, by commas, that the server is called by besides this machine's own; "*" is any.
HOSTS = "LEVELSET_HOSTS"
#: Pages that may show this one inside: origins, by commas, as https://moodle.example.org; "*": any.
EMBED = "LEVELSET_EMBED"


def guard() -> list[Middleware]:
    """The middleware that the app adds to Streamlit's."""
    return [Middleware(Guard)]


class Guard:
    """Refuses foreign names, and adds headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if not is_ours(host, own_names()):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            text = f"This server is not called {host[:200]!r}. If it is meant to be, start it with "
            refusal = PlainTextResponse(f"{text}{HOSTS}={name_of(host)[:200]}.\n", 421)
            await refusal(scope, receive, send)
            return

        begun = time.monotonic()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _log(scope, message["status"], time.monotonic() - begun)
                headers = MutableHeaders(scope=message)
                for name, value in safe_headers(host).items():
                    headers[name] = value
                if headers.get("content-type", "").startswith("text/html"):
                    for cookie in cookies_for(scope):
                        headers.append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, told)


def _log(scope: Scope, status: int, seconds: float) -> None:
    """Requests for the log of a server, without what stands behind the "?": it may hold keys."""
    if not logger.isEnabledFor(logging.INFO) or scope["path"].startswith(_UNTOLD):
        return
    about = {"method": scope["method"], "path": scope["path"], "status": status}
    logger.info("request", extra={**about, "seconds": round(seconds, 4)})


def cookies_for(scope: Scope) -> list[str]:
    """What a page tells a browser to keep, where browsers are owners and this one is not known."""
    connection = HTTPConnection(scope)
    if people.mode() != "anonymous" or people.known_browser(connection.cookies):
        return []
    secure = "https" in (scope["scheme"], connection.headers.get("x-forwarded-proto"))
    # Inside a page elsewhere a browser sends only cookies that are marked so.
    sites = "None; Secure; Partitioned" if secure and os.environ.get(EMBED) else "Lax"
    sites += "; Secure" if secure and sites == "Lax" else ""
    value = f"{people.COOKIE}={people.new_cookie()}; Path=/; HttpOnly"
    return [f"{value}; Max-Age={people.COOKIE_SECONDS}; SameSite={sites}"]


def name_of(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host.partition("]")[0][1:].lower()
    return host.partition(":")[0].rstrip(".").lower()


def is_ours(host: str, names: Iterable[str]) -> bool:
    """Whether a Host header names this server."""
    name = name_of(host)
    if not name:
        return False
    if name == "localhost" or name.endswith(".localhost") or {name, "*"} & set(names):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@cache
def own_names() -> frozenset[str]:
    """What this machine is called, and what the settings call it."""
    machine = socket.gethostname().lower()
    told = [st.get_option("server.address"), st.get_option("browser.serverAddress")]
    given = os.environ.get(HOSTS, "").split(",")
    names = {machine, f"{machine}.local", machine.partition(".")[0], *told, *given}
    return frozenset(str(name).strip().lower() for name in names if name)


def safe_headers(host: str) -> dict[str, str]:
    """What every answer says to the browser.

    The policy lets through what Streamlit and its charts need: inline scripts and styles, scripts
    that they make (blob:), compiled expressions of charts; nothing from other hosts.
    """
    allowed = [origin.strip() for origin in os.environ.get(EMBED, "").split(",") if origin.strip()]
    # 'self' is not always taken for WebSockets too.
    sockets = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.:\[\]-]+", host) else ""
    ancestors = " ".join(["'self'", *(o for o in allowed if ";" not in o)])
    policy = (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
        f"font-src 'self' data:; connect-src 'self'{sockets} data: blob:; "
        "worker-src 'self' blob:; frame-src 'self' data: blob:; object-src 'none'; "
        f"base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    if not allowed:
        headers["X-Frame-Options"] = "SAMEORIGIN"
    return headers
