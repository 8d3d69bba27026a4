"""Live sessions on the disk, and what a worker does first after another one died."""

import json
import os
import signal

import pytest

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live import hub as module
from levelset_core.live.hub import LiveHub
from levelset_core.live.kept import KeptSessions, kept_sessions
from tests.live.test_hub import Ear, wait_until

POINTS = PointSet([[0.5, 0.5], [-0.5, -0.5], [0.1, 0.2]], [1, -1, 1])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "sessions"


@pytest.fixture
def start(folder):
    """Starts a server's hub; ``start(folder)`` again is the server after it."""
    hubs = []

    def build():
        hubs.append(LiveHub(1, KeptSessions(folder)))
        return hubs[-1]

    yield build
    for hub in hubs:
        hub.close()


def test_a_server_that_was_started_again_has_them(start, small_state):
    first = start()
    session = first.create(small_state(epsilon=0.2), playing=False)
    session.set_points(POINTS, 7)
    first.close()
    second = start()
    again = second.get(session.id)
    assert again is not session and again is second.get(session.id)
    assert again.state == session.state and again.state.points == POINTS
    assert (again.version, again.playing) == (7, False)
    assert again.allows(session.token)
    again.control("play")
    Ear(again).wait("news", lambda news: news["step"] > 2)


def test_they_are_written_while_the_server_lives(start, folder, small_state):
    hub = start()
    session = hub.create(small_state(), playing=False)
    path = folder / f"{session.id}.json"
    wait_until(path.exists)
    session.set_points(POINTS, 3)
    wait_until(lambda: json.loads(path.read_text())["version"] == 3)
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["{", "[" * 200_000, "{}", '{"token": "short", "state": {}}'])
def test_what_is_damaged_is_no_session(start, folder, damage):
    folder.mkdir()
    (folder / "aaaaaaaaaaaaaaaa.json").write_text(damage)
    assert start().get("aaaaaaaaaaaaaaaa") is None


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "x" * 5000, "aaaaaaaaaaaaaaaa"])
def test_names_of_no_session(start, name):
    assert start().get(name) is None


def test_where_the_folder_cannot_be_written_sessions_live_on(
    start, monkeypatch, small_state, caplog
):
    def refuse(self, session):
        raise OSError("Read-only file system")

    monkeypatch.setattr(KeptSessions, "write", refuse)
    hub = start()
    session = hub.create(small_state())
    wait_until(lambda: "not kept" in caplog.text)
    Ear(session).wait("news", lambda news: news["step"] > 0)


def test_too_many_and_old_ones_are_removed(folder, start, small_state, monkeypatch):
    hub = start()
    ids = [hub.create(small_state(), playing=False).id for _ in range(4)]
    hub.close()
    os.utime(folder / f"{ids[0]}.json", (0, 0))
    monkeypatch.setattr("levelset_core.live.kept.MOST", 2)
    KeptSessions(folder).prune()
    assert len(list(folder.iterdir())) == 2 and not (folder / f"{ids[0]}.json").exists()


def test_the_setting_turns_it_off(monkeypatch, tmp_path):
    monkeypatch.setenv("LEVELSET_SESSIONS", "off")
    assert kept_sessions() is None
    monkeypatch.setenv("LEVELSET_SESSIONS", str(tmp_path))
    assert kept_sessions().folder == tmp_path


def test_no_room_is_told_where_all_are_looked_at(start, small_state, monkeypatch):
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    hub = start()
    ears = [Ear(hub.create(small_state(), playing=False)) for _ in range(2)]
    with pytest.raises(LevelsetError, match="2 playgrounds are open on this server"):
        hub.create(small_state())
    ears[0].session.leave(ears[0].client)
    left = ears[0].session
    hub.create(small_state())  # takes the place of who does not look
    assert left.worker is None
    assert hub.get(ears[1].session.id) is ears[1].session


def test_after_a_worker_died_the_next_opens_what_is_looked_at(start, small_state):
    hub = start()
    left = [hub.create(small_state()) for _ in range(5)]
    watched = Ear(hub.create(small_state()))
    watched.wait("news", lambda news: news["step"] > 0)
    (pid,) = hub.processes()
    os.kill(pid, signal.SIGKILL)
    assert "started again" in watched.wait("error")
    watched.heard.clear()

    def trains():
        watched.session.want_frame()  # as a page that is looked at does
        return any(news["step"] > 0 for news in watched.all("news"))

    wait_until(trains)
    assert all(session.worker is None for session in left)
    Ear(left[0]).wait("news", lambda news: news["step"] > 0)
    assert all(session.worker is None for session in left[1:])


@pytest.mark.slow
def test_two_hundred_lose_nothing_and_one_more_is_told(start, small_state):
    hub = start()
    ears = [Ear(hub.create(small_state(), playing=k % 2 == 0)) for k in range(module.MAX_SESSIONS)]
    sessions = [ear.session for ear in ears]
    with pytest.raises(LevelsetError, match="200 playgrounds are open on this server"):
        hub.create(small_state())
    for k, session in enumerate(sessions):
        session.set_points(PointSet([[0.5, k / 1000], [-0.5, -0.5]], [1, -1]), 5)
    for ear in ears[::20]:
        assert ear.step() >= 0  # each is still served
    assert all(hub.get(session.id) is session for session in sessions)
    hub.close()
    again = start()
    for k, session in enumerate(sessions):
        found = again.get(session.id)
        assert found.state.points.xy[0, 1] == pytest.approx(k / 1000) and found.version == 5
