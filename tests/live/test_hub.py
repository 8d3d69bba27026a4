"""A hub with one worker process, for real: one for the whole module."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from dataclasses import replace

import pytest

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveHub, live_session, worker
from levelset_core.live import hub as module
from levelset_core.live.lessons import bundled_lessons
from tests.live.decoding import decode_frame

POINTS = PointSet([[0.5, 0.5], [-0.5, -0.5]], [1, -1])
LESSON = bundled_lessons()["sure-is-not-safe"]
MORE = PointSet([[0.5, 0.5], [-0.5, -0.5], [0, 1]], [1, -1, 1])


@pytest.fixture(scope="module")
def hub():
    hub = LiveHub(1)
    yield hub
    hub.close()
    assert hub.processes() == []
    left = [t.name for t in threading.enumerate() if t.name.startswith("levelset-worker")]
    assert left == []


@pytest.fixture
def create(hub, small_state):
    sessions = []

    def build(*, playing=True, **settings):
        sessions.append(hub.create(small_state(**settings), playing=playing))
        return sessions[-1]

    yield build
    for session in sessions:
        hub.drop(session)


class Ear:
    """Hears a session as a browser does."""

    def __init__(self, session):
        self.heard = []
        self.session = session
        self.client = session.listen(lambda kind, content: self.heard.append((kind, content)))

    def all(self, kind):
        return [content for k, content in list(self.heard) if k == kind]

    def wait(self, kind, wanted=lambda content: True, seconds=60.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for content in self.all(kind):
                if wanted(content):
                    return content
            time.sleep(0.005)
        raise AssertionError(f"no such {kind} in {seconds} s: {self.heard[-3:]}")

    def step(self):
        """The step that the session stands at, asked for now."""
        self.heard.clear()
        self.session.want_frame(at_once=True)
        return decode_frame(self.wait("frame"))[0]["panels"][0]["step"]


def wait_until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_it_trains_and_pictures_come_on_demand_alone(create):
    session = create()
    ear = Ear(session)
    news = ear.wait("news", lambda news: news["step"] > 5)
    assert news["status"] == "running" and ear.all("frame") == []
    assert session.history and session.history[-1]["loss"] > 0
    session.want_frame()
    header, arrays = decode_frame(ear.wait("frame"))
    assert header["panels"][0]["step"] > 5 and arrays["field", 0].shape == (128, 128)
    time.sleep(0.3)
    assert len(ear.all("frame")) == 1
    session.leave(ear.client)
    ear.heard.clear()
    session.want_frame()
    time.sleep(0.3)
    assert ear.heard == []


def test_two_sessions_both_advance(create):
    ears = [Ear(create()), Ear(create())]
    first = [ear.step() for ear in ears]
    for ear, step in zip(ears, first, strict=True):
        ear.wait("news", lambda news, step=step: news["step"] > step + 20)


def test_controls(create):
    session = create(playing=False)
    ear = Ear(session)
    assert ear.step() == 0
    session.control("step")
    assert ear.step() == 1 and not session.playing
    session.control("play")
    assert session.playing
    ear.wait("news", lambda news: news["step"] > 3)
    session.control("pause")
    paused = ear.step()
    assert ear.step() == paused and not session.playing
    session.control("reset")
    assert ear.step() == 0
    session.control("seed")
    assert session.state.config.seed == 1 and ear.step() == 0
    with pytest.raises(LevelsetError, match="Unknown action 'fly'"):
        session.control("fly")


def test_settings_reach_the_worker_and_the_others_do_not_get_lost(create):
    session = create(playing=False)
    ear = Ear(session)
    session.change(config=replace(session.state.config, depth=1))
    session.change(compare=True)
    session.want_frame(at_once=True)
    header, _ = decode_frame(ear.wait("frame", lambda f: len(decode_frame(f)[0]["panels"]) == 4))
    assert session.state.config.depth == 1 and session.state.compare
    assert header["panels"][0]["objective"] == "cross_entropy"
    assert session.version == 1 and ear.all("points") == []  # the points did not change


def test_a_slider_sends_the_settings_and_points_travel_only_when_they_changed(create, monkeypatch):
    session = create(playing=False, count=2000)
    ear, sent = Ear(session), []
    send = session.send
    monkeypatch.setattr(session, "send", lambda *message: (sent.append(message), send(*message)))
    session.change(config=replace(session.state.config, epsilon=0.4))
    session.control("seed")
    assert [op for op, *_ in sent] == ["settings", "settings"]
    assert all(len(pickle.dumps(message)) < 2000 for message in sent)
    session.want_frame(at_once=True)
    header, _ = decode_frame(ear.wait("frame", lambda f: decode_frame(f)[0]["epsilon"] == 0.4))
    assert header["version"] == 1 and header["status"] == "paused"  # not "empty": it has its points
    sent.clear()
    session.set_points(POINTS, 2, ear.client)
    assert sent[0][0] == "state" and sent[0][1].points == POINTS


def test_points_have_versions(create):
    session = create(playing=False)
    mine, other = Ear(session), Ear(session)
    assert session.set_points(POINTS, 5, mine.client) == 5
    assert session.state.points == POINTS and session.version == 5
    message = {"version": 5, "points": POINTS.to_rows()}
    assert other.all("points") == [message] and mine.all("points") == []
    # One that lost a race counts, under a new version, and everybody is told.
    assert session.set_points(MORE, 5, mine.client) == 6
    assert other.all("points")[-1]["version"] == mine.all("points")[-1]["version"] == 6
    session.change(points=POINTS)
    assert session.version == 7 and mine.all("points")[-1] == {**message, "version": 7}
    session.change(points=PointSet(POINTS.xy, POINTS.labels))  # the same ones
    assert session.version == 7
    session.want_frame(at_once=True)
    wanted = mine.wait("frame", lambda f: decode_frame(f)[0]["version"] == 7)
    assert decode_frame(wanted)[0]["panels"][0]["step"] == 0


def test_clearing_the_points_makes_them_a_drawing(create):
    session = create()
    ear = Ear(session)
    session.set_points(PointSet.empty(), 2, ear.client)
    assert session.state.preset is None
    ear.wait("news", lambda news: news["status"] == "empty")
    session.set_points(POINTS, 3, ear.client)
    ear.wait("news", lambda news: news["status"] == "running")


def test_an_error_pauses_its_session_alone(hub, create):
    good, bad = create(), create()
    ears = Ear(good), Ear(bad)
    bad.send("state", {"version": 1, "config": {"depth": 99}}, 2)
    sentence = ears[1].wait("error")
    assert sentence == bad.error == "depth must be 0 to 8, got 99."
    assert not bad.playing
    ears[1].wait("news", lambda news: news["status"] == "paused" and not news["playing"])
    step = ears[0].step()
    ears[0].wait("news", lambda news: news["step"] > step)
    assert good.error is None and good.playing and ears[0].all("error") == []
    bad.control("play")
    assert bad.error is None
    ears[1].heard.clear()
    ears[1].wait("news", lambda news: news["status"] == "running")


def test_a_killed_worker_is_replaced_and_its_sessions_go_on(hub, create):
    playing, paused = create(), create(playing=False)
    ears = Ear(playing), Ear(paused)
    playing.check_lesson(LESSON)
    playing.set_view(ears[0].client, {"field": 24, "overlays": ["margins"]})
    ears[0].wait("news", lambda news: news["step"] > 3 and news["lesson"])
    (pid,) = hub.processes()
    playing.set_points(MORE, 9)
    os.kill(pid, signal.SIGKILL)
    for ear in ears:
        assert "started again" in ear.wait("error")
        ear.heard.clear()
    assert hub.processes() != [pid]
    playing.want_frame(at_once=True)
    news = ears[0].wait("news", lambda news: news["step"] > 0 and news["lesson"])
    assert news["playing"] and playing.playing and news["lesson"]["id"] == LESSON.id
    header, arrays = decode_frame(ears[0].wait("frame"))
    assert header["version"] == 9
    assert arrays["field", 0].shape == (24, 24) and arrays["margin", 0].shape == (3,)
    assert all(row["step"] <= playing.news["step"] for row in playing.history)
    assert ears[1].step() == 0 and not paused.playing


def test_a_worker_that_cannot_start_is_not_started_for_ever(small_state, monkeypatch, caplog):
    monkeypatch.setattr(worker.sys, "executable", "/bin/false")
    hub = LiveHub(1)
    session = hub.create(small_state())
    sentence = "The training process does not start: the server's log says why."
    wait_until(lambda: session.error == sentence)
    assert not hub.well
    assert hub.processes() == []
    session.control("play")  # goes nowhere, and harms nobody
    hub.close()


def test_questions(create):
    session = create(playing=False)
    assert set(session.call("probe", panel=0, x=0.1, y=0.2)) == {
        "value", "gradient", "distance", "foot",
    }  # fmt: skip
    assert session.call("explain", panel=0, index=2).index == 2
    assert session.call("weights", panel=0)["layers.0.weight"].shape == (8, 2)
    with pytest.raises(LevelsetError, match="no point 99"):
        session.call("explain", panel=0, index=99)
    with pytest.raises(LevelsetError, match="no panel 3"):
        session.call("weights", panel=3)


def test_a_question_without_an_answer_ends(hub, create):
    session = create()
    (pid,) = hub.processes()
    Ear(session).wait("news")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(LevelsetError, match="busy: try again"):
            session.call("probe", timeout=0.1, panel=0, x=0.0, y=0.0)
        # A worker that does not read holds up nobody, however much is sent.
        start = time.monotonic()
        for version in range(10, 60):
            session.set_points(PointSet(MORE.xy.repeat(300, 0), MORE.labels.repeat(300)), version)
        assert time.monotonic() - start < 5
    finally:
        os.kill(pid, signal.SIGCONT)
    session.set_points(POINTS, 1000)
    assert session.call("probe", timeout=30, panel=0, x=0.0, y=0.0)
    assert hub._calls == {}


def test_the_views_of_all_clients_are_drawn(create):
    session = create(playing=False)
    one, two = Ear(session), Ear(session)
    session.set_view(one.client, {"field": 16, "overlays": ["margins"]})
    session.set_view(two.client, {"field": 48, "overlays": ["motion"]})
    session.want_frame(at_once=True)
    _, arrays = decode_frame(one.wait("frame", lambda f: ("motion", 0) in decode_frame(f)[1]))
    assert arrays["field", 0].shape == (48, 48) and ("margin", 0) in arrays
    assert session.state.overlays == ("motion",)
    session.leave(two.client)
    one.heard.clear()
    session.want_frame(at_once=True)
    _, arrays = decode_frame(one.wait("frame"))
    assert arrays["field", 0].shape == (16, 16) and ("motion", 0) not in arrays


def test_history_restarts_with_the_network_and_stays_bounded(create, monkeypatch):
    session = create(compare=True)
    ear = Ear(session)
    wait_until(lambda: len({row["step"] for row in session.history}) > 2)
    monkeypatch.setattr(live_session, "MAX_HISTORY", 8)
    wait_until(lambda: len(session.history) <= 8)
    steps = [row["step"] for row in session.history]
    # What is left has all four panels of its steps.
    assert all(steps.count(step) == 4 for step in steps) and len(set(steps)) > 0
    assert [row["panel"] for row in session.history[:4]] == [0, 1, 2, 3]
    highest = max(steps)
    session.change(points=MORE)
    assert session.moved_at[-1] >= highest  # for a mark in the charts
    session.control("reset")
    session.control("pause")
    ear.wait("news", lambda news: news["status"] == "paused")
    assert all(row["step"] < highest for row in session.history) and session.moved_at == []


@pytest.mark.parametrize("count", [1, 2, 9, 10])
def test_thinning_keeps_every_second_step_and_the_newest(count):
    rows = [{"step": s, "panel": p} for s in range(count) for p in range(4)]
    kept = live_session._every_second_step(rows)
    assert {row["step"] for row in kept} == set(range(count - 1, -1, -2))
    assert [row["panel"] for row in kept] == [0, 1, 2, 3] * ((count + 1) // 2)


def test_the_least_looked_at_session_makes_room(hub, create, monkeypatch):
    old, kept = create(playing=False), create(playing=False)
    old.look()
    kept.look()
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    new = create(playing=False)
    assert hub.get(old.id) is None
    assert hub.get(kept.id) is kept and hub.get(new.id) is new
    assert hub.get(None) is None and hub.get("") is None
    old.control("play")  # a browser that still shows it does no harm


def test_ids_and_tokens_are_their_own(create):
    one, two = create(playing=False), create(playing=False)
    assert one.id != two.id and len(one.id) >= 16
    assert one.allows(one.token)
    assert not one.allows(two.token) and not one.allows("") and not one.allows("ü")


def test_warming_up_starts_every_worker_once_and_closing_ends_them(hub):
    (pid,) = hub.processes()
    hub.warm_up()
    assert hub.processes() == [pid]
    idle = LiveHub(1)
    idle.warm_up()
    (pid,) = idle.processes()
    start = time.monotonic()
    idle.close()
    assert time.monotonic() - start < 5
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_weaker_keys_open_less_and_tell_nothing_of_the_others(hub, create):
    session, other = create(playing=False), create(playing=False)
    keys = session.keys
    assert hub.watched(keys.watch) is session and hub.copied(keys.copy) is session
    assert hub.get(keys.watch) is None and hub.watched(keys.copy) is None
    assert session.allows_watching(keys.watch_token) and not session.allows(keys.watch_token)
    assert not session.allows_watching(keys.token)
    secrets = [text for k in (keys, other.keys) for text in (k.watch, k.watch_token, k.copy, k.id)]
    assert len(set(secrets)) == len(secrets)


def test_people_are_counted_as_they_come_and_go(create):
    session = create(playing=False)
    ear = Ear(session)
    watchers = [session.listen(lambda kind, content: None, watching=True) for _ in range(3)]
    assert ear.all("people")[-1] == {"watching": 3, "taking_part": 1}
    for client in watchers:
        session.leave(client)
    assert ear.all("people")[-1] == {"watching": 0, "taking_part": 1}


def test_all_hear_of_settings_but_only_of_new_ones(create):
    session = create(playing=False)
    ear = Ear(session)
    config = session.state.config
    session.change(config=replace(config, seed=77))
    session.change(config=replace(config, seed=77))
    session.update(replace(session.state, points=MORE))  # points have a message of their own
    assert [heard["version"] for heard in ear.all("settings")] == [2]
    session.set_view(ear.client, {"field": 32, "overlays": ["balls"]})
    assert ear.all("settings")[-1] == {"version": 3, "overlays": ["balls"]}


def test_who_watches_does_not_choose_what_is_drawn(create):
    session = create(playing=False)
    leader = Ear(session)
    session.set_view(leader.client, {"field": 32, "overlays": ["margins"]})
    watcher = session.listen(lambda kind, content: None, watching=True)
    session.set_view(watcher, {"field": 16, "overlays": ["motion"]})
    assert session.state.overlays == ("margins",)
    leader.heard.clear()
    session.want_frame(at_once=True)
    _, arrays = decode_frame(leader.wait("frame"))
    assert not any(name == "motion" for name, _ in arrays)


def test_overlays_in_another_order_are_no_change_of_the_settings(hub, create):
    session = create()
    client = session.listen(lambda kind, content: None)
    before = session.settings_version
    session.set_view(client, {"field": 32, "overlays": list(reversed(session.state.overlays))})
    assert session.settings_version == before
    session.set_view(client, {"field": 32, "overlays": ["field"]})
    assert session.settings_version == before + 1
