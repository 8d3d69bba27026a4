"""torch.func, vmap and torch.compile; the fixed-step variant against the one that lets go."""

from __future__ import annotations

import functools

import pytest
import torch
from torch.func import functional_call, grad, vmap

from levelset_core import LevelsetError, project, sample_network
from levelset_core.levelsets import bisection, value_and_jacobian, value_with_jacobian
from levelset_core.losses import elsayed, geometric_svm, hinge, margin
from levelset_core.networks import ImplicitMLP

FIELDS = ("points", "values", "pinv", "level", "start_values", "path", "path_values")
fixed = functools.partial(project, stop="fixed")


@pytest.fixture
def signs(device):
    return 1 - 2 * (torch.arange(30, device=device) % 2)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
@pytest.mark.parametrize("max_steps", [0, 3, 12])
def test_fixed_steps_find_what_the_others_find(outputs, activation, max_steps, mlp, randn):
    f, x = mlp(3, outputs=outputs, activation=activation), 2 * randn(80, 3)
    x[7] = torch.nan
    a, b = (project(f, x, max_steps=max_steps, record=True, stop=s) for s in ("arrived", "fixed"))
    for name in ("converged", "failed", "steps"):
        assert torch.equal(getattr(a, name), getattr(b, name)), name
    length = len(a.path)
    for name in FIELDS:
        found, expected = getattr(b, name), getattr(a, name)
        found = found[:length] if "path" in name else found
        torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-7)
    assert a.failed.any()
    assert len(b.path) == max_steps + 1


def test_a_failed_sample_stays_out_of_the_fixed_graph(device, dtype):
    scale = torch.ones((), device=device, dtype=dtype, requires_grad=True)
    x = torch.tensor([[-1.0], [1.5], [0.0]], device=device, dtype=dtype)
    f = lambda x: scale * x[:, 0].log() - 0.5  # noqa: E731
    s = fixed(f, x)
    assert s.failed.tolist() == [True, False, True]
    for through in (False, True):
        p = sample_network(f, s, differentiate_pinv=through)
        assert torch.equal(p[[0, 2]], x[[0, 2]])
        (slope,) = torch.autograd.grad(p.sum(), scale)
        torch.testing.assert_close(slope, -0.5 * torch.tensor(0.5).to(x).exp())


# torch.func


def losses_of(f, x, y, stop="arrived"):
    how = {"max_steps": 3, "stop": stop}  # more would blow rounding up where F is flat
    return {
        "hinge": lambda net: hinge(net, x, y),
        "elsayed": lambda net: elsayed(net, x, y, differentiate_gradient=True),
        "margin": lambda net: margin(net, x, y, distance="l2", fallback=True, **how),
        "geometric_svm": lambda net: geometric_svm(net, x, y, fallback=True, **how),
        "sample_network": lambda net: sample_network(
            net, project(net, x, **how), differentiate_pinv=True
        ).square().mean(),
    }  # fmt: skip


@pytest.mark.parametrize("stop", ["arrived", "fixed"])
@pytest.mark.parametrize("name", ["hinge", "elsayed", "margin", "geometric_svm", "sample_network"])
def test_func_grad_is_autograds_gradient(name, stop, mlp, randn, signs):
    f, x = mlp(activation="softplus"), randn(30, 2)
    loss = losses_of(f, x, signs, stop)[name]
    theta = {key: value.detach() for key, value in f.named_parameters()}
    found = grad(lambda theta: loss(lambda *x: functional_call(f, theta, x)))(theta)
    loss(f).backward()
    for key, weight in f.named_parameters():
        torch.testing.assert_close(found[key], weight.grad, rtol=1e-5, atol=1e-6)


class Loss(torch.nn.Module):
    """A loss as a module, as people hand it to functional_call."""

    def __init__(self, f, x, y):
        super().__init__()
        self.f, self.x, self.y = f, x, y

    def forward(self):
        return margin(self.f, self.x, self.y, fallback=True)


@pytest.mark.parametrize("implicit", [False, True])
def test_a_network_with_passes_of_its_own_under_func_grad(implicit, mlp, randn, signs):
    f = ImplicitMLP(2, (8, 8), activation="softplus").to(randn(1)) if implicit else mlp()
    module = Loss(f, randn(30, 2), signs)
    theta = {key: value.detach() for key, value in module.named_parameters()}
    found = grad(lambda theta: functional_call(module, theta, ()))(theta)
    module().backward()
    for key, weight in module.named_parameters():
        torch.testing.assert_close(found[key], weight.grad)


@pytest.mark.parametrize("outputs", [1, 3])
def test_derivatives_are_the_same_inside_a_transform(outputs, mlp, randn):
    f, x = mlp(3, outputs=outputs), randn(6, 3)
    expected = value_and_jacobian(f, x)
    for pass_ in (value_and_jacobian, value_with_jacobian):
        found = vmap(lambda shift, pass_=pass_: pass_(f, x + shift))(torch.zeros(2, 1).to(x))
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a[0], b)
            torch.testing.assert_close(a[1], b)


def stacked(mlp):
    members = [mlp(activation="softplus", seed=seed) for seed in range(3)]
    states = [{k: v.detach() for k, v in f.named_parameters()} for f in members]
    return members, {k: torch.stack([s[k] for s in states]) for k in states[0]}


@pytest.mark.parametrize("name", ["margin", "geometric_svm", "sample_network"])
def test_vmap_over_networks(name, mlp, randn, signs):
    (members, thetas), x = stacked(mlp), randn(30, 2)

    def one(theta, stop):
        net = lambda *x: functional_call(members[0], theta, x)  # noqa: E731
        return losses_of(members[0], x, signs, stop)[name](net)

    found = vmap(functools.partial(one, stop="fixed"))(thetas)
    slopes = vmap(grad(functools.partial(one, stop="fixed")))(thetas)
    for k, f in enumerate(members):
        loss = losses_of(f, x, signs)[name](f)
        torch.testing.assert_close(found[k], loss)
        loss.backward()
        for key, weight in f.named_parameters():
            torch.testing.assert_close(slopes[key][k], weight.grad, rtol=1e-5, atol=1e-6)
    with pytest.raises(LevelsetError, match='stop="fixed"'):
        vmap(functools.partial(one, stop="arrived"))(thetas)


def test_vmap_over_points(mlp, randn):
    f, x = mlp(activation="softplus"), randn(12, 2)
    together = project(f, x)
    alone = vmap(lambda row: fixed(f, row[None]).points[0])(x)
    torch.testing.assert_close(alone, together.points)
    with pytest.raises(LevelsetError, match="vmap"):
        vmap(lambda row: bisection(f, row[None], -row[None]).points)(x)


def test_errors_of_a_persons_own_network_stay_theirs(randn):
    def f(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        project(f, randn(2, 2))


# torch.compile


@pytest.mark.parametrize("own_pass", [True, False])
def test_fixed_steps_compile_without_a_graph_break(own_pass, mlp, randn):
    net, x = mlp(activation="softplus"), randn(20, 2)
    f = net if own_pass else lambda x: net(x)

    def moved(x):
        s = project(f, x, max_steps=4, stop="fixed")
        return s.points, s.converged, sample_network(f, s)

    compiled = torch.compile(moved, backend="eager", fullgraph=True)
    torch._dynamo.reset()
    for a, b in zip(compiled(x), moved(x), strict=True):
        torch.testing.assert_close(a, b)
    compiled(x)[2].square().sum().backward()
    found = [weight.grad.clone() for weight in net.parameters()]
    net.zero_grad()
    moved(x)[2].square().sum().backward()
    for a, b in zip(found, net.parameters(), strict=True):
        torch.testing.assert_close(a, b.grad)
