"""The browsers that look at a session: what each hears, what each draws, who only watches."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any

#: What a listener gets: a kind ("frame", "points", "news", "error", "settings", "people") and its
#: content.
Hear = Callable[[str, Any], None]


class Audience:
    """The browsers of one session. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[int, Hear] = {}
        self._watchers: set[int] = set()
        self._views: dict[int, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._ids = itertools.count(1)

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, listener: Hear, *, watching: bool) -> int:
        """Tell this one too, from now on; returns its number."""
        with self._lock:
            client = next(self._ids)
            self._listeners[client] = listener
            if watching:
                self._watchers.add(client)
        self.tell("people", self.people())
        return client

    def leave(self, client: int) -> bool:
        """Tell this one no more; whether what all of them draw may be less now."""
        with self._lock:
            self._listeners.pop(client, None)
            self._watchers.discard(client)
            drew = self._views.pop(client, None) is not None
        self.tell("people", self.people())
        return drew

    def people(self) -> dict[str, int]:
        """How many browsers watch, and how many take part."""
        watching = len(self._watchers)
        return {"watching": watching, "taking_part": len(self._listeners) - watching}

    def watches(self, client: int) -> bool:
        """Whether this one may only look on."""
        return client in self._watchers

    def tell(self, kind: str, content: Any, skip: int | None = None) -> None:
        """Tell all, or all but one."""
        with self._lock:
            listeners = [call for client, call in self._listeners.items() if client != skip]
        for listener in listeners:
            listener(kind, content)

    def draws(self, client: int, view: dict[str, Any]) -> None:
        """What this one draws: the nodes of its field, its overlays, and what it needs besides."""
        with self._lock:
            self._views[client] = view

    def view(self, overlays: Iterable[str]) -> dict[str, Any] | None:
        """What any of them draws, as the worker is told; None while nobody has said so.

        Args:
            overlays: those of the session, for when all only watch: they see what is shown.
        """
        with self._lock:
            views = dict(self._views)
        if not views:
            return None
        drawn = [
            {*view["overlays"], *view.get("also", ())}
            for client, view in views.items()
            if client not in self._watchers
        ]
        wanted = set().union(*drawn) if drawn else set(overlays)
        field = max(view["field"] for view in views.values())
        return {"field": field, "overlays": sorted(wanted)}
