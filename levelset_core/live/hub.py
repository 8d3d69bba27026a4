"""The server's side of live sessions: a registry, the workers, and who listens to what."""

from __future__ import annotations

import functools
import hmac
import itertools
import logging
import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import Pipe
from typing import Any

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live.state import PlaygroundState
from levelset_core.paths import child_environment

logger = logging.getLogger(__name__)

#: Sessions kept; beyond it the one that was looked at least recently is dropped.
MAX_SESSIONS = 200
#: Rows of history kept a session; beyond it every second measured step goes.
MAX_HISTORY = 4000
CONTROLS = ("play", "pause", "step", "reset", "seed")

#: What a listener gets: a kind ("frame", "points", "news", "error") and its content.
Hear = Callable[[str, Any], None]


class LiveSession:
    """One playground as the server knows it. Methods may be called from any thread.

    Attributes:
        id: part of the page's address; unguessable.
        token: needed beside the id to open the live connection.
        state: settings and points.
        version: of the points; grows at every change of them.
        playing: whether training is meant to go on.
        news: the worker's last word: status, step, steps_per_second, lesson.
        history: rows of figures over steps.
        frame: the last picture.
        error: the last error, one sentence.
    """

    def __init__(self, hub: LiveHub, state: PlaygroundState, playing: bool) -> None:
        self.id = secrets.token_urlsafe(12)
        self.token = secrets.token_urlsafe(24)
        self.state = state
        self.version = 1
        self.playing = playing
        self.news: dict[str, Any] = {"status": "running" if playing else "paused", "step": 0}
        self.history: list[dict[str, Any]] = []
        self.frame: bytes | None = None
        self.error: str | None = None
        self.lesson: str | None = None
        self.seen = time.monotonic()
        self._hub = hub
        self._listeners: dict[int, Hear] = {}
        self._views: dict[int, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._ids = itertools.count(1)

    def allows(self, token: str) -> bool:
        """Whether ``token`` is this session's, compared in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    # -- changes -----------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Change some fields of the state, whatever others did to the rest meanwhile."""
        with self._lock:
            self.update(replace(self.state, **fields))

    def update(self, state: PlaygroundState) -> None:
        """Take a new state: settings at once, points with a new version."""
        with self._lock:
            moved = state.points != self.state.points
            self.state = state
            self.error = None
            if moved:
                self.version += 1
            self._send("state", state.to_dict(), self.version)
        if moved:
            self._tell("points", {"version": self.version, "points": state.points.to_rows()})

    def set_points(self, points: PointSet, version: int, client: int | None = None) -> int:
        """Take the points a browser drew; returns their version.

        A version that is not newer than ours lost a race against another browser: it still
        counts, under a new version that everybody is told.
        """
        with self._lock:
            late = version <= self.version
            self.version = self.version + 1 if late else version
            version = self.version
            # After a clear the points are a drawing, and the preset's fresh ones no test for it.
            preset = self.state.preset if len(points) else None
            self.state = replace(self.state, points=points, preset=preset)
            self._send("state", self.state.to_dict(), version)
        message = {"version": version, "points": points.to_rows()}
        self._tell("points", message, skip=None if late else client)
        return version

    def control(self, action: str) -> None:
        """play, pause, step, reset, or seed (a new one).

        Raises:
            LevelsetError: another action.
        """
        if action not in CONTROLS:
            raise LevelsetError(f"Unknown action {action!r}: choose one of {', '.join(CONTROLS)}.")
        with self._lock:
            self.error = None
            if action == "seed":
                seed = (self.state.config.seed + 1) % 2**31
                self.state = replace(self.state, config=replace(self.state.config, seed=seed))
                self._send("state", self.state.to_dict(), self.version)
                return
            if action != "reset":
                self.playing = action == "play"
            self._send("control", action)

    def check_lesson(self, lesson: str | None) -> None:
        """Have the worker check this lesson's goal; its word arrives in ``news["lesson"]``."""
        if lesson != self.lesson:
            self.lesson = lesson
            self.news.pop("lesson", None)
            self._send("lesson", lesson)

    def call(self, method: str, timeout: float = 5.0, **arguments: Any) -> Any:
        """Ask the worker: "explain", "probe" or "weights".

        Raises:
            LevelsetError: the worker refused, or gave no answer in time.
        """
        try:
            return self._hub.call(self, method, arguments, timeout)
        except TimeoutError as error:
            raise LevelsetError("The training process is busy: try again in a moment.") from error

    # -- listening ---------------------------------------------------------------------------

    def listen(self, listener: Hear) -> int:
        """Hear of frames, points, news and errors; returns the client's number."""
        with self._lock:
            client = next(self._ids)
            self._listeners[client] = listener
        self.look()
        return client

    def leave(self, client: int) -> None:
        """Stop listening."""
        with self._lock:
            self._listeners.pop(client, None)
            if self._views.pop(client, None) is not None:
                self._send_view()

    def look(self) -> None:
        """Somebody is looking: keep training."""
        self.seen = time.monotonic()
        self._send("look")

    def set_view(self, client: int, view: dict[str, Any]) -> None:
        """What one client wants drawn; the worker computes what any of them wants."""
        with self._lock:
            self._views[client] = view
            self.state = replace(self.state, overlays=tuple(view["overlays"]))
            self._send_view()

    def want_frame(self, *, at_once: bool = False) -> None:
        """Ask for the next picture; it comes when something has changed, or ``at_once``."""
        self._send("frame", at_once)

    def _send_view(self) -> None:
        views = list(self._views.values())
        if views:
            overlays = sorted({name for view in views for name in view["overlays"]})
            field = max(view["field"] for view in views)
            self._send("view", {"field": field, "overlays": overlays})

    def _send(self, op: str, *arguments: Any) -> None:
        self._hub.send(self, op, *arguments)

    def _tell(self, kind: str, content: Any, skip: int | None = None) -> None:
        with self._lock:
            listeners = [call for client, call in self._listeners.items() if client != skip]
        for listener in listeners:
            listener(kind, content)

    def _resume(self, worker: _WorkerProcess) -> None:
        """(Re)open this session on a worker, from its settings and points."""
        with self._lock:
            worker.send((self.id, "open", self.state.to_dict(), self.version, self.playing))
            self._send_view()
            if self.lesson:
                self._send("lesson", self.lesson)
            if self._listeners:
                self.want_frame(at_once=True)

    def _receive(self, kind: str, content: Any) -> None:
        """A message from the worker."""
        match kind:
            case "frame":
                self.frame = content
            case "news":
                with self._lock:
                    if content.pop("restart"):
                        self.history = []
                    self.history += content.pop("history")
                    if len(self.history) > MAX_HISTORY:
                        self.history = _every_second_step(self.history)
                    self.news = content
            case "error":
                self.playing = False
                self.error = content
        self._tell(kind, content)

    def _say(self, sentence: str) -> None:
        """Tell of a trouble that is none of this session's doing: it plays on."""
        self.error = sentence
        self._tell("error", sentence)


def _every_second_step(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Half of a history: every second measured step, the newest among them, with all panels."""
    kept = set(sorted({row["step"] for row in rows}, reverse=True)[::2])
    return [row for row in rows if row["step"] in kept]


class _WorkerProcess:
    """A worker process, the pipe to it, and two threads: one writes to it, one reads from it.

    Sending only queues, so nobody who holds a lock waits for a busy worker, while the worker may
    be waiting for the reader, and the reader for that lock.
    """

    def __init__(
        self,
        receive: Callable[[tuple[Any, ...]], None],
        died: Callable[[_WorkerProcess], None],
    ) -> None:
        self.spoke = False
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "levelset_core.live.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL, env=child_environment(1), pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is for the server; the worker ends with it
            )  # fmt: skip
        self._outbox: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
        self._writer = threading.Thread(
            target=self._write, name="levelset-worker-writer", daemon=True
        )
        self._reader = threading.Thread(
            target=self._read, args=(receive, died), name="levelset-worker-reader", daemon=True
        )
        self._writer.start()
        self._reader.start()

    def send(self, message: tuple[Any, ...]) -> None:
        """Send soon; what a worker that dies did not read is lost."""
        self._outbox.put(message)

    def close(self) -> None:
        """End the process, which has nothing to save."""
        self.process.kill()
        self._reader.join()

    def _write(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                self.connection.send(message)
            except OSError:
                return  # the process is gone, which the reader sees too

    def _read(
        self,
        receive: Callable[[tuple[Any, ...]], None],
        died: Callable[[_WorkerProcess], None],
    ) -> None:
        while True:
            try:
                message = self.connection.recv()
            except (EOFError, OSError):
                break
            self.spoke = True
            try:
                receive(message)
            except Exception:
                logger.exception("A message of the training process was dropped.")
        self.process.kill()
        self.process.wait()
        self._outbox.put(None)
        self._writer.join()
        self.connection.close()
        died(self)


class LiveHub:
    """All live sessions of this server and the workers that train them.

    Args:
        workers: processes; default: one a core but one, which is left to the server.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._count = workers or max(1, (os.cpu_count() or 2) - 1)
        self._workers: dict[int, _WorkerProcess] = {}
        self._sessions: dict[str, LiveSession] = {}
        self._home: dict[str, int] = {}
        self._calls: dict[int, Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._closed = False

    def create(self, state: PlaygroundState, *, playing: bool = True) -> LiveSession:
        """A new session; it trains at once unless ``playing`` is false."""
        with self._lock:
            while len(self._sessions) >= MAX_SESSIONS:
                self.drop(min(self._sessions.values(), key=lambda s: s.seen))
            session = LiveSession(self, state, playing)
            loads = {k: list(self._home.values()).count(k) for k in range(self._count)}
            home = min(loads, key=lambda k: loads[k])
            self._sessions[session.id], self._home[session.id] = session, home
            if home in self._workers:
                session._resume(self._workers[home])
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

    def drop(self, session: LiveSession) -> None:
        """End a session."""
        self.send(session, "close")
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

    def send(self, session: LiveSession, op: str, *arguments: Any) -> None:
        """A message to the session's worker."""
        worker = self._workers.get(self._home.get(session.id, -1))
        if worker is not None:
            worker.send((session.id, op, *arguments))

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
            self.send(session, "call", number, method, arguments)
            return future.result(timeout)
        finally:
            self._calls.pop(number, None)

    def _start(self, home: int) -> None:
        """Start a worker, which takes all sessions of its home."""
        worker = _WorkerProcess(self._receive, lambda dead: self._replace(home, dead))
        self._workers[home] = worker
        for session in self._at(home):
            session._resume(worker)

    def _replace(self, home: int, dead: _WorkerProcess) -> None:
        """A worker died: start another and put its sessions there, from step 0."""
        with self._lock:
            if self._closed:
                return
            del self._workers[home]
            sessions = self._at(home)
            if sessions and dead.spoke:
                self._start(home)
        sentence = "The training process ended and was started again."
        if not dead.spoke:  # nor would the next one
            sentence = "The training process does not start: the server's log says why."
        logger.warning(sentence)
        for session in sessions:
            session._say(sentence)

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
            return
        session = self._sessions.get(sid)
        if session is not None:
            session._receive(kind, content[0])


@functools.cache
def get_hub() -> LiveHub:
    """The hub of this process."""
    return LiveHub()
