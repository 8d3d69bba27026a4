"""Points that a training takes along: Eq. 9 with the last points, one evaluation a step."""

from __future__ import annotations

import torch

from levelset_core.levelsets import (
    class_margin,
    follow_points,
    join_samples,
    nearest_points,
    project,
    sample_network,
)


def nudge(f, size):
    noise = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in f.parameters():
            p += size * torch.randn(p.shape, generator=noise, dtype=p.dtype).to(p)
    return f


def test_at_the_same_network_it_is_the_sample_network(mlp, randn):
    f, x = mlp(3, (16, 16), 1, "softplus"), randn(20, 3)
    s = project(f, x, tol=1e-12, max_steps=50)
    moved, followed = follow_points(f, s)
    expected = sample_network(f, s)
    torch.testing.assert_close(moved, expected)
    parameters = list(f.parameters())
    weights = randn(20, 3)
    for a, b in zip(
        torch.autograd.grad((moved * weights).sum(), parameters),
        torch.autograd.grad((expected * weights).sum(), parameters),
        strict=True,
    ):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(followed.points, s.points)
    torch.testing.assert_close(followed.pinv, s.pinv)


def test_what_is_left_after_a_step_of_training_is_of_second_order(mlp, randn):
    left = []
    for size in (1e-2, 1e-3):
        f, x = mlp(3, (16, 16), 1, "softplus"), randn(50, 3)
        level = torch.linspace(-0.1, 0.1, 50).to(x)
        s = project(f, x, level=level, tol=1e-12, max_steps=50)
        nudge(f, size)
        before = (f(s.points) - level).abs()[s.converged].median()
        moved, _ = follow_points(f, s)
        after = (f(moved) - level).abs()[s.converged].median()
        assert after < 0.2 * before
        left.append(after)
    assert left[1] < 0.05 * left[0]


def test_followed_again_and_again_points_stay_on_their_level(mlp, randn):
    f, x = mlp(2, (32, 32), 1, "relu"), randn(60, 2)
    s = nearest_points(f, x, norm="linf")
    for _ in range(20):
        nudge(f, 2e-3)
        moved, s = follow_points(f, s)
        assert s.norm == "linf"
    good = ~s.failed
    assert good.sum() > 40
    assert f(moved)[good].abs().median() < 1e-3


def test_failed_points_stay_and_have_no_gradient(mlp, randn):
    f, x = mlp(2, (8,), 1, "tanh"), randn(6, 2)
    x[0] = torch.nan
    s = project(f, x)
    assert s.failed[0]
    moved, followed = follow_points(f, s)
    assert followed.failed[0] and torch.equal(moved[0], s.points[0])
    gradients = torch.autograd.grad(moved[0].sum(), list(f.parameters()), allow_unused=True)
    assert all(g is None or (g == 0).all() for g in gradients)
    short = follow_points(nudge(f, 0.3), s, max_jump=1e-9)[1]
    assert short.failed.all() and torch.equal(short.points, s.points)


def test_a_classifiers_samples_take_their_labels_along(mlp, randn):
    f, x = mlp(4, (16,), 3, "softplus"), randn(30, 4)
    y = torch.arange(30, device=x.device) % 3
    s = project(class_margin(f), x, args=(y,), tol=1e-12, max_steps=50)
    moved, followed = follow_points(class_margin(nudge(f, 1e-3)), s)
    left = class_margin(f)(moved, y)[s.converged & ~followed.failed].abs()
    assert left.median() < 1e-5 and torch.equal(followed.args[0], y)


def test_joined_samples_are_all_rows_in_order(mlp, randn):
    f, x = mlp(2, (8,), 1, "tanh"), randn(9, 2)
    whole = project(f, x, level=0.1)
    parts = [project(f, x[:4], level=0.1), nearest_points(f, x[4:], level=0.1, starts=0)]
    joined = join_samples(parts)
    assert len(joined) == 9 and joined.norm == "l2"
    torch.testing.assert_close(joined.points[:4], whole.points[:4])
    assert torch.equal(joined.points[4:], parts[1].points)
    assert torch.equal(joined.level, whole.level)
