"""Local features: the splines, their gradient, and where they end."""

from __future__ import annotations

import torch

from levelset_core.networks import ImplicitMLP, LocalFeatures
from levelset_core.random import torch_generator

CELL = 0.2


def some(d: int = 3) -> LocalFeatures:
    generator = torch_generator(0)
    nodes = torch.unique(torch.randint(3, 8, (40, d), generator=generator), dim=0)
    c = torch.randn(len(nodes), generator=generator, dtype=torch.float64)
    return LocalFeatures(torch.full((d,), -1.0, dtype=torch.float64), CELL, nodes, c)


def spline(t: torch.Tensor) -> torch.Tensor:
    t = t.abs()
    return torch.where(t < 0.5, 0.75 - t**2, 0.5 * (1.5 - t).clamp_min(0) ** 2)


def test_a_sum_of_products_of_splines():
    for d in (2, 3):
        g = some(d)
        x = torch.rand(200, d, generator=torch_generator(1), dtype=torch.float64) * 2 - 1
        u = (x + 1) / CELL
        every = spline(u[:, None] - g.nodes).prod(2)
        assert torch.allclose(g(x), every @ g.coefficients, atol=1e-12)


def test_one_where_all_coefficients_are_one():
    nodes = torch.cartesian_prod(*[torch.arange(8)] * 3)
    g = LocalFeatures(torch.zeros(3), 1.0, nodes, torch.ones(len(nodes)))
    x = 1 + 5 * torch.rand(100, 3, generator=torch_generator(0))
    value, gradient = g.value_and_gradient(x)
    assert torch.allclose(value, torch.ones(100), atol=1e-6)
    assert gradient.abs().max() < 1e-5


def test_the_gradient_is_autograds():
    g = some()
    x = torch.rand(100, 3, generator=torch_generator(2), dtype=torch.float64).requires_grad_()
    value, gradient = g.value_and_gradient(x)
    (expected,) = torch.autograd.grad(g(x).sum(), x)
    assert torch.allclose(value, g(x)) and torch.allclose(gradient, expected, atol=1e-12)


def test_nothing_far_from_the_nodes():
    g = some()
    x = torch.tensor([[5.0, 0.0, 0.0], [-9.0, -9.0, -9.0]], dtype=torch.float64)
    value, gradient = g.value_and_gradient(x)
    assert (value == 0).all() and (gradient == 0).all()


def test_a_network_is_less_its_local_features():
    f = ImplicitMLP(3, (16, 16), octaves=2, generator=torch_generator(0)).double()
    x = torch.rand(50, 3, generator=torch_generator(3), dtype=torch.float64)
    before, slope = f.value_and_jacobian(x)
    f.local = some()
    value, jacobian = f.value_and_jacobian(x)
    own, gradient = f.local.value_and_gradient(x)
    assert torch.allclose(value, before - own) and torch.allclose(f(x), value)
    assert torch.allclose(jacobian, slope - gradient)
    learning, _ = f.value_with_jacobian(x)
    learning.sum().backward()
    assert all(p.grad is not None for p in f.layers.parameters())
