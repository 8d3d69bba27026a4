from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from levelset_core.data import HELD_OUT, PointSet, make_points
from levelset_core.errors import LevelsetError
from levelset_core.geometry import contours, evaluate_grid, nearest_on_contours
from levelset_core.losses import finder
from levelset_core.networks import ACTIVATIONS
from levelset_core.playground import (
    OBJECTIVES,
    RANGES,
    REBUILDS,
    PlaygroundConfig,
    PlaygroundTrainer,
)
from levelset_core.playground.config import MAX_GRADIENT

objectives = pytest.mark.parametrize("objective", OBJECTIVES)
activations = pytest.mark.parametrize("activation", ACTIVATIONS)

OTHER = {
    "objective": "hinge", "distance": "l2", "epsilon": 0.3, "weight_correct": 2.0, "lam": 0.2,
    "alpha": -2.0, "points": "newton", "learning_rate": 1e-2, "newton_steps": 4, "speed": 30,
    "seed": 1, "depth": 1, "width": 8, "activation": "relu",
}  # fmt: skip
HOT = sorted(set(OTHER) - set(REBUILDS))


# -- reproducible ----------------------------------------------------------------------------


@objectives
def test_same_seed_same_loss_curve_bit_for_bit(objective, small, losses_of):
    plain, measured, resumed = (small(objective=objective) for _ in range(3))
    expected = losses_of(plain, 12)
    assert len(set(expected)) > 6  # it does move

    first = losses_of(measured, 5)
    measured.measure(record=True)
    measured.motion()
    measured.probe(0.1, 0.2)
    measured.preview()
    assert first + losses_of(measured, 7) == expected

    first = losses_of(resumed, 5)
    checkpoint = resumed.checkpoint()
    losses_of(resumed, 3)
    other = small(objective=objective)
    other.restore(checkpoint)
    assert (other.step, other.loss) == (5, first[-1])
    assert first + losses_of(other, 7) == expected
    resumed.restore(checkpoint)  # back in time, and the checkpoint was not changed by either
    assert first + losses_of(resumed, 7) == expected


def test_another_seed_gives_another_curve(small, losses_of):
    assert losses_of(small(seed=0), 2) != losses_of(small(seed=1), 2)


def test_reset_returns_to_the_same_initialization(small, losses_of):
    trainer = small()
    first = losses_of(trainer, 5)
    trainer.reset()
    assert trainer.step == 0 and trainer.loss is None
    assert losses_of(trainer, 5) == first


# -- settings and points while it trains -------------------------------------------------------


@pytest.mark.parametrize("name", OTHER)
def test_only_the_networks_own_settings_start_again(name, small, losses_of, weights_of):
    trainer = small()
    losses_of(trainer, 3)
    before = weights_of(trainer)
    rebuilt = trainer.configure(replace(trainer.config, **{name: OTHER[name]}))
    assert rebuilt == (name in REBUILDS)
    assert trainer.step == (0 if rebuilt else 3)
    if not rebuilt:
        assert torch.equal(weights_of(trainer), before)
        assert set(trainer.optimizer.state) == set(trainer.network.parameters())
    assert math.isfinite(losses_of(trainer, 1)[0])


def test_every_setting_is_either_hot_or_cold():
    assert {*RANGES, "objective", "distance", "points", "activation"} == set(OTHER)


@pytest.mark.parametrize("name", [name for name in HOT if name not in ("speed", "newton_steps")])
def test_hot_settings_take_effect_at_the_next_step(name, small, losses_of, weights_of):
    objective = {"epsilon": "margin_l2", "weight_correct": "margin_l2"}.get(name, "geometric_svm")
    same, changed = small(objective=objective), small(objective=objective)
    for trainer in (same, changed):
        losses_of(trainer, 20)
    changed.configure(replace(changed.config, **{name: OTHER[name]}))
    for trainer in (same, changed):
        losses_of(trainer, 1)
    assert not torch.equal(weights_of(same), weights_of(changed))


def test_points_change_without_a_reset(small, losses_of, weights_of):
    trainer = small()
    losses_of(trainer, 3)
    before = weights_of(trainer)
    trainer.set_points(make_points("blobs", 7))
    assert torch.equal(weights_of(trainer), before)
    losses_of(trainer, 1)
    assert trainer.step == 4
    assert len(trainer.measure(32).margins) == 7


@pytest.mark.parametrize("objective", ["geometric_svm", "margin_l2"])
def test_level_set_points_of_points_that_stay_are_taken_along(objective, small, losses_of):
    trainer = small("blobs", n=8, objective=objective)
    losses_of(trainer, 2)
    last, old = trainer._last, trainer.points
    picked = np.array([5, 0, 3, 2, 1, 7])
    xy = np.concatenate([old.xy[picked], [[0.1, 0.2]]])
    trainer.set_points(PointSet(xy, [*old.labels[picked], 1]))
    for before, now in zip(last, trainer._last, strict=True):
        for first, start in zip(range(0, len(now), 7), range(0, len(before), 8), strict=True):
            assert torch.equal(now.points[first : first + 6], before.points[start + picked])
            assert now.failed[first + 6]
    assert all(math.isfinite(loss) for loss in losses_of(trainer, 5))
    assert not any(bool(s.failed.any()) for s in trainer._last[:1])  # searched again by then


def test_a_drawing_of_other_points_is_searched_at_once(small, losses_of):
    trainer = small("blobs", n=8)
    losses_of(trainer, 2)
    trainer.set_points(PointSet(-trainer.points.xy, trainer.points.labels))
    assert trainer._last == () and trainer._searches


def test_snapshots_count_from_one_and_carry_measurements_when_due(small):
    trainer = small(measure_every=3)
    snapshots = [next(trainer) for _ in range(6)]
    assert [s.step for s in snapshots] == [1, 2, 3, 4, 5, 6]
    assert [s.measurement.step if s.measurement else None for s in snapshots] == [
        None, None, 3, None, None, 6,
    ]  # fmt: skip


# -- it trains ---------------------------------------------------------------------------------


@objectives
@activations
def test_thirty_steps_stay_finite(objective, activation, small, losses_of, weights_of):
    trainer = small(objective=objective, activation=activation, n=24)
    assert all(math.isfinite(loss) for loss in losses_of(trainer, 30))
    assert torch.isfinite(weights_of(trainer)).all()
    assert np.isfinite(trainer.field(16)).all()


@objectives
def test_blobs_are_separated(objective, small, losses_of):
    held_out = make_points("blobs", 100, 0.05, stream=HELD_OUT)
    trainer = small("blobs", objective=objective, learning_rate=2e-2, held_out=held_out)
    losses_of(trainer, 80)
    m = trainer.measure(64)
    assert m.accuracy == 1.0 and m.held_out > 0.95
    assert m.margin_min > 0.02


def test_a_linear_model_is_one_of_the_networks(small, losses_of):
    trainer = small("blobs", depth=0, noise=0.0, learning_rate=5e-2)
    losses_of(trainer, 80)
    assert trainer.measure(32).accuracy == 1.0


@pytest.mark.parametrize(
    ("preset", "activation", "seed"),
    [("circles", "sine", 1), ("circles", "tanh", 1), ("circles", "softplus", 0)],
)
def test_geometric_svm_leaves_a_cold_start(preset, activation, seed, small, losses_of):
    trainer = small(preset, activation=activation, seed=seed, learning_rate=1e-2)
    used = trainer.terms().details.used
    if activation != "softplus":
        assert used.float().mean() < 0.5  # S_0 or S_+-1 is not there yet for most points
    losses_of(trainer, 120)
    m = trainer.measure(64)
    assert m.accuracy == 1.0 and m.margin_min > 0.08
    assert trainer.terms().details.used.float().mean() > 0.7


@objectives
@pytest.mark.parametrize(
    "points",
    [
        PointSet([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]], [1, 1, 1]),
        PointSet([[0.3, -0.2]], [-1]),
        PointSet([[0.2, 0.2], [0.2, 0.2], [-0.6, 0.1], [-0.6, 0.1]], [1, -1, -1, -1]),
    ],
    ids=["one class", "one point", "duplicates of both classes"],
)
def test_odd_drawings_train_on(objective, points, small, losses_of, weights_of):
    trainer = small(points, objective=objective, learning_rate=2e-2)
    assert all(math.isfinite(loss) for loss in losses_of(trainer, 40))
    assert torch.isfinite(weights_of(trainer)).all()
    m = trainer.measure(32)
    assert not np.isnan(m.margins).any()
    contradictory = len(points) > len(np.unique(points.xy, axis=0))
    assert m.accuracy == 0.75 if contradictory and len(points) == 4 else m.accuracy == 1.0


def test_no_step_follows_a_gradient_without_bound(small):
    trainer = small(objective="cross_entropy")
    with torch.no_grad():
        trainer.network.layers[-1].weight *= 1e4
    next(trainer)
    first = torch.cat([s["exp_avg"].flatten() for s in trainer.optimizer.state.values()])
    assert float(first.norm()) == pytest.approx(0.1 * MAX_GRADIENT, rel=1e-3)  # Adam keeps 1 - 0.9


def test_zero_points_are_a_clear_error(small):
    trainer = small(PointSet.empty())
    with pytest.raises(LevelsetError, match="no points to train on"):
        next(trainer)
    with pytest.raises(LevelsetError, match="no points to measure"):
        trainer.measure()
    assert trainer.step == 0
    assert np.isfinite(trainer.field(8)).all() and trainer.probe(0, 0)["value"] is not None


def test_a_diverged_loss_is_told_and_leaves_the_weights(small, losses_of, weights_of):
    trainer = small(objective="cross_entropy")
    with torch.no_grad():
        trainer.network.layers[-1].bias.fill_(torch.inf)
    before = weights_of(trainer)
    with pytest.raises(LevelsetError, match=r"loss is (inf|nan) after 0 steps: reset"):
        next(trainer)
    assert torch.equal(weights_of(trainer), before)
    trainer.reset()
    assert math.isfinite(losses_of(trainer, 1)[0])


def test_points_are_taken_along_and_searched_now_and_then(small, losses_of, monkeypatch):
    searches = []
    search = finder.nearest_points
    monkeypatch.setattr(
        finder, "nearest_points", lambda *a, **k: searches.append(1) or search(*a, **k)
    )
    trainer = small("figure_1", n=24, noise=0.0, objective="margin_linf")
    losses_of(trainer, 100)
    assert 20 < len(searches) < 40  # more often at the beginning
    losses_of(trainer, 100)
    before = len(searches)
    trainer.set_points(make_points("figure_1", 12, 0.0))
    losses_of(trainer, 1)
    assert len(searches) == before + 1  # other points know nothing of the last ones
    trainer.configure(replace(trainer.config, points="newton"))
    losses_of(trainer, 50)
    assert len(searches) == before + 1


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["margin_linf", "margin_l2"])
def test_figure_1_keeps_its_margin_of_02(objective, losses_of):
    config = PlaygroundConfig(objective=objective, epsilon=0.2)
    trainer = PlaygroundTrainer(config, make_points("figure_1", 24, 0.0))
    losses_of(trainer, 2000)
    assert (trainer.measure(256).margins >= 0.97 * 0.2).all()


# -- measured ----------------------------------------------------------------------------------


def set_affine(trainer, w=(3.0, 4.0), b=1.0):
    """F(x) = w^T x + b."""
    (layer,) = trainer.network.layers
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([w]))
        layer.bias.fill_(b)
    return trainer


SQUARE = PointSet([[0, 0], [0.5, 0.5], [-0.5, -0.6], [0.3, -0.4], [-0.9, 0.2]], [1, 1, 1, -1, -1])


@pytest.mark.parametrize(("distance", "dual"), [("l2", 5.0), ("linf", 7.0), ("rho", 7.0)])
def test_margins_of_an_affine_function(distance, dual, small):
    trainer = set_affine(small(SQUARE, depth=0, distance=distance))
    m = trainer.measure()
    f = SQUARE.xy @ [3.0, 4.0] + 1.0
    np.testing.assert_allclose(m.outputs, SQUARE.labels * f, atol=1e-5)
    np.testing.assert_allclose(np.abs(m.margins), np.abs(f) / dual, atol=0.01)
    assert (np.sign(m.margins) == np.sign(SQUARE.labels * f)).all()
    assert m.accuracy == np.mean(SQUARE.labels * f > 0) == 0.6
    assert m.margin_min == m.margins.min() < 0
    assert m.margin_median == np.median(m.margins)
    assert m.converged == 1.0 and m.residual < 1e-4
    feet = m.feet @ [3.0, 4.0] + 1.0
    np.testing.assert_allclose(feet, 0, atol=1e-4)
    order = 2 if distance == "l2" else np.inf
    reached = np.linalg.norm(m.feet - SQUARE.xy, ord=order, axis=1)
    np.testing.assert_allclose(reached, np.abs(m.margins), atol=1e-6)


@pytest.mark.parametrize("norm", ["l2", "linf"])
@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_margins_are_those_of_a_fine_grid(norm, activation, small, losses_of):
    trainer = small(activation=activation, objective="cross_entropy", learning_rate=2e-2, n=60)
    trainer.measure_in = norm
    losses_of(trainer, 60)
    plane = (-2.0, 2.0, -2.0, 2.0)
    lines = contours(evaluate_grid(trainer.network, plane, 1001), plane)
    order = 2.0 if norm == "l2" else np.inf
    exact, _ = nearest_on_contours(trainer.points.xy, lines, norm=order)
    m = trainer.measure(64)
    assert m.norm == norm
    assert np.mean(np.abs(np.abs(m.margins) - exact) <= 0.01 * exact + 1e-4) >= 0.98
    assert (np.abs(m.margins) >= exact - 1e-3).all()
    assert (np.abs(m.newton) >= np.abs(m.margins) - 1e-6).all()


def test_margins_can_be_measured_in_another_norm(small):
    trainer = set_affine(small(SQUARE, depth=0, distance="linf"))
    trainer.measure_in = "l2"
    f = SQUARE.xy @ [3.0, 4.0] + 1.0
    np.testing.assert_allclose(np.abs(trainer.measure().margins), np.abs(f) / 5, atol=1e-3)


def test_margins_are_infinite_without_a_boundary(small):
    trainer = set_affine(small(SQUARE, depth=0), w=(0.0, 0.0), b=2.0)
    m = trainer.measure()
    assert np.array_equal(m.margins, np.where(SQUARE.labels > 0, np.inf, -np.inf))
    assert np.isnan(m.feet).all()
    assert m.samples.failed.all() and m.converged == 0.0
    probe = trainer.probe(0.0, 0.0)
    assert probe == {"value": 2.0, "gradient": 0.0, "distance": None, "foot": None}


def test_the_median_of_an_even_number_is_the_lower_middle(small):
    points = PointSet(SQUARE.xy[:2], [1, -1])
    trainer = set_affine(small(points, depth=0), w=(0.0, 0.0), b=2.0)
    assert trainer.measure().margin_median == -np.inf  # no NaN from inf - inf


def test_accuracy_on_held_out_points(small):
    held_out = PointSet([[1, 1], [-1, -1], [0, 1], [0, -1]], [1, 1, 1, -1])
    trainer = set_affine(small(SQUARE, depth=0, held_out=held_out))
    assert trainer.measure(16).held_out == 0.75
    trainer.set_points(SQUARE)
    assert trainer.measure(16).held_out is None


def test_probe_of_an_affine_function(small):
    trainer = set_affine(small(SQUARE, depth=0, distance="l2"))
    probe = trainer.probe(0.5, 0.5)
    assert probe["value"] == pytest.approx(4.5, abs=1e-5)
    assert probe["gradient"] == pytest.approx(5.0, abs=1e-5)
    assert probe["distance"] == pytest.approx(0.9, abs=1e-3)
    np.testing.assert_allclose(probe["foot"], [0.5 - 0.54, 0.5 - 0.72], atol=2e-2)


# -- one step ahead ----------------------------------------------------------------------------


@objectives
def test_preview_leaves_the_trainer_untouched(objective, small, losses_of, weights_of):
    trainer = small(objective=objective)
    losses_of(trainer, 4)
    before, network = trainer.checkpoint(), trainer.network
    ahead = trainer.preview()
    after = trainer.checkpoint()
    assert trainer.network is network and ahead.network is not network
    assert trainer.step == 4 and ahead.step == 5
    for name, value in before["network"].items():
        assert torch.equal(value, after["network"][name])
    for k, state in before["optimizer"]["state"].items():
        for name, value in state.items():
            assert torch.equal(value, after["optimizer"]["state"][k][name])
    assert not torch.equal(weights_of(ahead), weights_of(trainer))
    losses_of(trainer, 1)
    assert torch.equal(weights_of(ahead), weights_of(trainer))


@activations
def test_predicted_motion_is_right_to_first_order(activation, small, losses_of):
    trainer = small("blobs", activation=activation, learning_rate=1e-2)
    losses_of(trainer, 30)
    errors = []
    for rate in (3.2e-2, 8e-3):  # far above what rounding moves a point by
        trainer.configure(replace(trainer.config, learning_rate=rate))
        motion = trainer.motion()
        assert len(motion.points) > 20
        moved = np.linalg.norm(motion.actual - motion.points, axis=1)
        assert moved.max() > 0
        errors.append(motion.error)
    assert errors[1] < errors[0] / 2 if activation != "relu" else errors[1] < 0.1
    assert errors[1] < 0.15


def test_motion_without_a_boundary_is_empty(small):
    trainer = set_affine(small(SQUARE, depth=0), w=(0.0, 0.0), b=2.0)
    motion = trainer.motion()
    assert len(motion.points) == len(motion.predicted) == len(motion.actual) == 0
    assert motion.error is None
