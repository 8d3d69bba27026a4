"""Nearest points: exact where a closed form is at hand, and what holds of every search."""

from __future__ import annotations

import pytest
import torch

from levelset_core import nearest_points, project, sample_network
from levelset_core.levelsets import NORMS, LevelSetSamples, get_distance
from levelset_core.levelsets.norms import length

DUAL = {"l2": "l2", "linf": "l1", "l1": "linf"}


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("level", [0.0, 0.7])
def test_on_affine_f_it_is_the_projection_in_value_and_gradient(norm, level, randn):
    w, b, x = randn(5).requires_grad_(), randn(1).requires_grad_(), randn(40, 5)

    def f(q):
        return q @ w + b

    s = nearest_points(f, x, level=level, norm=norm)
    assert isinstance(s, LevelSetSamples) and s.converged.all() and s.optimal.all()
    expected = (f(x) - level).abs() / length(w[None], DUAL[norm])
    torch.testing.assert_close(s.distance, expected.detach(), atol=1e-9, rtol=0)
    reached = get_distance(norm)(x, sample_network(f, s), s.pinv)
    torch.testing.assert_close(reached, expected, atol=1e-9, rtol=0)
    ours = torch.autograd.grad(reached.sum(), (w, b))
    theirs = torch.autograd.grad(expected.sum(), (w, b))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=0)


@pytest.mark.parametrize("norm", NORMS)
def test_it_is_never_further_than_newtons_foot(norm, mlp, randn):
    f, x = mlp(seed=3), randn(100, 2)
    s, foot = nearest_points(f, x, norm=norm), project(f, x, norm=norm)
    both = s.converged & foot.converged
    assert both.sum() > 80
    assert (s.distance[both] <= length(foot.points - x, norm)[both] + 1e-9).all()
