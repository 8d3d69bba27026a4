"""Sec. 2.2: p(theta) against Eq. 8, against re-projection and against closed forms."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from levelset_core import LevelSetSamples, project, sample_network
from levelset_core.levelsets import class_margin, value_and_jacobian

CASES = [(1, 2, "tanh"), (1, 3, "relu"), (2, 3, "softplus"), (3, 4, "sine")]


def samples(f: nn.Module, x: Tensor, **settings) -> LevelSetSamples:
    """Samples of some level near the middle of F's range, some of them still on their way."""
    settings = {"level": f(x).detach().mean(0), "max_steps": 3, "tol": 1e-10, **settings}
    return project(f, x, **settings)


def jacobian_of(function, f: nn.Module) -> Tensor:
    """D_theta of ``function(network)``, all parameters in one last axis."""
    parameters = dict(f.named_parameters())

    def at(theta: dict[str, Tensor]) -> Tensor:
        return function(lambda *x: functional_call(f, theta, x))

    parts = jacrev(at)(parameters).values()
    shape = function(f).shape
    return torch.cat([part.reshape(*shape, -1) for part in parts], dim=-1).detach()


def moved(f: nn.Module, direction: list[Tensor], h: float) -> None:
    with torch.no_grad():
        for weight, change in zip(f.parameters(), direction, strict=True):
            weight.add_(change, alpha=h)


@pytest.mark.parametrize(("outputs", "inputs", "activation"), CASES)
def test_the_value_at_theta_0_is_the_sample(outputs, inputs, activation, mlp, randn):
    f = mlp(inputs, outputs=outputs, activation=activation)
    s = samples(f, randn(40, inputs))
    assert (~s.converged).any()  # their level c is not zero
    torch.testing.assert_close(sample_network(f, s).detach(), s.points, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("outputs", "inputs", "activation"), CASES)
def test_the_derivative_is_equation_8_for_every_parameter(outputs, inputs, activation, mlp, randn):
    f = mlp(inputs, (8, 8), outputs, activation)
    s = samples(f, randn(12, inputs))
    assert not s.failed.any()
    d_x = value_and_jacobian(f, s.points)[1].reshape(12, inputs, outputs).mT  # (n, l, d)
    d_theta = jacobian_of(lambda g: g(s.points), f).reshape(12, outputs, -1)  # (n, l, m)
    expected = -torch.linalg.pinv(d_x) @ d_theta
    actual = jacobian_of(lambda g: sample_network(g, s), f)
    torch.testing.assert_close(actual, expected, rtol=1e-7, atol=1e-9)
    # Eq. 7, and the motion is along the normals: nothing of it lies in the kernel of D_xF.
    zero = torch.zeros_like(d_theta)
    torch.testing.assert_close(d_x @ actual + d_theta, zero, rtol=0, atol=1e-8)
    kernel = torch.linalg.svd(d_x)[2][:, outputs:]  # (n, d - l, d)
    assert (kernel @ actual).abs().max() < 1e-9 * actual.abs().max()


@pytest.mark.parametrize("by", ["sample network", "derivative"])
@pytest.mark.parametrize(("outputs", "inputs"), [(1, 2), (1, 3), (2, 3)])
def test_the_next_level_set_is_met_to_first_order(outputs, inputs, by, mlp, randn):
    f = mlp(inputs, outputs=outputs, activation="softplus")
    s = samples(f, randn(40, inputs), max_steps=20)
    direction = [randn(*weight.shape) for weight in f.parameters()]
    velocity = jacobian_of(lambda g: sample_network(g, s), f) @ torch.cat(
        [change.flatten() for change in direction]
    )
    good, errors = s.converged, []
    for h in (2e-4, 1e-4):
        moved(f, direction, h)
        network = sample_network(f, s).detach()
        actual = project(f, s.points, level=s.level + s.values, tol=1e-12)
        moved(f, direction, -h)
        predicted = network if by == "sample network" else s.points + h * velocity
        good = good & actual.converged
        errors.append(predicted - actual.points)
        assert errors[-1][good].norm() < 0.05 * (actual.points - s.points)[good].norm()
    assert good.sum() > 30
    assert errors[0][good].norm() / errors[1][good].norm() > 3.5


def test_on_an_affine_network_it_is_the_moving_hyperplane(mlp, randn):
    """Only b moves: the sample follows the plane w.x + b = 0 along its normal, exactly."""
    f = mlp(3, ())
    s = project(f, randn(10, 3))
    with torch.no_grad():
        f.layers[0].bias += 0.5
    w = f.layers[0].weight.detach()
    torch.testing.assert_close(sample_network(f, s).detach(), s.points - 0.5 * w / w.square().sum())


def test_images(randn, device, dtype):
    f = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(16, 2))
    f = f.to(device, dtype)
    with torch.no_grad():
        for weight in f.parameters():
            weight.copy_(0.3 * randn(*weight.shape))
    s = project(f, randn(5, 3, 4, 4))
    p = sample_network(f, s)
    assert p.shape == (5, 3, 4, 4)
    torch.testing.assert_close(p.detach(), s.points)
    p.sum().backward()
    assert all(weight.grad is not None for weight in f.parameters())


def test_arguments_reach_the_network(mlp, randn):
    logits, labels = mlp(2, outputs=3), torch.arange(12, device=randn(1).device) % 3
    f = class_margin(logits)
    s = project(f, randn(12, 2), args=(labels,))
    torch.testing.assert_close(sample_network(f, s).detach(), s.points)


def test_no_gradient_reaches_the_input(mlp, randn):
    x, f = randn(20, 2).requires_grad_(), mlp()
    sample_network(f, project(f, x)).sum().backward()
    assert x.grad is None
    assert all(weight.grad.abs().sum() > 0 for weight in f.parameters())


@pytest.mark.parametrize("differentiate_pinv", [False, True])
def test_a_failed_sample_stays_put_even_where_f_is_nan(differentiate_pinv, device, dtype):
    scale = torch.ones((), device=device, dtype=dtype, requires_grad=True)

    def f(x: Tensor) -> Tensor:
        return scale * x[:, 0].log() - 0.5  # NaN at the second point, -inf at the third

    x = torch.tensor([[1.5], [-1.0], [0.0]], device=device, dtype=dtype)
    s = project(f, x)
    assert s.failed.tolist() == [False, True, True]
    p = sample_network(f, s, differentiate_pinv=differentiate_pinv)
    assert torch.equal(p[1:], x[1:])
    (slope,) = torch.autograd.grad(p.sum(), scale)
    root = torch.tensor(0.5, device=device, dtype=dtype).exp()
    torch.testing.assert_close(slope, -0.5 * root)  # p = exp(0.5 / scale)


def test_with_no_usable_sample_the_gradient_is_zero(randn, mlp):
    f = mlp(activation="relu")
    with torch.no_grad():
        f.layers[0].bias.fill_(-100.0)  # dead everywhere near
    s = project(f, randn(6, 2))
    assert s.failed.all()
    sample_network(f, s).sum().backward()
    assert all((weight.grad == 0).all() for weight in f.parameters())


def test_the_pseudo_inverse_is_constant_in_theta_by_default(mlp, randn):
    f = mlp(2, ())  # affine in theta, so p(theta) is affine too
    s = project(f, randn(5, 2), level=1.0, max_steps=0)
    w = f.layers[0].weight
    (first,) = torch.autograd.grad(sample_network(f, s).sum(), w, create_graph=True)
    assert not first.requires_grad


def test_differentiated_the_pseudo_inverse_moves_with_theta(device, dtype, mlp, randn):
    """Closed form on F = w.x + b, at a w with a zero entry: p = x - w (w.x + b - c) / |w|^2."""
    f, x = mlp(2, ()), randn(5, 2)
    w, b = f.layers[0].weight, f.layers[0].bias
    with torch.no_grad():
        w.copy_(torch.tensor([[2.0, 0.0]]))
    s = project(f, x, max_steps=0)

    def closed_form(w: Tensor, b: Tensor) -> Tensor:
        return (x - w / w.square().sum() * ((x @ w.T + b) - s.values[:, None])).sin().sum()

    p = sample_network(f, s, differentiate_pinv=True).sin().sum()
    g, h = (torch.autograd.grad(value, w, create_graph=True)[0] for value in (p, closed_form(w, b)))
    torch.testing.assert_close(g, h)
    for k in range(2):
        second = [torch.autograd.grad(first[0, k], w, retain_graph=True)[0] for first in (g, h)]
        torch.testing.assert_close(*second)


@pytest.mark.parametrize("outputs", [1, 2])
def test_derivatives_of_second_order_match_finite_differences(outputs, mlp, randn):
    f = mlp(3, (3,), outputs, "tanh")
    s = samples(f, randn(3, 3))
    names = [name for name, _ in f.named_parameters()]

    def p(*theta: Tensor) -> Tensor:
        network = lambda *x: functional_call(f, dict(zip(names, theta, strict=True)), x)  # noqa: E731
        return sample_network(network, s, differentiate_pinv=True)

    theta = tuple(weight.detach().clone().requires_grad_() for weight in f.parameters())
    assert torch.autograd.gradcheck(p, theta)
    assert torch.autograd.gradgradcheck(p, theta)
