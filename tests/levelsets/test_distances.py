"""Distances between an input and a level set sample."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from levelset_core import LevelsetError, project, sample_network
from levelset_core.levelsets import get_distance, rho_axis


def test_closed_forms(device, dtype):
    x, p, pinv = torch.tensor(
        [[[0.0, 0.0, 0.0]], [[3.0, -4.0, 1.0]], [[0.1, 0.2, -0.9]]], device=device, dtype=dtype
    )
    assert get_distance("l2")(x, p, pinv).item() == pytest.approx(26**0.5)
    assert get_distance("linf")(x, p, pinv).item() == 4.0
    assert get_distance("rho")(x, p, pinv).item() == 1.0
    assert rho_axis(pinv).item() == 2


def test_rho_looks_along_the_largest_entry_of_the_gradient(mlp, randn):
    f, x = mlp(5), randn(20, 5)
    s = project(f, x, max_steps=3)
    (gradient,) = torch.autograd.grad(f(p := s.points.clone().requires_grad_()).sum(), p)
    assert torch.equal(rho_axis(s.pinv)[~s.failed], gradient.abs().argmax(1)[~s.failed])


numbers = arrays.arrays("float64", (3, 4, 6), elements=st.floats(-1e6, 1e6, allow_subnormal=False))


@given(numbers)
@settings(max_examples=200, deadline=None)
def test_rho_is_at_most_linf_is_at_most_l2(xs):
    x, p, pinv = torch.from_numpy(xs)
    rho, linf, l2 = (get_distance(name)(x, p, pinv) for name in ("rho", "linf", "l2"))
    assert (rho >= 0).all()
    assert (rho <= linf).all()
    assert (linf <= l2 * (1 + 1e-12) + 1e-150).all()  # squares underflow


@pytest.mark.parametrize("name", ["l2", "linf", "rho"])
def test_images_are_measured_as_their_pixels(name, randn):
    d = get_distance(name)
    x, p, pinv = randn(3, 7, 3, 4, 4)
    expected = d(x.flatten(1), p.flatten(1), pinv.flatten(1))
    torch.testing.assert_close(d(x, p, pinv), expected)
    assert expected.shape == (7,)


@pytest.mark.parametrize("name", ["l2", "linf", "rho"])
def test_a_sample_on_the_boundary_has_distance_and_gradient_zero(name, mlp, randn):
    f = mlp()
    x = project(f, randn(10, 2), tol=1e-12).points
    s = project(f, x, max_steps=0)
    reached = get_distance(name)(x, sample_network(f, s), s.pinv)
    reached.sum().backward()
    assert (reached == 0).all()
    assert all(torch.isfinite(weight.grad).all() for weight in f.parameters())


def test_an_unknown_distance_is_refused():
    with pytest.raises(LevelsetError, match="'l3'"):
        get_distance("l3")
