from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import sample_network, value_and_jacobian
from levelset_core.playground import OBJECTIVES, explain_iteration

objectives = pytest.mark.parametrize("objective", OBJECTIVES)


@objectives
def test_its_numbers_are_those_of_the_functions_it_explains(
    objective, small, losses_of, weights_of
):
    trainer = small(objective=objective, points="newton")
    losses_of(trainer, 10)
    index = int(trainer.project(trainer.x).converged.nonzero()[1])
    it = explain_iteration(trainer, index)
    x = trainer.x[index : index + 1]
    s = trainer.project(x, record=True)
    terms = trainer.terms()

    def same(found, expected):
        expected = expected.detach().cpu() if isinstance(expected, torch.Tensor) else expected
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    # Eq. 4, 5
    assert (it.step, it.index, it.label) == (11, index, int(trainer.y[index]))
    assert len(it.path) == len(it.path_values) == int(s.steps[0]) + 1
    same(it.path[0], it.x)
    same(it.path[-1], it.point)
    same(it.path_values[-1], it.value)
    value, gradient = value_and_jacobian(trainer.network, x)
    same(it.path_values[0], value[0])
    same(it.first_gradient, gradient[0])
    same(it.path[1], it.x - value[0].item() * it.first_gradient / np.sum(it.first_gradient**2))
    assert it.converged and not it.failed and abs(it.value) <= 1e-4
    same(it.pinv, it.gradient / np.sum(it.gradient**2))
    assert it.axis == np.argmax(np.abs(it.gradient))

    # The loss
    same(it.loss_before, terms.loss)
    gradients = torch.autograd.grad(terms.loss, list(trainer.network.parameters()))
    same(it.gradient_norm, torch.cat([g.flatten() for g in gradients]).norm())

    # The update, and the motion (Eq. 9)
    before = weights_of(trainer)
    next(trainer)
    same(it.update_norm, (weights_of(trainer) - before).norm())
    assert trainer.step == it.step
    same(it.loss_after, trainer.terms().loss)
    same(it.value_after, trainer.network(s.points)[0])
    same(it.predicted, sample_network(trainer.network, s)[0])
    same(it.predicted, it.point - it.pinv * (it.value_after - it.value))
    same(it.actual, trainer.project(s.points).points[0])


@pytest.mark.parametrize("objective", ["margin_linf", "margin_l2", "margin_rho"])
def test_parts_of_eq_12(objective, small, losses_of):
    trainer = small(
        objective=objective, weight_correct=3.0, epsilon=0.7, points="newton", learning_rate=3e-3
    )  # at first steps far points hang on the last bit
    losses_of(trainer, 10)
    for index in trainer.project(trainer.x).converged.nonzero().flatten()[:6].tolist():
        it = explain_iteration(trainer, index)
        away = np.abs(it.x - it.point)
        distance = {
            "margin_l2": np.linalg.norm(away),
            "margin_linf": away.max(),
            "margin_rho": away[it.axis],
        }[objective]
        assert it.distance == pytest.approx(distance, abs=1e-6)
        right = it.label * it.path_values[0] > 0
        expected = (3.0 if right else 1.0) * max(0.0, 0.7 - (1 if right else -1) * distance)
        assert it.term == pytest.approx(expected, rel=1e-5)
        assert it.delta is None and it.nearer is None and it.sides == {}


@pytest.mark.parametrize("distance", ["linf", "l2"])
def test_parts_of_eq_11(distance, small, losses_of):
    trainer = small(distance=distance, points="newton")
    losses_of(trainer, 5)  # a level set is near all points then, later not on every CPU
    norm = 2 if distance == "l2" else np.inf
    samples = trainer.project(trainer.x)
    assert samples.converged.sum() > 6
    far = (samples.points - trainer.x).norm(dim=1).masked_fill(~samples.converged, torch.inf)
    for index in far.argsort()[:6].tolist():  # far points hang on the last bit
        it = explain_iteration(trainer, index)
        assert it.distance == pytest.approx(np.linalg.norm(it.x - it.point, norm), rel=1e-4)
        reach = {}
        for t, (place, arrived) in it.sides.items():
            value = trainer.network(torch.tensor(place, device=trainer.device)[None]).item()
            assert arrived == (abs(value - t) <= 2e-4)
            if abs(value - t) <= 0.1:
                reach[t] = np.linalg.norm(place - it.point, norm)
        nearer = min(reach, key=reach.__getitem__)
        assert (it.nearer, it.delta) == (nearer, pytest.approx(reach[nearer], rel=1e-4))
        side = 1 if it.label * it.path_values[0] > 0 else -1
        assert it.term == pytest.approx(max(0.0, 1 - side * it.distance / it.delta), abs=1e-4)


@pytest.mark.parametrize("objective", ["margin_linf", "margin_l2", "geometric_svm"])
def test_it_follows_the_nearest_point_and_says_how_far_newtons_foot_is(objective, small, losses_of):
    trainer = small(objective=objective, points="nearest")
    losses_of(trainer, 10)
    norm = 2 if objective == "margin_l2" else np.inf
    its = [explain_iteration(trainer, k) for k in range(5)]
    for it in its:
        np.testing.assert_array_equal(it.point, it.nearest)
        assert abs(it.value) <= 1e-3
        assert it.nearest_distance == pytest.approx(np.linalg.norm(it.x - it.point, norm), rel=1e-4)
        assert it.foot_distance == pytest.approx(np.linalg.norm(it.x - it.foot, norm), rel=1e-4)
        np.testing.assert_array_equal(it.foot, it.path[-1])
        assert it.nearest_distance <= it.foot_distance + 1e-4
        assert it.distance == pytest.approx(it.nearest_distance, rel=0.1)  # taken along so far
    assert any(it.nearest_distance < 0.99 * it.foot_distance for it in its)


@objectives
def test_nothing_is_changed_by_it(objective, small, losses_of):
    trainer, other = small(objective=objective), small(objective=objective)
    explain_iteration(trainer, 0)
    assert losses_of(trainer, 3) == losses_of(other, 3)


def test_a_point_whose_projection_fails_is_explained_too(small):
    trainer = small(depth=0)
    with torch.no_grad():
        trainer.network.layers[0].weight.zero_()
        trainer.network.layers[0].bias.fill_(0.5)
    it = explain_iteration(trainer, 0)
    assert it.failed and not it.converged
    np.testing.assert_array_equal(it.point, it.x)
    assert it.delta is None and it.nearer is None
    assert not any(arrived for _, arrived in it.sides.values())


@pytest.mark.parametrize("index", [-1, 40])
def test_a_point_that_does_not_exist(index, small):
    with pytest.raises(LevelsetError, match=f"no point {index}: there are 40"):
        explain_iteration(small(), index)
