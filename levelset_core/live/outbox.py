"""What waits to be sent to a worker: of changes that a newer one makes useless, only that one."""

from __future__ import annotations

import threading
from typing import Any

#: What a message makes useless of those that wait: points come with all settings, settings alone.
_REPLACES: dict[str, tuple[str, ...]] = {
    "state": ("state", "settings"), "settings": ("settings",), "view": ("view",),
    "look": ("look",), "frame": ("frame",),
}  # fmt: skip


class Outbox:
    """Messages ``(session, op, ...)`` in their order. Methods may be called from any thread.

    A worker that is busy for seconds would else get every place that a dragged point went through.
    A message never overtakes one that is not of this kind, as a reset or a question: these may mean
    what was set before them.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[Any, ...] | None] = {}
        self._newest: dict[str, dict[str, int]] = {}  # by session and op: its number
        self._count = 0
        self._filled = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: tuple[Any, ...] | None) -> None:
        """Send it next but those that wait; None is the end."""
        with self._filled:
            self._count += 1
            if message is not None:
                sid, op = message[:2]
                if op in _REPLACES:
                    newest = self._newest.setdefault(sid, {})
                    for useless in _REPLACES[op]:
                        earlier = self._waiting.pop(newest.pop(useless, 0), None)
                        if op == "frame" and earlier is not None:
                            message = (sid, op, earlier[2] or message[2])  # at once
                    newest[op] = self._count
                else:
                    self._newest.pop(sid, None)
            self._waiting[self._count] = message
            self._filled.notify()

    def get(self) -> tuple[Any, ...] | None:
        """The next message, as soon as there is one."""
        with self._filled:
            self._filled.wait_for(lambda: self._waiting)
            number = next(iter(self._waiting))
            message = self._waiting.pop(number)
            if message is not None:
                sid, op = message[:2]
                newest = self._newest.get(sid, {})
                if newest.get(op) == number:
                    del newest[op]
                    if not newest:
                        del self._newest[sid]
            return message
