"""The fused pass against autograd, and what the network starts from."""

from __future__ import annotations

import pytest
import torch
from torch.func import jacrev, vmap

from levelset_core import LevelsetError
from levelset_core.levelsets import value_and_jacobian, value_with_jacobian
from levelset_core.networks import ImplicitMLP, PositionalEncoding
from levelset_core.parallel import Workers
from levelset_core.random import torch_generator

SHAPES = [(1, 0, True), (1, 4, False), (1, 3, True), (2, 0, False), (2, 2, True)]


@pytest.fixture
def build(device, dtype):
    def make(outputs=1, octaves=0, skip=False, activation="relu", hidden=(16, 24, 16)):
        f = ImplicitMLP(
            3, hidden, outputs, octaves=octaves, skip=skip, activation=activation
        ).to(device, dtype)  # fmt: skip
        noise = torch_generator(1)
        with torch.no_grad():
            for p in f.parameters():
                p += 0.1 * torch.randn(p.shape, generator=noise, dtype=dtype).to(device)
        return f

    return make


@pytest.mark.parametrize("activation", ["relu", "softplus", "sine"])
@pytest.mark.parametrize(("outputs", "octaves", "skip"), SHAPES)
def test_the_fused_pass_is_autograd(outputs, octaves, skip, activation, build, randn):
    f, x = build(outputs, octaves, skip, activation), randn(1100, 3).clamp(-1, 1)
    f.workers = Workers(2)
    value, jacobian = value_with_jacobian(f, x)
    expected = vmap(jacrev(lambda row: f(row[None])[0]))(x)
    expected = expected if outputs == 1 else expected.mT
    torch.testing.assert_close(value, f(x))
    torch.testing.assert_close(jacobian, expected)
    torch.testing.assert_close(value_and_jacobian(f, x), (value.detach(), jacobian))
    weights = randn(*value.shape)
    actual = torch.autograd.grad((value * weights).sum(), list(f.parameters()))
    wanted = torch.autograd.grad((f(x) * weights).sum(), list(f.parameters()))
    for a, b in zip(actual, wanted, strict=True):
        torch.testing.assert_close(a, b)
    f.workers.close()


def test_threads_change_nothing_at_all(build, randn):
    x = randn(3000, 3)
    found = []
    for threads in (1, 3):
        f = build(octaves=3)
        f.workers = Workers(threads)
        value, jacobian = f.value_with_jacobian(x)
        found.append((value, jacobian, *torch.autograd.grad(value.abs().sum(), f.parameters())))
        f.workers.close()
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_no_points_are_no_trouble(build, randn):
    f = build(octaves=2)
    value, jacobian = f.value_with_jacobian(randn(0, 3))
    assert value.shape == (0,) and jacobian.shape == (0, 3)
    value.sum().backward()
    assert all((p.grad == 0).all() for p in f.parameters())


@pytest.mark.parametrize("settings", [{"octaves": 6}, {"skip": True}, {}])
def test_it_starts_near_the_distance_to_a_sphere(settings, randn):
    f = ImplicitMLP(3, (256,) * 4, generator=torch_generator(0), **settings)
    x = torch.nn.functional.normalize(randn(400, 3).float(), dim=1)
    inner, outer = f(0.2 * x).detach(), f(x).detach()
    assert (inner < 0).all() and (outer > 0).all()
    assert 0.5 < (outer.mean() - inner.mean()) / 0.8 < 2.0


def test_curves_start_from_two_sets_that_cross(randn):
    value = ImplicitMLP(3, (64, 64), 2, activation="softplus")(randn(2000, 3).float())
    sides = {tuple(row) for row in (value > 0).tolist()}
    assert len(sides) == 4


def test_the_encoding_repeats_its_derivative(randn):
    phi = PositionalEncoding(2, 3).double()
    x = randn(7, 2)
    assert phi(x).shape == (7, 14)
    slope = randn(7, 14)
    expected = torch.func.vjp(phi, x)[1](slope)[0]
    torch.testing.assert_close(phi.pull_back(phi(x), slope), expected)
    with pytest.raises(LevelsetError, match="octaves"):
        PositionalEncoding(3, 13)
    with pytest.raises(LevelsetError, match="hidden layer"):
        ImplicitMLP(3, ())
