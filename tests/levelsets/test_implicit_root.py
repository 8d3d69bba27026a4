"""Eq. 8 for the points of any solver, against closed forms, finite differences and autograd."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call, grad

import levelset_core as lc
from levelset_core import LevelsetError
from levelset_core.levelsets import bisection, class_margin, false_position


def halve(f, a: Tensor, b: Tensor) -> Tensor:
    """Somebody's bisection, from F(a) < 0 to F(b) > 0."""
    for _ in range(60):
        middle = 0.5 * (a + b)
        inside = (f(middle) < 0)[:, None]
        a, b = torch.where(inside, middle, a), torch.where(inside, b, middle)
    return 0.5 * (a + b)


def circle(x: Tensor, radius: Tensor, center: Tensor) -> Tensor:
    return (x - center).square().sum(1) - radius.square()


# gradcheck: where the root is a point, or moves along its normal


def test_gradcheck_of_a_bisection_on_the_line(device, dtype):
    theta = torch.tensor([1.3, 0.4], device=device, dtype=dtype, requires_grad=True)
    ends = (torch.full((3, 1), t, device=device, dtype=dtype) for t in (-2.0, 2.0))
    a, b = ends

    def roots(theta: Tensor) -> Tensor:
        shift = torch.arange(3, device=device, dtype=dtype)
        return lc.implicit_root(
            lambda x: x[:, 0].pow(3) + theta[0] * x[:, 0] - theta[1] * shift, a, b, solver=halve
        )

    assert torch.autograd.gradcheck(roots, (theta,))


@pytest.mark.parametrize("solver", [
    functools.partial(lc.project, tol=1e-13),
    functools.partial(lc.project, tol=1e-13, stop="fixed"),
])  # fmt: skip
def test_gradcheck_of_two_equations_in_the_plane(solver, device, dtype, randn):
    theta = torch.tensor([1.2, 0.3, 0.8], device=device, dtype=dtype, requires_grad=True)
    x = torch.tensor([[0.5, 0.9], [1.2, 0.2], [-0.6, -0.8]], device=device, dtype=dtype)

    def roots(theta: Tensor) -> Tensor:
        def f(x: Tensor) -> Tensor:
            curve = theta[0] * x[:, 0].square() + x[:, 1].square() - 1
            return torch.stack([curve, x[:, 1] - theta[2] * x[:, 0] + 0.1 * theta[1].sin()], 1)

        return lc.implicit_root(f, x, solver=solver)

    assert torch.autograd.gradcheck(roots, (theta,))


def test_gradcheck_where_points_move_along_their_radius(device, dtype, randn):
    x = randn(6, 3)
    radius = torch.tensor(1.3, device=device, dtype=dtype, requires_grad=True)
    center = torch.zeros(3, device=device, dtype=dtype)

    def points(radius: Tensor) -> Tensor:
        solver = lambda f, x: radius.detach() * x / x.norm(dim=1, keepdim=True)  # noqa: E731
        return lc.implicit_root(lambda x: circle(x, radius, center), x, solver=solver)

    assert torch.autograd.gradcheck(points, (radius,))


def test_a_moved_line_takes_its_points_along_its_normal(randn):
    w, b = randn(3), randn(1)[0].requires_grad_()
    p = lc.implicit_root(lambda x: x @ w + b, randn(5, 3))
    (slope,) = torch.autograd.grad(p.sum(), b)
    torch.testing.assert_close(slope, -5 * w.sum() / w.square().sum())


# Against autograd through the solver, and the sample network


def test_it_is_the_gradient_through_an_unrolled_newton_method(device, dtype):
    theta = torch.tensor([1.7, -0.4], device=device, dtype=dtype, requires_grad=True)

    def f(x: Tensor) -> Tensor:
        return x[:, 0].exp() * theta[0] + x[:, 0] + theta[1]

    x = torch.tensor([[0.1], [-0.5]], device=device, dtype=dtype)
    unrolled = x
    for _ in range(30):
        value = f(unrolled)
        unrolled = unrolled - (value / (unrolled[:, 0].exp() * theta[0] + 1))[:, None]
    implicit = lc.implicit_root(f, x, solver=functools.partial(lc.project, tol=1e-13))
    torch.testing.assert_close(implicit, unrolled)
    for a, b in zip(
        torch.autograd.grad(implicit.square().sum(), theta),
        torch.autograd.grad(unrolled.square().sum(), theta),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("outputs", [1, 2])
def test_with_project_it_is_the_sample_network(outputs, mlp, randn):
    f, x = mlp(3, outputs=outputs), randn(20, 3)
    s = lc.project(f, x)
    p, q = lc.implicit_root(f, x), lc.sample_network(f, s)
    assert torch.equal(p, s.points)
    good = ~s.failed
    for a, b in zip(
        torch.autograd.grad(p[good].sin().sum(), list(f.parameters())),
        torch.autograd.grad(q[good].sin().sum(), list(f.parameters())),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_a_column_and_rows_with_arguments(mlp, randn, device):
    logits, classes = mlp(2, outputs=3), torch.arange(9, device=device) % 3
    f = class_margin(logits)
    p = lc.implicit_root(f, randn(9, 2), solver=functools.partial(lc.project, args=(classes,)))
    p.sum().backward()
    assert all(w.grad.abs().sum() > 0 for w in logits.parameters())
    g = mlp()
    column = lambda x: g(x)[:, None]  # noqa: E731
    x = randn(5, 2)
    assert torch.equal(lc.implicit_root(column, x), lc.implicit_root(lambda x: g(x), x))


# Solvers from elsewhere


def test_a_solver_in_numpy_and_marching_cubes(mlp):
    scale = torch.tensor(0.8, requires_grad=True)

    def f(x: Tensor) -> Tensor:
        return x.norm(dim=1) - scale

    def march(f: object) -> np.ndarray:
        return lc.geometry.extract_mesh(f, (-1.0, 1.0), 16).vertices.astype(np.float32)

    p = lc.implicit_root(f, solver=march)
    (slope,) = torch.autograd.grad(p.norm(dim=1).mean(), scale)
    assert slope.item() == pytest.approx(1.0, abs=1e-4)  # the mean radius follows the radius


@pytest.mark.parametrize("search", [bisection, false_position])
def test_the_searches_on_segments_are_solvers(search, mlp, randn):
    f, a, b = mlp(activation="softplus"), 3 * randn(40, 2), 3 * randn(40, 2)
    p = lc.implicit_root(f, a, b, solver=search)
    p.square().sum().backward()
    assert all(torch.isfinite(w.grad).all() for w in f.parameters())
    assert f.layers[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("solver", [
    halve, bisection, lambda f, a, b: lc.project(f, 0.5 * (a + b)),
])  # fmt: skip
def test_under_func_grad_and_functional_call(solver, mlp, randn):
    f = mlp(1, (6,))
    a, b = -torch.ones(1, 1).to(randn(1)) * 20, torch.ones(1, 1).to(randn(1)) * 20
    if f(a) > 0:
        a, b = b, a
    theta = {key: value.detach() for key, value in f.named_parameters()}

    def loss(theta: dict) -> Tensor:
        network = lambda x: functional_call(f, theta, (x,))  # noqa: E731
        return lc.implicit_root(network, a, b, solver=solver).square().sum()

    found = grad(loss)(theta)
    lc.implicit_root(f, a, b, solver=solver).square().sum().backward()
    for key, weight in f.named_parameters():
        torch.testing.assert_close(found[key], weight.grad)


def test_a_point_without_a_normal_is_a_constant(device, dtype):
    scale = torch.ones((), device=device, dtype=dtype, requires_grad=True)
    x = torch.tensor([[0.0], [2.0], [-1.0]], device=device, dtype=dtype)
    f = lambda x: scale * (x[:, 0].square() - 4) + 0 * x[:, 0].log()  # noqa: E731
    p = lc.implicit_root(f, x, solver=lambda f, x: x)
    assert torch.equal(p, x)
    (slope,) = torch.autograd.grad(p.sum(), scale)
    assert slope == 0


@pytest.mark.parametrize("found", [None, [1.0], torch.arange(3), torch.zeros(3)])
def test_a_solver_that_returns_no_points_is_refused(found, mlp):
    with pytest.raises(LevelsetError, match="The solver returned no batch"):
        lc.implicit_root(mlp(), solver=lambda f: found)
