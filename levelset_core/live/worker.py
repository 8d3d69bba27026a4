"""Both ends of a worker's pipe: the process as the hub sees it, and the loop inside it.

The process trains the sessions that it is given, in turns, and sends pictures and news. It ends
when the hub does.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import torch

from levelset_core.errors import LevelsetError
from levelset_core.live.outbox import Outbox
from levelset_core.live.session import WorkerSession, turns
from levelset_core.live.state import PlaygroundState
from levelset_core.paths import child_environment

logger = logging.getLogger(__name__)

#: What the process runs; behind it stands the number of its end of the pipe.
START = "from levelset_core.live.worker import main; main()"
#: Seconds of training a turn: short, so that a click waits no longer for an answer. Messages are
#: read for as long at most before somebody trains.
TURN = 0.012
#: Seconds between two pictures of a session (the browser interpolates), and between two news.
FRAME_EVERY = 1 / 60
NEWS_EVERY = 0.4
#: Shares of the time that pictures and news may take; beyond them they come less often. Where
#: sessions take turns, half of these, so that more than half is left for steps.
FRAME_SHARE = 0.4
NEWS_SHARE = 0.1
#: No picture and no news is later than this, however long the last one took, in seconds.
LONGEST_WAIT = 4.0
#: A picture waits for so many turns of training at most; where more than so many sessions take
#: turns, a turn of all takes a second, and a picture waits for fewer.
MOST_TURNS, CROWD, MOST_TURNS_IN_A_CROWD = 4, 10, 2
#: A session that nobody looks at trains on for this long.
LINGER = 20.0
#: Seconds to wait for messages at most while nobody trains.
IDLE = 0.05


class WorkerProcess:
    """A worker process, the pipe to it, and two threads: one writes to it, one reads from it.

    Sending only queues, so nobody who holds a lock waits for a busy worker, while the worker may
    be waiting for the reader, and the reader for that lock.
    """

    def __init__(
        self, receive: Callable[[tuple[Any, ...]], None], died: Callable[[WorkerProcess], None]
    ) -> None:
        self.spoke = False
        self.connection, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, str(theirs.fileno())],
                stdin=subprocess.DEVNULL, env=child_environment(1), pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is for the server; the worker ends with it
            )  # fmt: skip
        self._outbox = Outbox()
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
        self, receive: Callable[[tuple[Any, ...]], None], died: Callable[[WorkerProcess], None]
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


class Worker:
    """The loop of one worker process over its sessions."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.sessions: dict[str, WorkerSession] = {}

    def run(self) -> None:
        """Serve until the hub hangs up."""
        while True:
            self._receive(min([IDLE, *(session.step_due_in for session in self._running())]))
            running = self._running()
            for sid, session in list(self.sessions.items()):
                if sid not in self.sessions:
                    continue  # closed meanwhile
                with self._reported(sid):
                    session.sharing = len(running)
                    if session.wants_to_train and not session.rest:  # or paused meanwhile
                        session.trained += session.advance(TURN)
                if running:
                    self._receive(0.0)
                with self._reported(sid):
                    if sid in self.sessions:
                        self._send_due(sid, session)

    def _running(self) -> list[WorkerSession]:
        return [s for s in self.sessions.values() if s.wants_to_train]

    def _receive(self, wait: float) -> None:
        end = time.thread_time() + TURN  # of the processor: on a busy machine others have the rest
        while time.thread_time() < end and self.connection.poll(wait):
            sid, op, *arguments = self.connection.recv()
            with self._reported(sid):
                self._handle(sid, op, arguments)
            wait = 0.0

    def _handle(self, sid: str, op: str, arguments: list[Any]) -> None:
        if op == "open":
            state, version, playing, slow = arguments
            self.sessions[sid] = WorkerSession(_read(state), version, playing, slow=slow)
            self.sessions[sid].attached_until = time.monotonic() + LINGER
            return
        session = self.sessions.get(sid)
        if session is None:
            return
        match op:
            case "close":
                del self.sessions[sid]
            case "state":
                session.set_state(_read(arguments[0]), arguments[1])
            case "settings":
                state = replace(arguments[0], points=session.state.points)
                session.set_state(state, arguments[1])
            case "control":
                session.control(*arguments)
            case "seek":
                session.seek(*arguments)
            case "view":
                session.set_view(*arguments)
            case "lesson":
                session.set_lesson(*arguments)
            case "frame":
                session.frame_wanted = True
                session.dirty |= arguments[0]
            case "look":
                session.attached_until = time.monotonic() + LINGER
            case "call":
                self._answer(sid, session, *arguments)
        if op in ("state", "settings", "control", "seek", "lesson"):
            session.news_due = 0.0

    def _answer(
        self, sid: str, session: WorkerSession, call: int, method: str, kwargs: Any
    ) -> None:
        try:
            result = getattr(session, method)(**kwargs)
        except Exception as error:
            self.connection.send((sid, "failed", call, _sentence(error)))
        else:
            self.connection.send((sid, "result", call, result))

    def _send_due(self, sid: str, session: WorkerSession) -> None:
        now = time.monotonic()
        if session.frame_wanted and session.dirty and session.frame_due(now):
            self.connection.send((sid, "frame", session.frame()))
            begin = now + session.measuring
            session.frame_at = now + FRAME_EVERY
            after = (time.monotonic() - begin) * (1 / FRAME_SHARE - 1)
            most = MOST_TURNS_IN_A_CROWD if session.sharing > CROWD else MOST_TURNS
            session.frame_after = min(after, most * TURN)  # a first picture waits for imports
            session.frame_by = self._next_due(begin, FRAME_EVERY, FRAME_SHARE)
            session.trained = 0.0
        now, due = time.monotonic(), session.news_due
        if now >= due and (session.wants_to_train or due == 0.0):
            session.news_due = now + NEWS_EVERY  # what fails is not tried again at once
            self.connection.send((sid, "news", session.news(measure=due > 0.0)))
            session.news_due = self._next_due(now, NEWS_EVERY, NEWS_SHARE)

    @contextmanager
    def _reported(self, sid: str) -> Iterator[None]:
        """Turns an error in one session into a pause and a sentence; the others go on."""
        try:
            yield
        except (EOFError, OSError):
            raise
        except Exception as error:
            session = self.sessions.get(sid)
            if session is not None and session.playing:
                session.playing = False
                session.news_due = 0.0  # tell at once that it is paused
            self.connection.send((sid, "error", _sentence(error)))

    def _next_due(self, begin: float, every: float, share: float) -> float:
        """When to do again, for each session looked at, what has taken since ``begin``."""
        looked_at = sum(s.attached_until > begin for s in self.sessions.values())
        wait = turns(looked_at) * (time.monotonic() - begin) / share
        return begin + min(max(every, wait), LONGEST_WAIT)


def _read(state: PlaygroundState | dict[str, Any]) -> PlaygroundState:
    """The hub's states were checked when they were made; plain values are checked now."""
    return state if isinstance(state, PlaygroundState) else PlaygroundState.from_dict(state)


def _sentence(error: Exception) -> str:
    """What a person is told; the trace of what nobody foresaw goes to the log."""
    if isinstance(error, LevelsetError):
        return str(error)
    traceback.print_exception(error)
    return f"Training stopped: {error}"


def main() -> None:
    """Serve the hub at the other end of the pipe."""
    torch.set_num_threads(1)
    with suppress(EOFError, OSError), Connection(int(sys.argv[1])) as connection:
        Worker(connection).run()
    os._exit(0)  # nothing to save, and torch's threads are slow to end
