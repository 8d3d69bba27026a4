"""The way of a slider of the playground to the loss, as docs/architecture.md describes it."""

import queue
import sys
from multiprocessing import Pipe
from pathlib import Path

import pytest

from levelset_core.live import LiveSession, PlaygroundState
from levelset_core.live.worker import Worker, WorkerProcess
from levelset_core.playground import PlaygroundConfig
from pages.playground import settings

ROOT = Path(__file__).resolve().parents[2]
WALK = {
    "pages/playground/settings.py",
    "levelset_core/playground/config.py",
    "levelset_core/live/state.py",
    "levelset_core/live/live_session.py",
    "levelset_core/live/worker.py",
    "levelset_core/live/session.py",
    "levelset_core/playground/trainer.py",
    "levelset_core/losses/margin.py",
}
#: What every part of the house stands on.
GROUND = ("levelset_core/settings.py", "levelset_core/levelsets", "levelset_core/networks",
          "levelset_core/data", "levelset_core/losses/labels.py", "levelset_core/losses/finder.py",
          "levelset_core/random.py", "pages/shared",
          # Where a search for level set points starts.
          "levelset_core/playground/contour_starts.py", "levelset_core/geometry/plane.py",
          # It only remembers what was: nothing is decided there.
          "levelset_core/live/timeline.py", "levelset_core/live/audience.py")  # fmt: skip


class Here(WorkerProcess):
    """A worker without a process of its own."""

    def __init__(self):
        self.connection, theirs = Pipe()
        self.worker = Worker(theirs)
        self._outbox = queue.SimpleQueue()

    def carry(self):
        """All messages through the pipe, and a few steps of training."""
        self._outbox.put(None)
        self._write()
        self.worker._receive(0.0)
        for session in self.worker.sessions.values():
            session.control("step")


@pytest.mark.skipif(sys.getprofile() is not None, reason="somebody else is looking")
def test_a_slider_enters_eight_files_on_its_way_to_the_loss(monkeypatch):
    config = PlaygroundConfig(objective="margin_l2")
    default = PlaygroundState.default()
    session = LiveSession(
        lambda *question: None, PlaygroundState(config, default.points, default.preset), False
    )
    worker = Here()
    session.resume(worker)
    worker.carry()
    entered = set()

    def look(frame, event, argument):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            entered.add(path.relative_to(ROOT).as_posix())

    monkeypatch.setattr(settings, "_chosen", lambda name: 0.33)
    sys.setprofile(look)
    try:
        settings._set_config(session, "epsilon")
        worker.carry()
    finally:
        sys.setprofile(None)
    (inside,) = worker.worker.sessions.values()
    assert inside.trainers[0].config.epsilon == 0.33 and inside.trainers[0].step == 2
    house = {p for p in entered if p.startswith(("levelset_core/", "pages/"))}
    assert {path for path in house if not path.startswith(GROUND)} == WALK
    worker.connection.close()
    worker.worker.connection.close()
