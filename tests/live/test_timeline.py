"""Moments of a training: how many, how large, and that it goes on from them bit for bit."""

import time
from dataclasses import replace

import pytest
import torch

from levelset_core.data import PointSet
from levelset_core.live import timeline
from levelset_core.live.session import WorkerSession
from levelset_core.live.timeline import MAX_MOMENTS, Timeline
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer


@pytest.fixture(autouse=True)
def time_for_all(monkeypatch):
    monkeypatch.setattr(timeline, "MAX_SHARE", float("inf"))


@pytest.fixture
def session(small_state):
    def build(**settings):
        session = WorkerSession(small_state(**settings), 1, False)
        session.attached_until = time.monotonic() + 60
        return session

    return build


def steps(session, count):
    for _ in range(count):
        session._train_once()


def weights(session):
    return [p.clone() for t in session.trainers for p in t.network.parameters()]


def equal(some, others):
    return all(torch.equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.mark.parametrize(
    "settings", [{"objective": "margin_l2"}, {"compare": True}, {"objective": "geometric_svm"}]
)
def test_from_here_again_is_bit_exact(session, settings):
    s = session(**settings)
    steps(s, 13)
    there = weights(s)
    steps(s, 9)
    end = weights(s)
    s.seek(13)
    assert s.trainers[0].step == 13 and equal(weights(s), there) and not s.playing
    s.seek(22)
    assert equal(weights(s), end)  # the newest is kept
    s.seek(13)
    steps(s, 9)
    assert equal(weights(s), end)


def test_looking_back_changes_nothing_until_it_goes_on(session):
    s = session()
    steps(s, 10)
    s.news()
    s.seek(4)
    assert s.news()["history"] == [] and s.news()["resumed"] is None
    assert s._timeline.newest == 10
    s.control("step")
    news = s.news()
    assert news["resumed"] == 4 and news["step"] == 5
    assert s._timeline.newest == 5


def test_the_learning_rate_of_now_stays_in_force(session):
    s = session()
    steps(s, 6)
    s.set_state(replace(s.state, config=replace(s.state.config, learning_rate=0.02)), 1)
    s.seek(3)
    assert s.trainers[0].optimizer.param_groups[0]["lr"] == 0.02


def test_other_points_meanwhile_are_no_error(session):
    s = session(objective="margin_linf")
    steps(s, 6)
    points = PointSet([[0.5, 0.5], [-0.5, -0.5]], [1, -1])
    s.set_state(replace(s.state, points=points, preset=None), 2)
    s.seek(3)
    steps(s, 2)
    assert s.trainers[0].step == 5


def test_it_keeps_within_its_bytes_and_both_ends(small_state):
    config = PlaygroundConfig(width=32, depth=2)
    trainer = PlaygroundTrainer(config, small_state().points, device=torch.device("cpu"))
    moments = Timeline(max_bytes=400_000)
    for step in range(200):
        trainer.step = step
        moments.keep([trainer], None, now=step == 199)
    assert sum(m.size for m in moments.moments) <= 400_000
    kept = [m.step for m in moments.moments]
    assert kept[0] == 0 and kept[-1] == 199 and len(kept) >= 8
    assert all(step % moments.every == 0 for step in kept[:-1])


def test_it_keeps_so_many_at_most(small_state):
    config = PlaygroundConfig(width=2, depth=1)
    trainer = PlaygroundTrainer(config, small_state().points, device=torch.device("cpu"))
    moments = Timeline()
    for step in range(2000):
        trainer.step = step
        moments.keep([trainer], None, now=False)
    assert MAX_MOMENTS / 2 <= len(moments.moments) <= MAX_MOMENTS


def test_a_new_beginning_forgets(session):
    s = session()
    steps(s, 5)
    s.control("reset")
    assert s._timeline.newest == 0 and len(s._timeline.moments) == 1


def test_where_keeping_takes_too_long_moments_lie_further_apart(session, monkeypatch):
    monkeypatch.setattr(timeline, "MAX_SHARE", 0.0)
    s = session()
    steps(s, 20)
    kept = [m.step for m in s._timeline.moments]
    assert kept == [0, 1, 2, 4, 8, 16]
    s.seek(11)
    assert s.trainers[0].step == 8 and s._timeline.newest == 20
