"""One worker's loop, in this process, over a real pipe."""

from __future__ import annotations

import itertools
import time
from multiprocessing import Pipe

import pytest

from levelset_core.live.worker import LINGER, Worker
from tests.live.decoding import decode_frame


class _EnoughError(Exception):
    pass


class Hub:
    """The other end: sends, lets the worker run until it has read all, and sorts its answers."""

    def __init__(self):
        self.connection, theirs = Pipe()
        self.worker = Worker(theirs)
        self.heard = []

    def send(self, *message):
        self.connection.send(message)

    def run(self, seconds=0.0, *, until=None):
        """Turns of the worker's loop, for so long or until this is true; keeps what it sent."""
        start, turns = time.monotonic(), itertools.count(1)
        self.heard = []

        def receive(wait):
            Worker._receive(self.worker, min(wait, 0.01))
            self._listen()
            elapsed = time.monotonic() - start
            assert elapsed < 60, self.heard
            if next(turns) >= 6 and (until() if until else elapsed >= seconds):
                raise _EnoughError

        self.worker._receive = receive
        with pytest.raises(_EnoughError):
            self.worker.run()

    def _listen(self):
        while self.connection.poll(0):
            self.heard.append(self.connection.recv())

    def of(self, sid, kind):
        return [content for s, k, *content in self.heard if (s, k) == (sid, kind)]


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    hub.connection.close()
    hub.worker.connection.close()


def test_pictures_come_when_asked_for_and_something_changed(hub, small_state):
    hub.send("a", "open", small_state().to_dict(), 1, True, False)

    def frames():
        return len(hub.of("a", "frame"))

    hub.run(0.1)
    assert frames() == 0 and hub.of("a", "news")
    hub.send("a", "frame", False)
    hub.run(until=frames)
    hub.run(0.1)
    assert frames() == 0  # one a request
    hub.send("a", "control", "pause")
    hub.send("a", "frame", False)
    hub.run(until=frames)  # the pause itself is a change
    hub.send("a", "frame", False)
    hub.run(0.2)
    assert frames() == 0
    hub.send("a", "frame", True)  # at once
    hub.run(until=frames)


def test_nobody_looks_nobody_trains(hub, small_state):
    hub.send("a", "open", small_state().to_dict(), 1, True, False)
    hub.run(0.05)
    session = hub.worker.sessions["a"]
    assert 0 < session.attached_until - time.monotonic() <= LINGER
    session.attached_until = time.monotonic()
    before = session.trainers[0].step
    hub.run(0.1)
    assert session.trainers[0].step == before > 0 and session.playing
    hub.send("a", "look")
    hub.run(until=lambda: session.trainers[0].step > before)


def test_an_error_pauses_its_session_alone(hub, small_state):
    hub.send("a", "open", small_state().to_dict(), 1, True, False)
    hub.send("b", "open", small_state().to_dict(), 1, True, False)
    hub.run(0.05)
    impossible = {**small_state().to_dict(), "config": {"depth": 99}}
    hub.send("a", "state", impossible, 2)
    hub.run(0.1)
    assert hub.of("a", "error") == [["depth must be 0 to 8, got 99."]]
    a, b = hub.worker.sessions["a"], hub.worker.sessions["b"]
    assert not a.playing and b.playing
    assert hub.of("a", "news")[-1][0]["status"] == "paused"
    before = b.trainers[0].step
    hub.run(until=lambda: b.trainers[0].step > before)
    assert hub.of("a", "error") == []


def test_an_unforeseen_error_is_told_and_traced_and_not_repeated_forever(hub, small_state, capfd):
    hub.send("a", "open", small_state().to_dict(), 1, True, False)
    hub.run(0.05)
    session = hub.worker.sessions["a"]

    def broken(always):
        raise ZeroDivisionError("by zero")

    session._measure = broken
    hub.send("a", "frame", True)
    hub.run(0.3)  # once by the picture, once by the news of the pause
    assert hub.of("a", "error") == [["Training stopped: by zero"]] * 2
    assert not session.playing
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_an_impossible_state_opens_no_session(hub, small_state):
    hub.send("a", "open", {"version": 9}, 1, True, False)
    hub.send("a", "control", "play")
    hub.run()
    assert hub.worker.sessions == {}
    assert "version 9" in hub.of("a", "error")[0][0]


def test_questions_are_answered_or_refused(hub, small_state, capfd):
    hub.send("a", "open", small_state().to_dict(), 1, False, False)
    hub.send("a", "call", 1, "probe", {"panel": 0, "x": 0.0, "y": 0.0})
    hub.send("a", "call", 2, "explain", {"panel": 0, "index": 99})
    hub.send("a", "call", 3, "probe", {"place": 0})
    hub.run()
    ((number, answer),) = hub.of("a", "result")
    assert number == 1 and set(answer) == {"value", "gradient", "distance", "foot"}
    (_, refused), (_, wrong) = hub.of("a", "failed")
    assert refused == "There is no point 99: there are 20."
    assert "place" in wrong and "TypeError" in capfd.readouterr().err


def test_however_many_sessions_there_are_all_take_turns(hub, small_state):
    names = [f"s{k}" for k in range(30)]
    for sid in names:
        hub.send(sid, "open", small_state(count=4).to_dict(), 1, True, False)
    sessions = hub.worker.sessions

    def steps():
        return [s.trainers[0].step for s in sessions.values()]

    hub.run(until=lambda: len(sessions) == len(names))  # the first ones train meanwhile
    for session in sessions.values():
        session.attached_until = float("inf")
    before = steps()

    def made():
        return [now - then for now, then in zip(steps(), before, strict=True)]

    hub.run(until=lambda: min(made()) >= 4)
    assert min(made()) >= max(made()) / 2
    assert {s.sharing for s in sessions.values()} == {30}
    assert {s.status for s in sessions.values()} == {"running"}


def test_a_session_that_nobody_looks_at_takes_no_turn(hub, small_state):
    for sid in "ab":
        hub.send(sid, "open", small_state(count=4).to_dict(), 1, True, False)
    hub.run(0.1)
    left, watched = hub.worker.sessions.values()
    left.attached_until = 0.0
    steps, goal = left.trainers[0].step, watched.trainers[0].step + 5
    hub.run(until=lambda: watched.trainers[0].step >= goal)
    assert left.trainers[0].step == steps and watched.sharing == 1


def test_a_pause_that_comes_in_another_sessions_turn_counts_at_once(hub, small_state, monkeypatch):
    for sid in "ab":
        hub.send(sid, "open", small_state(count=4).to_dict(), 1, True, False)
    hub.run(0.1)
    first, second = hub.worker.sessions.values()
    monkeypatch.setattr(first, "advance", lambda seconds: hub.send("b", "control", "pause"))
    steps = []
    control = second.control
    monkeypatch.setattr(
        second, "control", lambda action: (control(action), steps.append(second.trainers[0].step))
    )
    hub.run(0.2)
    assert steps and second.trainers[0].step == steps[0]


def test_a_slow_session_leaves_the_processor_alone(hub, small_state):
    hub.send("a", "open", small_state(speed=5).to_dict(), 1, True, False)
    hub.run(0.1)
    cpu = time.process_time()
    hub.run(0.5)
    assert time.process_time() - cpu < 0.25
    assert 1 <= hub.worker.sessions["a"].trainers[0].step <= 6


def test_a_version_and_a_view_reach_the_picture(hub, small_state):
    hub.send("a", "open", small_state().to_dict(), 1, False, False)
    hub.send("a", "state", small_state(count=6).to_dict(), 41)
    hub.send("a", "view", {"field": 24, "overlays": ["margins"]})
    hub.send("a", "frame", True)
    hub.run(until=lambda: hub.of("a", "frame"))
    ((data,),) = hub.of("a", "frame")
    header, arrays = decode_frame(data)
    assert header["version"] == 41
    assert arrays["field", 0].shape == (24, 24) and arrays["margin", 0].shape == (6,)


def test_it_ends_when_the_hub_hangs_up(hub):
    hub.connection.close()
    with pytest.raises(EOFError):
        hub.worker.run()
