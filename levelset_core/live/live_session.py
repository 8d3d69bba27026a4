"""One playground as the server knows it: its state, who looks at it, and what its worker said."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live.audience import Audience, Hear
from levelset_core.live.kept import KeptSession
from levelset_core.live.keys import Keys
from levelset_core.live.lessons import Lesson, Task
from levelset_core.live.state import PlaygroundState
from levelset_core.live.worker import WorkerProcess
from levelset_core.settings import choose

#: Rows of history kept a session; beyond it every second measured step goes.
MAX_HISTORY = 4000
#: Seconds after which who looked does not count as looking any more.
SEEN_OF_LATE = 15.0
#: Changes of the points that charts can mark.
MAX_MOVED = 200
CONTROLS = ("play", "pause", "step", "reset", "seed", "fast", "undo")
#: Changes of the settings that can be undone.
MAX_UNDO = 50

#: Asks a session's worker: (session, method, arguments, seconds to wait) -> its answer.
Ask = Callable[["LiveSession", str, dict[str, Any], float], Any]


class LiveSession:
    """One playground as the server knows it. Methods may be called from any thread.

    Attributes:
        id: part of the page's address; unguessable.
        token: needed beside the id to open the live connection.
        state: settings and points.
        version: of the points; grows at every change of them.
        settings_version: of everything else that a browser shows; grows at every change of it.
        playing: whether training is meant to go on.
        opening: whether the first browser shall press play: nobody has pressed anything yet.
        before: the states before the last changes of settings, for "undo"; the newest last.
        news: the worker's last word: status, step, steps_per_second, lesson.
        history: rows of figures over steps.
        moved_at: steps of that history at which the points changed.
        frame: the last picture.
        error: the last error, one sentence.
        lesson: the lesson that it is at.
        worker: the process that trains it; None while there is none.
        wake: has a worker take it up, where one is there.
        owner: whose it is; None on a local machine. Links let others take part, watch or copy it.
    """

    def __init__(
        self, ask: Ask, state: PlaygroundState, playing: bool, *, slow: bool = False,
        opening: bool = False, owner: str | None = None,
    ) -> None:  # fmt: skip
        self.owner = owner
        self.id = secrets.token_urlsafe(12)  # 16 letters
        self.token = secrets.token_urlsafe(24)
        self.state = state
        self.version = self.settings_version = 1
        self.playing = playing
        self.opening = opening
        self.before: list[PlaygroundState] = []
        self._slow = slow
        self.news: dict[str, Any] = {"status": "running" if playing else "paused", "step": 0}
        self.history: list[dict[str, Any]] = []
        self.moved_at: list[int] = []
        self.frame: bytes | None = None
        self.error: str | None = None
        self.lesson: Lesson | None = None
        self.seen = time.monotonic()
        self.worker: WorkerProcess | None = None
        self.wake: Callable[[LiveSession], None] | None = None
        self._ask = ask
        self.audience = Audience()
        self._lock = threading.RLock()

    @property
    def keys(self) -> Keys:
        """What the links to this session hold."""
        return Keys(self.id, self.token)

    @classmethod
    def restored(cls, ask: Ask, kept: KeptSession) -> LiveSession:
        """As it was kept on the disk: the same id, token, settings and points."""
        session = cls(
            ask, kept.state, kept.playing, slow=kept.slow, opening=kept.opening, owner=kept.owner
        )
        session.id, session.token, session.version = kept.id, kept.token, kept.version
        return session

    def keep(self) -> KeptSession:
        """What is to be kept of it on the disk."""
        with self._lock:
            return KeptSession(
                self.id, self.token, self.state, self.version, self.playing, self._slow,
                self.opening, self.owner,
            )  # fmt: skip

    @property
    def watched(self) -> bool:
        """Whether a browser is connected that was seen to look of late."""
        return bool(self.audience) and time.monotonic() - self.seen < SEEN_OF_LATE

    def allows(self, token: str) -> bool:
        """Whether ``token`` is this session's, compared in constant time."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def allows_watching(self, token: str) -> bool:
        """Whether ``token`` lets its holder look on, and change nothing."""
        return hmac.compare_digest(token.encode(), self.keys.watch_token.encode())

    # -- changes -----------------------------------------------------------------------------

    def change(self, **fields: Any) -> None:
        """Change some fields of the state, whatever others did to the rest meanwhile."""
        with self._lock:
            self.update(replace(self.state, **fields))

    def update(self, state: PlaygroundState) -> None:
        """Take a new state: settings at once, points with a new version."""
        with self._lock:
            moved = state.points != self.state.points
            if _settings(state) != _settings(self.state):
                self.before = [*self.before, self.state][-MAX_UNDO:]
            self.error = None
            self.version += moved
            self._take(state, moved=moved)
        if moved:
            self.audience.tell(
                "points", {"version": self.version, "points": state.points.to_rows()}
            )

    def set_points(self, points: PointSet, version: int, client: int | None = None) -> int:
        """Take the points a browser drew; returns their version.

        A version that is not newer lost a race against another browser: it still counts, under
        a new version that everybody is told.
        """
        with self._lock:
            late = version <= self.version
            self.version = self.version + 1 if late else version
            version = self.version
            # After a clear the points are a drawing, and the preset's fresh ones no test for it.
            preset = self.state.preset if len(points) else None
            self._take(replace(self.state, points=points, preset=preset), moved=True)
        message = {"version": version, "points": points.to_rows()}
        self.audience.tell("points", message, skip=None if late else client)
        return version

    def _take(self, state: PlaygroundState, *, moved: bool) -> None:
        """Keep a state and tell the worker: points, which may be many, only where they moved."""
        self._keep(state)
        if moved:
            if (step := self.news["step"]) and step not in self.moved_at[-1:]:
                self.moved_at = [*self.moved_at, step][-MAX_MOVED:]
            self.send("state", state, self.version)
        else:
            self.send("settings", replace(state, points=PointSet.empty()), self.version)

    def _keep(self, state: PlaygroundState) -> None:
        """Keep a state, and tell of what is shown beside the points, where that changes."""
        before, self.state = self.state, state
        if _shown(before) != _shown(state):
            self._tell_settings()

    def _tell_settings(self) -> None:
        self.settings_version += 1
        overlays = list(self.state.overlays)
        self.audience.tell("settings", {"version": self.settings_version, "overlays": overlays})

    def control(self, action: str) -> None:
        """play, pause, step, reset, seed (a new one), fast or undo.

        "fast" ends the slow beginning; "undo" takes the last change of settings back and starts
        again.

        Raises:
            LevelsetError: another action.
        """
        choose("action", action, CONTROLS)
        with self._lock:
            self.error = None
            self.opening = False
            if action == "undo":
                self._undo()
                return
            if action == "seed":
                seed = (self.state.config.seed + 1) % 2**31
                config = replace(self.state.config, seed=seed)
                self._take(replace(self.state, config=config), moved=False)
                return
            if action in ("fast", "reset"):
                self._slow = False
            if action not in ("fast", "reset"):
                self.playing = action == "play"
            self.send("control", action)

    def seek(self, step: int) -> None:
        """Stop, and look at the last moment kept up to ``step``; play goes on from there."""
        with self._lock:
            self.opening = self.playing = False
            self.send("seek", step)

    def _undo(self) -> None:
        if not self.before:
            raise LevelsetError("There is no change of the settings to undo.")
        *before, state = self.before
        points = self.state.points if state.preset == self.state.preset else state.points
        self.update(replace(state, overlays=self.state.overlays, points=points))
        self.before = before
        self.control("reset")
        self.control("play")

    def begin(self, lesson: Lesson) -> None:
        """Open a lesson's start untrained, slowly at first, and check its goals while it trains."""
        self.check_lesson(None)  # what is known of the goals is of other points
        self.update(lesson.start)
        self.control("reset")
        self._slow = True
        self.send("control", "slow")
        self.check_lesson(lesson)
        self.control("play")

    def check_lesson(self, lesson: Lesson | None) -> None:
        """Have the worker check this lesson's goals; its word arrives in ``news["lesson"]``."""
        self.lesson = lesson
        self.news.pop("lesson", None)
        self.send("lesson", Task.of(lesson) if lesson else None)
        self._tell_settings()

    def call(self, method: str, timeout: float = 5.0, **arguments: Any) -> Any:
        """Ask the worker: "explain", "probe", "weights", "picture" or "before_and_after".

        Raises:
            LevelsetError: the worker refused, or gave no answer in time.
        """
        self._be_awake()
        try:
            return self._ask(self, method, arguments, timeout)
        except TimeoutError as error:
            raise LevelsetError("The training process is busy: try again in a moment.") from error

    # -- listening ---------------------------------------------------------------------------

    def listen(self, listener: Hear, *, watching: bool = False) -> int:
        """Hear of all that happens; returns the client's number.

        Args:
            listener: is called from any thread.
            watching: whether it may only look on.
        """
        client = self.audience.join(listener, watching=watching)
        self.look()
        return client

    def leave(self, client: int) -> None:
        """Stop listening."""
        if self.audience.leave(client):
            self._send_view()

    def look(self) -> None:
        """Somebody is looking: keep training."""
        self.seen = time.monotonic()
        self._be_awake()
        self.send("look")

    def _be_awake(self) -> None:
        """Be open in a worker. Not under this session's lock: the hub's comes before it."""
        if self.worker is None and self.wake is not None:
            self.wake(self)

    def set_view(self, client: int, view: dict[str, Any]) -> None:
        """What one client wants drawn; the worker computes what any of them wants.

        Who only watches sees what the others chose last.
        """
        with self._lock:
            self.audience.draws(client, view)
            if not self.audience.watches(client):
                self._keep(replace(self.state, overlays=tuple(view["overlays"])))
            self._send_view()

    def want_frame(self, *, at_once: bool = False) -> None:
        """Ask for the next picture; it comes when something has changed, or ``at_once``."""
        self._be_awake()
        self.send("frame", at_once)

    def _send_view(self) -> None:
        if view := self.audience.view(self.state.overlays):
            self.send("view", view)

    def send(self, op: str, *arguments: Any) -> None:
        """A message to the worker; without one it is lost."""
        if (worker := self.worker) is not None:
            worker.send((self.id, op, *arguments))

    def resume(self, worker: WorkerProcess) -> None:
        """(Re)open this session on a worker, from its settings and points."""
        with self._lock:
            self.worker = worker
            self.send("open", self.state, self.version, self.playing, self._slow)
            self._send_view()
            if self.lesson:
                reached = (self.news.get("lesson") or {}).get("reached", 0)
                self.send("lesson", replace(Task.of(self.lesson), reached=reached))
            if self.audience:
                self.want_frame(at_once=True)

    def receive(self, kind: str, content: Any) -> None:
        """A message from the worker."""
        match kind:
            case "frame":
                self.frame = content
            case "news":
                with self._lock:
                    if content.pop("restart"):
                        self.history, self.moved_at = [], []
                    if (resumed := content.pop("resumed")) is not None:
                        self.history = [r for r in self.history if r["step"] <= resumed]
                        self.moved_at = [step for step in self.moved_at if step <= resumed]
                    self.history += content.pop("history")
                    if len(self.history) > MAX_HISTORY:
                        self.history = _every_second_step(self.history)
                    self.news = content
            case "error":
                self.playing = False
                self.error = content
        self.audience.tell(kind, content)

    def say(self, sentence: str) -> None:
        """Tell of a trouble that is none of this session's doing: it plays on."""
        self.error = sentence
        self.audience.tell("error", sentence)


def _settings(state: PlaygroundState) -> PlaygroundState:
    """What "undo" goes back to: all but the view, and the points that somebody drew."""
    return replace(state, overlays=(), points=PointSet.empty())


def _shown(state: PlaygroundState) -> tuple[Any, ...]:
    """What the browsers of a session show of a state beside its points; in which order does not
    count: each browser says its own, and the page would run again.
    """
    return state.config, state.compare, state.preset, frozenset(state.overlays)


def _every_second_step(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Half of a history: every second measured step, the newest among them, with all panels."""
    kept = set(sorted({row["step"] for row in rows}, reverse=True)[::2])
    return [row for row in rows if row["step"] in kept]
