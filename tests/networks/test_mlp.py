"""Networks: the fused pass against autograd, initializations, reproducibility."""

from __future__ import annotations

import math

import pytest
import torch
from torch.func import jacrev, vmap

from levelset_core import LevelsetError, project
from levelset_core.networks import ACTIVATIONS, INITIALIZATIONS, MLP, Activation
from levelset_core.random import numpy_generator, torch_generator


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("hidden", [(), (7,), (16, 8, 16)])
def test_the_fused_pass_is_autograds(activation, outputs, hidden, mlp, randn):
    f, x = mlp(5, hidden, outputs, activation), 2 * randn(30, 5)
    value, jacobian = f.value_and_jacobian(x)
    torch.testing.assert_close(value, f(x).detach())
    expected = vmap(jacrev(lambda row: f(row[None])[0]))(x).detach()  # (n[, l], d)
    torch.testing.assert_close(jacobian, expected if outputs == 1 else expected.mT)
    assert value.shape == ((30,) if outputs == 1 else (30, outputs))
    assert not (value.requires_grad or jacobian.requires_grad)

    value, with_graph = f.value_with_jacobian(x)
    torch.testing.assert_close(with_graph, jacobian)
    assert not with_graph.requires_grad
    weights = randn(*value.shape)
    actual = torch.autograd.grad((value * weights).sum(), list(f.parameters()))
    wanted = torch.autograd.grad((f(x) * weights).sum(), list(f.parameters()))
    for a, b in zip(actual, wanted, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_are_autograds_far_out_and_at_zero(activation, device, dtype):
    z = torch.tensor([-1e3, -5.0, -1e-9, 0.0, 1e-9, 2.5, 1e3], device=device, dtype=dtype)
    act = Activation(activation)
    value, slope = act.value_and_slope(z)
    (expected,) = torch.autograd.grad(act(z.requires_grad_()).sum(), z)
    torch.testing.assert_close(slope, expected, rtol=0, atol=1e-8)
    torch.testing.assert_close(value, act(z).detach())


@pytest.mark.parametrize(
    ("activation", "closed_form"),
    [
        (Activation("relu"), lambda z: z.clamp(min=0)),
        (Activation("softplus", beta=3.0), lambda z: (1 + (3 * z).exp()).log() / 3),
        (Activation("tanh"), lambda z: 1 - 2 / (1 + (2 * z).exp())),
        (Activation("sine", frequency=30.0), lambda z: (30 * z).sin()),
    ],
)
def test_activations_in_closed_form(activation, closed_form, randn):
    z = randn(50)
    torch.testing.assert_close(activation(z), closed_form(z))


@pytest.mark.parametrize("outputs", [1, 2])
def test_without_hidden_layers_it_is_the_linear_model(outputs, mlp, randn):
    f, x = mlp(3, (), outputs), randn(9, 3)
    w, b = f.layers[0].weight.detach(), f.layers[0].bias.detach()
    value = x @ w.T + b
    torch.testing.assert_close(f(x).detach(), value.squeeze(1) if outputs == 1 else value)
    _, jacobian = f.value_and_jacobian(x)
    expected = w.T.expand(9, 3, outputs)
    torch.testing.assert_close(jacobian, expected.squeeze(2) if outputs == 1 else expected)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_jacobian_keeps_its_values_while_the_network_trains(outputs, mlp, randn):
    f = mlp(3, (), outputs)
    _, jacobian = f.value_and_jacobian(randn(4, 3))
    before = jacobian.clone()
    with torch.no_grad():
        f.layers[0].weight.add_(1.0)
    assert torch.equal(jacobian, before)


@pytest.mark.parametrize("init", INITIALIZATIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_same_generator_gives_the_same_network(init, activation):
    first, again, other = (
        MLP(3, (8, 8), activation=activation, init=init, generator=torch_generator(seed))
        for seed in (5, 5, 6)
    )
    for a, b in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
        assert torch.isfinite(a).all()
    assert not torch.equal(first.layers[0].weight, other.layers[0].weight)


def test_without_a_generator_the_seed_is_zero():
    plain, zero = MLP(2), MLP(2, generator=torch_generator(0))
    assert torch.equal(plain.layers[1].weight, zero.layers[1].weight)


def test_the_global_random_state_stays_untouched():
    before = torch.get_rng_state()
    MLP(2), MLP(2, generator=torch_generator(3))
    numpy_generator(3).normal()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    first = MLP(2).layers[0].weight
    torch.manual_seed(2)
    assert torch.equal(first, MLP(2).layers[0].weight)
    torch.set_rng_state(before)


def test_generators_are_reproducible_and_streams_differ():
    assert numpy_generator(3, 1).normal() == numpy_generator(3, 1).normal()
    assert numpy_generator(3, 1).normal() != numpy_generator(3, 2).normal()
    assert numpy_generator(3, 1).normal() != numpy_generator(4, 1).normal()
    assert torch_generator(3).initial_seed() == 3


@pytest.mark.parametrize(
    ("init", "activation", "first", "second"),
    [
        ("kaiming", "relu", math.sqrt(2 / 400), math.sqrt(2 / 600)),
        ("xavier", "tanh", 5 / 3 * math.sqrt(2 / 1000), 5 / 3 * math.sqrt(2 / 1200)),
        ("siren", "sine", 1 / 400 / math.sqrt(3), math.sqrt(2 / 600) / 6),
        ("geometric", "relu", math.sqrt(2 / 600), math.sqrt(2 / 600)),
    ],
)
def test_the_spread_of_the_weights_is_as_documented(init, activation, first, second):
    for name in {init, "auto" if init != "geometric" else init}:
        f = MLP(400, (600, 600), activation=activation, init=name)
        assert f.layers[0].weight.std().item() == pytest.approx(first, rel=0.02)
        assert f.layers[1].weight.std().item() == pytest.approx(second, rel=0.02)
        assert abs(f.layers[1].weight.mean().item()) < 0.01 * second


@pytest.mark.parametrize("inputs", [2, 3])
def test_geometric_initialization_starts_near_the_unit_sphere(inputs, device):
    f = MLP(inputs, (512, 512), init="geometric", generator=torch_generator(1)).to(device)
    direction = torch.randn(300, inputs, generator=torch_generator(0)).to(device)
    direction /= direction.norm(dim=1, keepdim=True)
    for radius in (0.25, 0.5, 1.0, 2.0):  # F is near |x| - 1
        value = f(radius * direction).detach()
        assert value.mean().item() == pytest.approx(radius - 1, abs=0.1 * radius)
    s = project(f, direction)
    assert s.converged.all()
    assert (s.points.norm(dim=1) - 1).abs().max() < 0.35
    assert f(torch.zeros(1, inputs, device=device)).item() == -1


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(LevelsetError, match=r"\[2, 0, 1\]"):
        MLP(2, (0,))
    with pytest.raises(LevelsetError, match="'gelu'"):
        MLP(2, activation="gelu")
    with pytest.raises(LevelsetError, match="'orthogonal'"):
        MLP(2, init="orthogonal")
    with pytest.raises(LevelsetError, match=r"-1\.0"):
        Activation("softplus", beta=-1.0)
    with pytest.raises(LevelsetError, match="nan"):
        Activation("sine", frequency=math.nan)
