"""The server's side of live sessions: all of them, and the workers that train them."""

from __future__ import annotations

import atexit
import functools
import itertools
import logging
import os
import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.live.kept import KeptSession, KeptSessions, kept_sessions
from levelset_core.live.live_session import LiveSession
from levelset_core.live.state import PlaygroundState
from levelset_core.live.worker import WorkerProcess

logger = logging.getLogger(__name__)

#: Sessions kept; beyond it the one that was looked at least recently is dropped.
MAX_SESSIONS = 200
#: From so many sessions on, a worker more: the server's own core has time to spare.
CROWD = 4
#: Workers of one home that may end, one after the other, before they have said a word.
STARTS = 3
#: The environment's number of training processes.
WORKERS = "LEVELSET_WORKERS"
#: Seconds between two looks at what changed, to keep it on the disk.
KEEP_EVERY = 0.5


class LiveHub:
    """All live sessions of this server and the workers that train them.

    Args:
        workers: processes; default: one a core but one, which is left to the server until
            ``CROWD`` sessions are open.
        kept: where sessions are kept on the disk; None keeps none.
    """

    def __init__(self, workers: int | None = None, kept: KeptSessions | None = None) -> None:
        cores = os.cpu_count() or 2
        self._count = workers or max(1, cores - 1)
        self._most = workers or cores
        self._workers: dict[int, WorkerProcess] = {}
        self._sessions: dict[str, LiveSession] = {}
        self._home: dict[str, int] = {}
        self._calls: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._closed = False
        self._startless = 0
        self._kept, self._written = kept, dict[str, KeptSession]()
        self._unwritable = False
        self._ending = threading.Event()
        if kept is not None:
            threading.Thread(target=self._keep_all, name="levelset-keep", daemon=True).start()

    def create(
        self, state: PlaygroundState, *, playing: bool = True, slow: bool = False,
        opening: bool = False, owner: str | None = None,
    ) -> LiveSession:  # fmt: skip
        """A new session.

        Args:
            state: what it starts from.
            playing: whether it trains at once.
            slow: take the first steps slowly enough to be seen.
            opening: have the first browser press play.
            owner: whose it is.

        Raises:
            LevelsetError: ``MAX_SESSIONS`` are looked at.
        """
        session = LiveSession(self.call, state, playing, slow=slow, opening=opening, owner=owner)
        with self._lock:
            self._add(session)
            self._wake(session)
        logger.info("session opened", extra={"sessions": len(self._sessions), "owner": owner})
        return session

    def _add(self, session: LiveSession) -> None:
        """Take a session in; of too many the one goes that was looked at least recently."""
        while len(self._sessions) >= MAX_SESSIONS:
            oldest = min(self._sessions.values(), key=lambda s: s.seen)
            if oldest.watched:
                raise LevelsetError(
                    f"{MAX_SESSIONS} playgrounds are open on this server, and it has room for no "
                    "more: try again later."
                )
            self.drop(oldest)
        if len(self._sessions) >= CROWD:
            self._count = self._most
        loads = {k: list(self._home.values()).count(k) for k in range(self._count)}
        home = min(loads, key=lambda k: loads[k])
        self._sessions[session.id], self._home[session.id] = session, home
        if home not in self._workers:
            self._start(home)
        session.wake = self._wake

    def _wake(self, session: LiveSession) -> None:
        """Have its worker open it, if that has not happened yet."""
        with self._lock:
            worker = self._workers.get(self._home.get(session.id, -1))
            if session.worker is None and worker is not None and not self._closed:
                session.resume(worker)

    def warm_up(self) -> None:
        """Start the workers before somebody needs them: their imports take seconds."""
        with self._lock:
            for home in range(self._count):
                if home not in self._workers and not self._closed:
                    self._start(home)

    def get(self, session_id: str | None) -> LiveSession | None:
        """The session of that id, if it still runs, or was kept on the disk.

        Raises:
            LevelsetError: ``MAX_SESSIONS`` are looked at.
        """
        with self._lock:
            session = self._sessions.get(session_id or "")
            if session is None and session_id and self._kept is not None and not self._closed:
                if (kept := self._kept.read(session_id)) is None:
                    return None
                session = LiveSession.restored(self.call, kept)
                self._add(session)
                self._written[session.id] = kept
            if session is not None:
                self._wake(session)
        return session

    def watched(self, key: str | None) -> LiveSession | None:
        """The session that a link with this key only watches."""
        return next((s for s in list(self._sessions.values()) if s.keys.watch == key), None)

    def joined(self, key: str | None) -> LiveSession | None:
        """The session that a link with this key takes part in."""
        return next((s for s in list(self._sessions.values()) if s.keys.joint == key), None)

    def copied(self, key: str | None) -> LiveSession | None:
        """The session that a link with this key copies."""
        return next((s for s in list(self._sessions.values()) if s.keys.copy == key), None)

    def drop(self, session: LiveSession) -> None:
        """End a session."""
        session.send("close")
        session.worker = session.wake = None
        with self._lock:
            self._keep(session)
            self._written.pop(session.id, None)
            self._sessions.pop(session.id, None)
            self._home.pop(session.id, None)

    def close(self) -> None:
        """Keep all sessions, and end all workers."""
        self._ending.set()
        with self._lock:
            self._closed = True
            for session in self._sessions.values():
                self._keep(session)
            workers = list(self._workers.values())
            self._workers.clear()
        for worker in workers:  # not under the lock, which their readers may be waiting for
            worker.close()

    def sessions(self) -> list[LiveSession]:
        """All that run here."""
        return list(self._sessions.values())

    @property
    def well(self) -> bool:
        """Whether sessions can be trained: every worker lives, and the last one did start."""
        with self._lock:
            workers = list(self._workers.values())
        lives = all(worker.process.poll() is None for worker in workers)
        return lives and not self._closed and self._startless < STARTS

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
        """Start a worker, which takes those sessions of its home that somebody looks at.

        The others wait until somebody does: they would only hold those up.
        """
        worker = WorkerProcess(self._receive, lambda dead: self._replace(home, dead))
        self._workers[home] = worker
        for session in self._at(home):
            if session.watched:
                session.resume(worker)

    def _replace(self, home: int, dead: WorkerProcess) -> None:
        """A worker died: start another and put its sessions there, from step 0."""
        with self._lock:
            if self._closed:
                return
            del self._workers[home]
            self._startless = 0 if dead.spoke else self._startless + 1
            starts = self._startless < STARTS
            sessions = self._at(home)
            for session in sessions:
                session.worker = None
            if sessions and starts:
                self._start(home)
        sentence = "The training process ended and was started again."
        if not starts:  # nor would the next one
            sentence = "The training process does not start: the server's log says why."
        logger.warning(sentence)
        for session in sessions:
            session.say(sentence)

    def _keep_all(self) -> None:
        """Keep what changed, again and again until the end."""
        assert self._kept is not None
        self._kept.prune()
        while not self._ending.wait(KEEP_EVERY):
            for session in list(self._sessions.values()):
                self._keep(session)

    def _keep(self, session: LiveSession) -> None:
        if self._kept is None:
            return
        now, before = session.keep(), self._written.get(session.id)
        if (
            before is not None
            and before.state is now.state
            and replace(before, slow=now.slow) == now
        ):
            return
        try:
            self._kept.write(now)
        except OSError as error:
            if not self._unwritable:
                logger.warning("Sessions are not kept on the disk: %s", error)
            self._unwritable = True
        else:
            self._written[session.id] = now

    def _at(self, home: int) -> list[LiveSession]:
        return [s for s in self._sessions.values() if self._home[s.id] == home]

    def _receive(self, message: tuple[Any, ...]) -> None:
        self._startless = 0
        sid, kind, *content = message
        if kind in ("result", "failed"):
            future = self._calls.pop(content[0], None)
            if future is not None and kind == "result":
                future.set_result(content[1])
            elif future is not None:
                future.set_exception(LevelsetError(content[1]))
        elif session := self._sessions.get(sid):
            session.receive(kind, content[0])


def wanted_workers() -> int | None:
    """``$LEVELSET_WORKERS``, each about 400 MB; None where nothing is asked for.

    Raises:
        LevelsetError: it is no whole number from 1 on.
    """
    text = os.environ.get(WORKERS)
    if not text:
        return None
    if not (text.isdecimal() and int(text) > 0):
        raise LevelsetError(f"{WORKERS} is a whole number from 1 on, got {text!r}.")
    return int(text)


_making = threading.Lock()


def get_hub() -> LiveHub:
    """The hub of this process; made once, whoever asks first."""
    with _making:
        return _hub()


@functools.cache
def _hub() -> LiveHub:
    hub = LiveHub(wanted_workers(), kept_sessions())
    atexit.register(hub.close)
    return hub
