"""Routes whose module is imported when the first request comes.

Importing what trains takes seconds. The server answers before, and imports it then.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from starlette.routing import BaseRoute, Match, Router
from starlette.types import Receive, Scope, Send


class Later(BaseRoute):
    """The routes that ``function`` of a module of this package gives.

    Args:
        prefixes: what their paths begin with.
        module: its name.
        function: gives them; takes no arguments.
    """

    def __init__(self, *prefixes: str, module: str, function: str) -> None:
        self.prefixes, self.place = prefixes, (f"{__package__}.{module}", function)
        self.router: Router | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found = scope["type"] in ("http", "websocket") and scope["path"].startswith(self.prefixes)
        return (Match.FULL if found else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        raise LookupError(f"{name} has no address here.")

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.router is None:
            self.router = await asyncio.to_thread(self._build)
        await self.router(scope, receive, send)

    def _build(self) -> Router:
        module, function = self.place
        return Router(routes=getattr(importlib.import_module(module), function)())
