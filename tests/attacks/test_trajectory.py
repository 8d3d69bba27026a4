"""One image under PGD, against plain PGD and closed forms on a linear classifier."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from levelset_core import LevelsetError
from levelset_core.attacks import (
    margin_profile,
    nearest_level_points,
    pgd,
    pgd_trajectory,
    rho_axes,
    segment_points,
)
from levelset_core.random import torch_generator

W = torch.tensor([2.0, -1.0, 0.5])
X = torch.tensor([0.6, 0.4, 0.5]).reshape(1, 1, 3)


def f(x):
    """Logits (w.x - 0.4, 0)."""
    value = (x.flatten(1) * W).sum(1) - 0.4
    return torch.stack([value, torch.zeros_like(value)], 1)


@pytest.mark.parametrize("loss", ["margin", "xent"])
def test_the_margin_of_a_linear_classifier_falls_by_the_same_every_step(loss):
    found = pgd_trajectory(f, X, 0, epsilon=0.1, step=0.01, steps=12, loss=loss, random_start=False)
    fall = 0.01 * W.abs().sum()  # sign steps: |w|_1 a step, until the box ends at epsilon
    expected = f(X[None])[0, 0] - fall * torch.arange(13).clamp(max=10)
    torch.testing.assert_close(found.margins, expected)
    assert found.image_margin == pytest.approx(float(f(X[None])[0, 0]))
    assert torch.equal(found.points[0], X) and found.first_broken is None
    torch.testing.assert_close(found.points[-1], X - 0.1 * W.sign().reshape(X.shape))


def test_the_first_broken_step_is_where_the_margin_changes_sign():
    found = pgd_trajectory(f, X, 0, epsilon=0.4, step=0.02, steps=20, random_start=False)
    gap = float(f(X[None])[0, 0])
    assert found.first_broken == int(gap / (0.02 * float(W.abs().sum()))) + 1
    assert (found.margins[: found.first_broken] > 0).all()
    assert found.margins[found.first_broken] < 0


@given(
    x=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    epsilon=st.floats(0, 1),
    step=st.floats(1e-3, 1),
    start=st.booleans(),
    loss=st.sampled_from(["margin", "xent"]),
)
def test_every_iterate_stays_in_the_box_and_within_the_bounds(x, epsilon, step, start, loss):
    x = torch.tensor(x).reshape(1, 1, 3)
    found = pgd_trajectory(f, x, 1, epsilon=epsilon, step=step, steps=5, loss=loss,
                           random_start=start)  # fmt: skip
    assert len(found) == 6 and found.logits.shape == (6, 2)
    assert (found.points - x).abs().max() <= epsilon + 1e-6
    assert found.points.min() >= 0 and found.points.max() <= 1
    torch.testing.assert_close(found.logits, f(found.points))


def test_it_takes_the_steps_of_pgd(tiny):
    network, data = tiny
    x, y = data.batch(slice(0, 1))
    found = pgd_trajectory(network, x[0], int(y), epsilon=0.1, step=0.02, steps=6,
                           generator=torch_generator(5))  # fmt: skip
    for k in (0, 1, 3, 6):
        plain = pgd(network, x, y, epsilon=0.1, step=0.02, steps=k, every_step=True,
                    generator=torch_generator(5))  # fmt: skip
        torch.testing.assert_close(found.points[k], plain.images[0])


def test_the_root_on_the_way_and_the_axis_of_rho():
    found = pgd_trajectory(f, X, 0, epsilon=0.4, step=0.02, steps=20, random_start=False)
    y = torch.tensor([0])
    root = segment_points(f, X[None], found.points[-1:], y)
    assert root.found.all() and abs(float(root.values)) < 2e-3
    way = found.points[-1] - X
    share = float(f(X[None])[0, 0] / (f(X[None]) - f(found.points[-1:]))[0, 0])
    torch.testing.assert_close(root.points[0], X + share * way, rtol=0, atol=1e-3)
    assert float(root.linf) == pytest.approx(share * float(way.abs().max()), abs=1e-3)
    assert rho_axes(f, root.points, y).tolist() == [0]  # w's largest entry
    same_side = segment_points(f, X[None], X[None] + 0.01, y)
    assert not same_side.found.any() and same_side.linf.isinf().all()


def test_bad_numbers_are_one_sentence():
    with pytest.raises(LevelsetError, match="Unknown loss 'hinge'"):
        pgd_trajectory(f, X, 0, loss="hinge")
    with pytest.raises(LevelsetError, match="The epsilon of an attack must be at least 0"):
        pgd_trajectory(f, X, 0, epsilon=-0.1)


def test_the_profile_of_a_linear_classifier_is_straight():
    found = pgd_trajectory(f, X, 0, epsilon=0.4, step=0.02, steps=20, random_start=False)
    profile = margin_profile(f, found, count=9)
    steps = profile.margin.diff()
    torch.testing.assert_close(steps, steps[:1].expand(8))
    assert float(profile.distance[-1]) == pytest.approx(float((found.points[-1] - X).abs().max()))
    at_root = np.interp(profile.root.linf, profile.distance, profile.margin)
    assert at_root == pytest.approx(0, abs=2e-3)


def test_the_nearest_points_of_a_linear_classifier():
    points = nearest_level_points(f, X, 0)
    gap = float(f(X[None])[0, 0])
    assert points["linf"].linf == pytest.approx(gap / float(W.abs().sum()), rel=1e-2)
    assert points["l2"].l2 == pytest.approx(gap / float(W.norm()), rel=1e-2)
    assert points["attack"].linf >= points["linf"].linf - 1e-3
    for point in points.values():
        assert point.axis == 0 and point.rho <= point.linf + 1e-6
    # Nothing within the pixels' limits: no class can win here.
    one = lambda x: torch.stack([x.flatten(1).sum(1) + 1, 0 * x.flatten(1).sum(1)], 1)  # noqa: E731
    none = nearest_level_points(one, X, 0)
    assert none["l2"].point is None and none["l2"].linf == float("inf")
