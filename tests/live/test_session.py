from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live.lessons import Task, bundled_lessons
from levelset_core.live.session import WorkerSession
from levelset_core.live.state import OVERLAYS
from levelset_core.playground import FIGURE_1
from tests.live.decoding import decode_frame


@pytest.fixture
def session(small_state):
    def build(*, playing=True, **settings):
        session = WorkerSession(small_state(**settings), 1, playing)
        session.attached_until = time.monotonic() + 60
        return session

    return build


def steps(session):
    return [trainer.step for trainer in session.trainers]


def test_controls(session):
    s = session()
    s.advance(0.02)
    assert s.playing and s.status == "running" and steps(s)[0] > 0
    before = steps(s)[0]
    s.control("step")
    assert not s.playing and s.status == "paused" and steps(s) == [before + 1]
    s.control("play")
    assert s.playing
    s.control("pause")
    assert not s.playing and not s.wants_to_train
    s.control("reset")
    assert steps(s) == [0] and not s.playing


def test_it_trains_while_somebody_looks_and_there_are_points(session):
    s = session()
    assert s.wants_to_train
    s.attached_until = time.monotonic() - 1
    assert not s.wants_to_train
    empty = session(points=PointSet.empty())
    assert not empty.wants_to_train and empty.status == "empty"
    empty.control("step")  # nothing to step on is no error
    assert steps(empty) == [0]


def test_speed_limits_the_steps(session):
    s = session(speed=20)
    start = time.monotonic()
    while time.monotonic() < start + 0.5:
        time.sleep(s.step_due_in)
        s.advance(0.01)
    assert 3 <= steps(s)[0] <= 13  # one more to begin with
    s.set_state(replace(s.state, config=replace(s.state.config, speed=0)), 1)
    s.advance(0.01)
    assert s.step_due_in == 0.0


def test_the_panels_of_figure_1_train_in_step_from_the_same_weights(session):
    s = session(compare=True)
    assert [t.config.objective for t in s.trainers] == list(FIGURE_1)
    first, *others = (torch.cat([p.flatten() for p in t.network.parameters()]) for t in s.trainers)
    assert all(torch.equal(first, other) for other in others)
    s.advance(0.02)
    assert len(set(steps(s))) == 1 and steps(s)[0] > 0


@pytest.mark.parametrize(
    ("change", "restarts"),
    [({"epsilon": 0.4}, False), ({"objective": "hinge"}, False), ({"depth": 1}, True),
     ({"seed": 3}, True)],
)  # fmt: skip
def test_settings_change_with_or_without_a_restart(session, change, restarts):
    s = session()
    s.advance(0.02)
    s.news()
    before = steps(s)[0]
    s.set_state(replace(s.state, config=replace(s.state.config, **change)), 2)
    assert steps(s)[0] == (0 if restarts else before)
    assert s.version == 2
    s.advance(0.005)
    assert s.news()["restart"] is restarts


def test_drawing_changes_the_points_without_a_restart(session):
    s = session()
    s.advance(0.02)
    s.news()
    before = steps(s)[0]
    s.set_state(replace(s.state, points=PointSet([[0.5, 0.5], [-0.5, 0]], [1, -1])), 7)
    header, arrays = decode_frame(s.frame())
    assert header["version"] == 7 and steps(s)[0] == before
    s.set_view({"field": 32, "overlays": ["margins"]})
    _, arrays = decode_frame(s.frame())
    assert arrays["margin", 0].shape == (2,)
    assert s.news()["restart"] is False


def test_a_lesson_shows_what_was_before_the_first_change_of_points_too(session):
    s = session()
    s.set_lesson(Task.of(bundled_lessons()["what-a-level-set-is"]))
    s.advance(0.02)
    first, more = s.state.points, PointSet([[0.5, 0.5], [-0.5, 0]], [1, -1])
    s.set_state(replace(s.state, points=more), 7)
    s.set_state(replace(s.state, points=PointSet([[0.5, 0.5]], [1])), 8)
    (_, before), (_, after) = s.before_and_after()
    assert before == first.to_rows() and len(after) == 1


# -- news --------------------------------------------------------------------------------------


def test_history_tells_every_measured_step_once(session):
    s = session(compare=True)
    first = s.news()
    assert first["restart"] and first["history"] == [] and first["step"] == 0
    s.advance(0.01)
    news = s.news()
    assert not news["restart"]
    assert [row["panel"] for row in news["history"]] == [0, 1, 2, 3]
    for row, trainer in zip(news["history"], s.trainers, strict=True):
        m = trainer.measure()
        assert row["step"] == trainer.step and row["loss"] == trainer.loss
        assert (row["accuracy"], row["held_out"]) == (m.accuracy, m.held_out)
        assert row["margin_min"] == pytest.approx(m.margin_min)
        assert row["margin_median"] == pytest.approx(m.margin_median)
        assert (row["residual"], row["converged"]) == (m.residual, m.converged)
    assert s.news()["history"] == []  # no step since


def test_a_reset_restarts_the_history_even_at_the_same_step(session):
    s = session()
    s.control("step")
    assert [row["step"] for row in s.news()["history"]] == [1]
    s.control("reset")
    s.control("step")
    news = s.news()
    assert news["restart"] and [row["step"] for row in news["history"]] == [1]


def test_a_lesson_is_checked_until_it_is_left(session):
    s = session()
    assert s.news()["lesson"] is None
    s.set_lesson(Task.of(bundled_lessons()["sure-is-not-safe"]))
    told = s.news()["lesson"]
    assert (told["id"], told["reached"], told["done"]) == ("sure-is-not-safe", 0, False)
    assert told["figures"]["objective"] == s.state.config.objective
    s.set_lesson(None)
    assert s.news()["lesson"] is None


def test_no_points_no_figures(session):
    s = session(points=PointSet.empty())
    s.set_lesson(Task.of(bundled_lessons()["sure-is-not-safe"]))
    news = s.news()
    assert (news["status"], news["history"], news["lesson"]) == ("empty", [], None)
    s.trainers[0].loss = 0.5  # of points that are gone
    s.set_view({"field": 16, "overlays": list(OVERLAYS)})
    header, arrays = decode_frame(s.frame())
    assert list(arrays) == [("field", 0)] and header["status"] == "empty"
    assert header["panels"][0]["accuracy"] is None and header["panels"][0]["loss"] is None


# -- pictures ----------------------------------------------------------------------------------


def test_a_picture_shows_the_trainer_as_it_is(session):
    s = session(learning_rate=1e-2)
    for _ in range(25):  # not seconds: the same picture on every machine
        s.control("step")
    s.set_view({"field": 32, "overlays": list(OVERLAYS)})
    header, arrays = decode_frame(s.frame())
    (trainer,), (panel,) = s.trainers, header["panels"]
    m = trainer.measure(32, record=True)
    n = len(s.state.points)
    np.testing.assert_allclose(
        arrays["field", 0] * panel["scale"], trainer.field(32), atol=panel["scale"]
    )
    np.testing.assert_allclose(arrays["margin", 0], m.margins, atol=1e-6)
    np.testing.assert_allclose(arrays["output", 0], m.outputs, atol=1e-6)
    np.testing.assert_allclose(arrays["foot", 0], m.feet, atol=1e-6)
    assert arrays["flag", 0].shape == (n,)
    path, residual = arrays["path", 0], arrays["residual", 0]
    assert path.shape[::2] == (n, 2) and residual.shape == path.shape[:2]
    np.testing.assert_allclose(path[:, 0], s.state.points.xy)
    np.testing.assert_allclose(residual[:, 0], np.abs(m.outputs), atol=1e-6)
    gradient = arrays["gradient", 0]
    np.testing.assert_array_equal(arrays["axis", 0], np.abs(gradient).argmax(1))
    motion = arrays["motion", 0]
    assert motion.shape[1:] == (3, 2)
    assert (panel["step"], panel["loss"]) == (trainer.step, trainer.loss)
    assert panel["accuracy"] == m.accuracy and panel["heldout"] == m.held_out
    assert panel["margin_min"] == pytest.approx(m.margin_min)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_what_is_asked_for_travels(session, overlay):
    s = session()
    s.set_view({"field": 16, "overlays": [overlay]})
    _, arrays = decode_frame(s.frame())
    names = {name for name, _ in arrays}
    measured = {"margin", "output", "foot", "flag"}
    expected = {
        "path": measured | {"path", "residual"},
        "margins": measured,
        "motion": {"motion"},
        **dict.fromkeys(("gradients", "axis", "balls"), measured | {"gradient", "axis"}),
    }
    assert names == {"field"} | expected.get(overlay, set())


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"objective": "geometric_svm"}, 0.0),
        ({"objective": "margin_l2"}, 0.3),
        ({"compare": True}, 0.3),
    ],
)
def test_a_wanted_margin_is_told_where_an_objective_wants_one(session, settings, wanted):
    header, _ = decode_frame(session(epsilon=0.3, **settings).frame())
    assert header["wanted_margin"] == wanted and header["epsilon"] == 0.3


def test_points_without_a_boundary_have_no_margin_in_the_picture(session):
    s = session(depth=0)
    with torch.no_grad():
        for p in s.trainers[0].network.parameters():
            p.fill_(0.0)
        s.trainers[0].network.layers[-1].bias.fill_(1.0)
    s.set_view({"field": 16, "overlays": ["margins", "gradients"]})
    header, arrays = decode_frame(s.frame())
    assert np.isnan(arrays["margin", 0]).all() and np.isnan(arrays["foot", 0]).all()
    assert (arrays["flag", 0] == 2).all()
    assert header["panels"][0]["margin_min"] is None
    assert header["panels"][0]["failed"] == len(s.state.points)


def test_pictures_count_and_the_same_view_changes_nothing(session):
    s = session()
    first, _ = decode_frame(s.frame())
    assert not s.dirty
    s.set_view(dict(s.view))
    assert not s.dirty
    s.control("step")
    assert s.dirty
    second, _ = decode_frame(s.frame())
    assert (first["frame"], second["frame"]) == (1, 2)
    assert second["panels"][0]["step"] == 1


# -- questions ---------------------------------------------------------------------------------


def test_questions(session):
    s = session(compare=True)
    assert s.probe(2, 0.1, 0.2) == s.trainers[2].probe(0.1, 0.2)
    assert s.explain(1, 3).index == 3
    weights = s.weights(3)
    for name, p in s.trainers[3].network.named_parameters():
        np.testing.assert_array_equal(weights[name], p.detach().numpy())


@pytest.mark.parametrize("panel", [-1, 1])
def test_a_panel_that_does_not_exist(session, panel):
    s = session()
    for ask in (
        lambda: s.weights(panel),
        lambda: s.probe(panel, 0, 0),
        lambda: s.explain(panel, 0),
    ):
        with pytest.raises(LevelsetError, match=f"no panel {panel}: there are 1"):
            ask()


def test_a_slow_beginning_can_be_seen_and_ended(session, monkeypatch):
    monkeypatch.setattr("levelset_core.live.session.SLOW_SPEED", 0.01)
    s = session()
    s.slow = True
    s.advance(0.3)
    assert steps(s) == [1]
    assert decode_frame(s.frame())[0]["opening"]
    s.control("fast")
    s.advance(1.0)
    assert steps(s)[0] > 1


def test_a_slow_beginning_ends_by_itself(session, monkeypatch):
    monkeypatch.setattr("levelset_core.live.session.SLOW_STEPS", 1)
    s = session()
    s.slow = True
    s.advance(2.0)
    assert steps(s)[0] > 1 and not s.slow


def test_the_picture_tells_a_collapse_and_the_norm_of_its_bars(session):
    s = session(objective="margin_rho")
    for p in s.trainers[0].network.parameters():
        p.data.fill_(float("nan"))
    header, _ = decode_frame(s.frame())
    assert "NaN" in header["panels"][0]["trouble"]
    assert header["panels"][0]["norm"] == "linf"


def test_a_slow_beginning_can_be_asked_for_and_ends_by_itself(session):
    s = session()
    s.control("reset")
    s.control("slow")
    s.control("play")
    s.advance(0.1)
    assert s.slow and steps(s)[0] <= 2
    s.control("fast")
    s.advance(0.05)
    assert not s.slow and steps(s)[0] > 2
