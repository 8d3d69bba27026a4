"""The server's side of live sessions: all of them, and the workers that train them."""

from __future__ import annotations

import functools
import itertools
import logging
import os
import threading
from concurrent.futures import Future
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.live.live_session import LiveSession
from levelset_core.live.state import PlaygroundState
from levelset_core.live.worker import WorkerProcess

logger = logging.getLogger(__name__)

#: Sessions kept; beyond it the one that was looked at least recently is dropped.
MAX_SESSIONS = 200


class LiveHub:
    """All live sessions of this server and the workers that train them.

    Args:
        workers: processes; default: one a core but one, which is left to the server.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._count = workers or max(1, (os.cpu_count() or 2) - 1)
        self._workers: dict[int, WorkerProcess] = {}
        self._sessions: dict[str, LiveSession] = {}
        self._home: dict[str, int] = {}
        self._calls: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._closed = False

    def create(
        self, state: PlaygroundState, *, playing: bool = True, slow: bool = False,
        opening: bool = False,
    ) -> LiveSession:  # fmt: skip
        """A new session.

        Args:
            state: what it starts from.
            playing: whether it trains at once.
            slow: take the first steps slowly enough to be seen.
            opening: have the first browser press play.
        """
        with self._lock:
            while len(self._sessions) >= MAX_SESSIONS:
                self.drop(min(self._sessions.values(), key=lambda s: s.seen))
            session = LiveSession(self.call, state, playing, slow=slow, opening=opening)
            loads = {k: list(self._home.values()).count(k) for k in range(self._count)}
            home = min(loads, key=lambda k: loads[k])
            self._sessions[session.id], self._home[session.id] = session, home
            if home in self._workers:
                session.resume(self._workers[home])
            else:
                self._start(home)
        return session

    def warm_up(self) -> None:
        """Start the workers before somebody needs them: their imports take seconds."""
        with self._lock:
            for home in range(self._count):
                if home not in self._workers:
                    self._start(home)

    def get(self, session_id: str | None) -> LiveSession | None:
        """The session of that id, if it still runs."""
        return self._sessions.get(session_id or "")

    def watched(self, key: str | None) -> LiveSession | None:
        """The session that a link with this key only watches."""
        return next((s for s in list(self._sessions.values()) if s.keys.watch == key), None)

    def copied(self, key: str | None) -> LiveSession | None:
        """The session that a link with this key copies."""
        return next((s for s in list(self._sessions.values()) if s.keys.copy == key), None)

    def drop(self, session: LiveSession) -> None:
        """End a session."""
        session.send("close")
        session.worker = None
        with self._lock:
            self._sessions.pop(session.id, None)
            self._home.pop(session.id, None)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._closed = True
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:  # not under the lock, which their readers may be waiting for
            worker.close()

    def processes(self) -> list[int]:
        """The workers' process ids."""
        with self._lock:
            return [worker.process.pid for worker in self._workers.values()]

    def call(
        self, session: LiveSession, method: str, arguments: dict[str, Any], timeout: float
    ) -> Any:
        """What a method of the worker's session returns.

        Raises:
            LevelsetError: the worker refused.
            TimeoutError: it did not answer in time.
        """
        number, future = next(self._numbers), Future[Any]()
        self._calls[number] = future
        try:
            session.send("call", number, method, arguments)
            return future.result(timeout)
        finally:
            self._calls.pop(number, None)

    def _start(self, home: int) -> None:
        """Start a worker, which takes all sessions of its home."""
        worker = WorkerProcess(self._receive, lambda dead: self._replace(home, dead))
        self._workers[home] = worker
        for session in self._at(home):
            session.resume(worker)

    def _replace(self, home: int, dead: WorkerProcess) -> None:
        """A worker died: start another and put its sessions there, from step 0."""
        with self._lock:
            if self._closed:
                return
            del self._workers[home]
            sessions = self._at(home)
            for session in sessions:
                session.worker = None
            if sessions and dead.spoke:
                self._start(home)
        sentence = "The training process ended and was started again."
        if not dead.spoke:  # nor would the next one
            sentence = "The training process does not start: the server's log says why."
        logger.warning(sentence)
        for session in sessions:
            session.say(sentence)

    def _at(self, home: int) -> list[LiveSession]:
        return [s for s in self._sessions.values() if self._home[s.id] == home]

    def _receive(self, message: tuple[Any, ...]) -> None:
        sid, kind, *content = message
        if kind in ("result", "failed"):
            future = self._calls.pop(content[0], None)
            if future is not None and kind == "result":
                future.set_result(content[1])
            elif future is not None:
                future.set_exception(LevelsetError(content[1]))
        elif session := self._sessions.get(sid):
            session.receive(kind, content[0])


@functools.cache
def get_hub() -> LiveHub:
    """The hub of this process."""
    return LiveHub()
