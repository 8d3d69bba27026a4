"""Many sessions at once, and points drawn while they train: what comes first, what waits."""

from __future__ import annotations

import time
from multiprocessing import Pipe

import numpy as np
import pytest

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveHub, hub, session
from levelset_core.live.session import WorkerSession
from levelset_core.live.state import PlaygroundState
from levelset_core.live.worker import TURN, Worker
from tests.live.decoding import decode_frame

POINTS = PointSet([[0.5, 0.5], [0.6, -0.4], [-0.5, -0.5], [-0.6, 0.4]], [1, 1, -1, -1])
MORE = PointSet(np.concatenate([POINTS.xy, [[0.0, 1.2]]]), [*POINTS.labels, -1])
MOVED = PointSet(np.concatenate([POINTS.xy[:3], [[-0.7, 0.5]]]), POINTS.labels)


@pytest.fixture
def training(small_state):
    """A session that has trained and shows its margins, which are then not measured again."""
    s = WorkerSession(small_state(points=POINTS, preset=None), 1, playing=True)
    s.attached_until = time.monotonic() + 60
    s.set_view({"field": 32, "overlays": ["margins"]})
    for _ in range(30):
        s._train_once()
    decode_frame(s.frame())
    s.sharing = 1000  # so that the next measurement is far away
    s._train_once()
    s._measure_due = 0.0
    decode_frame(s.frame())
    s._train_once()
    return s


def margins(s):
    return decode_frame(s.frame())[1]["margin", 0]


def test_a_point_drawn_while_training_waits_for_its_bar_and_the_others_keep_theirs(training):
    before = margins(training)
    state = training.state
    training.set_state(PlaygroundState(state.config, MORE), 2)
    now = margins(training)
    np.testing.assert_allclose(np.abs(now[:4]), np.abs(before))
    assert np.isnan(now[4])
    training._measure_due = 0.0
    assert np.isfinite(margins(training)).all()


def test_a_point_that_is_dragged_keeps_its_bar(training):
    before = margins(training)
    training.set_state(PlaygroundState(training.state.config, MOVED), 2)
    np.testing.assert_allclose(np.abs(margins(training)), np.abs(before))


def test_other_points_altogether_are_measured_at_once(training):
    other = PointSet(-POINTS.xy, POINTS.labels)
    training.set_state(PlaygroundState(training.state.config, other), 2)
    assert np.isfinite(margins(training)).all()


def test_points_change_nothing_of_a_paused_picture_but_what_is_measured(training):
    training.control("pause")
    training.set_state(PlaygroundState(training.state.config, MORE), 2)
    assert np.isfinite(margins(training)).all()


def test_on_which_side_a_point_is_is_always_of_now(training):
    trainer, before = training.trainers[0], margins(training)
    trainer.network.layers[-1].bias.data += 100.0  # F > 0 everywhere
    training._train_once()
    header, arrays = decode_frame(training.frame())
    assert (trainer.outputs() > 0).tolist() == [True, True, False, False]
    np.testing.assert_array_equal(arrays["margin", 0] > 0, POINTS.labels > 0)
    np.testing.assert_allclose(np.abs(arrays["margin", 0]), np.abs(before))
    assert header["panels"][0]["accuracy"] == 0.5


# -- turns ------------------------------------------------------------------------------------


def test_who_takes_seconds_a_step_lets_the_others_go_first(training, monkeypatch):
    monkeypatch.setattr(session.time, "thread_time", iter([0.0, 2.0]).__next__)
    training.sharing = 9
    training.advance(0.0)
    assert training.rest == pytest.approx(2.0 * 8 / session.MOST_SHARES, abs=0.1)
    assert training.step_due_in >= training.rest - 0.01
    training.sharing = 1  # they have gone
    assert training.rest == 0.0


def test_a_flood_of_messages_leaves_time_to_train(small_state):
    ours, theirs = Pipe()
    worker = Worker(theirs)
    state = small_state(points=POINTS, preset=None)
    worker._handle("a", "open", [state, 1, True, False])
    flood = worker.sessions["a"]

    def work(step):
        end = time.thread_time() + TURN / 4
        while time.thread_time() < end:
            pass

    flood.seek = work
    for step in range(100):
        ours.send(("a", "seek", step))
    worker._receive(0.0)
    left = 0
    while theirs.poll(0):
        theirs.recv()
        left += 1
    assert left > 50
    ours.close()
    theirs.close()


def test_a_picture_comes_after_a_turn_however_many_take_turns(training):
    training.frame_at, training.frame_after, training.frame_by = 10.0, 0.01, 100.0
    training.trained = 0.0
    assert not training.frame_due(50.0)  # no step since
    training.trained = 0.012
    assert training.frame_due(50.0) and not training.frame_due(9.0)
    assert training.frame_due(100.0)


@pytest.mark.parametrize(("sharing", "turns"), [(1, 4), (50, 2)])
def test_in_a_crowd_a_dear_picture_waits_for_two_turns(small_state, monkeypatch, sharing, turns):
    ours, theirs = Pipe()
    worker = Worker(theirs)
    worker._handle("a", "open", [small_state(points=POINTS, preset=None), 1, True, False])
    one = worker.sessions["a"]
    monkeypatch.setattr(one, "frame", lambda: time.sleep(0.1) or b"")
    one.sharing, one.frame_wanted, one.dirty = sharing, True, True
    worker._send_due("a", one)
    assert one.frame_after == pytest.approx(turns * TURN)
    ours.close()
    theirs.close()


def test_one_slow_measurement_does_not_put_the_next_one_off_for_minutes(training, monkeypatch):
    measure = training.trainers[0].measure

    def slow(*args, **kwargs):
        time.sleep(0.3)
        return measure(*args, **kwargs)

    monkeypatch.setattr(training.trainers[0], "measure", slow)
    training._measure_due = 0.0
    training.frame()
    assert training._measure_due - time.monotonic() <= session.MEASURE_LATEST


def test_a_crowd_gets_a_worker_more(monkeypatch):
    started = []
    monkeypatch.setattr(hub.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(hub.LiveHub, "_start", lambda self, home: started.append(home))
    many = LiveHub()
    for _ in range(hub.CROWD):
        many.create(PlaygroundState.default())
    assert set(started) == {0}
    for _ in range(hub.CROWD):
        many.create(PlaygroundState.default())
    homes = list(many._home.values())
    assert homes.count(0) == homes.count(1) == hub.CROWD
    few = LiveHub(hub.wanted_workers() or 1)
    for _ in range(2 * hub.CROWD):
        few.create(PlaygroundState.default())
    assert set(few._home.values()) == {0}


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_number_of_workers_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv(hub.WORKERS, text)
    with pytest.raises(LevelsetError, match=f"from 1 on, got '{text}'"):
        hub.wanted_workers()
    monkeypatch.setenv(hub.WORKERS, "3")
    assert hub.wanted_workers() == 3
