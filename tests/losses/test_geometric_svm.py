"""Sec. 3.1: Eq. 11 against the linear SVM of Eq. 10 and against finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from levelset_core import LevelsetError, LevelSetSamples, project
from levelset_core.losses import geometric_svm, geometric_svm_terms
from levelset_core.networks import MLP


@pytest.fixture
def labels(device):
    def make(n: int) -> Tensor:
        return 1 - 2 * (torch.arange(n, device=device) % 2)

    return make


def gradients(loss: Tensor, f: nn.Module) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(f.parameters())))


def soft_svm(f: MLP, x: Tensor, y: Tensor, lam: float) -> Tensor:
    """Eq. 10."""
    w = f.layers[0].weight
    return torch.relu(1 - y * f(x)).mean() + lam * w.square().sum()


@pytest.mark.parametrize("dimension", [1, 2, 5, 20])
@pytest.mark.parametrize("sides_from", ["boundary", "data"])
@pytest.mark.parametrize("lam", [0.0, 0.3])
def test_on_affine_networks_it_is_the_linear_svm(dimension, sides_from, lam, mlp, randn, labels):
    f, x, y = mlp(dimension, ()), randn(40, dimension), labels(40)
    terms = geometric_svm_terms(f, x, y, lam=lam, alpha=-2.0, distance="l2", sides_from=sides_from)
    expected = soft_svm(f, x, y, lam)
    torch.testing.assert_close(terms.loss, expected, rtol=0, atol=1e-6)
    for actual, wanted in zip(gradients(terms.loss, f), gradients(expected, f), strict=True):
        torch.testing.assert_close(actual, wanted, rtol=0, atol=1e-6)
    w = f.layers[0].weight.detach()
    assert terms.used.all()
    torch.testing.assert_close(terms.delta, (1 / w.norm()).expand(40))
    torch.testing.assert_close(terms.distance, f(x).abs().detach() / w.norm())
    torch.testing.assert_close(terms.hinge, torch.relu(1 - y * f(x)).detach())


def test_on_affine_networks_other_distances_have_closed_forms(mlp, randn, labels):
    f, x, y = mlp(4, ()), randn(40, 4), labels(40)
    w = f.layers[0].weight.detach().flatten()
    for name, share in (("linf", w.abs().max() / w.norm()), ("rho", w.abs().max() / w.norm())):
        terms = geometric_svm_terms(f, x, y, lam=0.5, alpha=-1.0, distance=name)
        delta = share / w.norm()  # the largest entry of the step w / |w|^2
        torch.testing.assert_close(terms.delta, delta.expand(40))
        expected = torch.relu(1 - y * f(x)).mean() + 0.5 / delta
        torch.testing.assert_close(terms.loss, expected)


class Bowl(nn.Module):
    """F = a |x - m| + b |x - m|^2 + c: concentric level sets."""

    def __init__(self, like: Tensor) -> None:
        super().__init__()
        self.m = nn.Parameter(like.new_tensor([0.1, -0.2]))
        self.a = nn.Parameter(like.new_tensor(2.0))
        self.b = nn.Parameter(like.new_tensor(0.5))
        self.c = nn.Parameter(like.new_tensor(-3.0))

    def forward(self, x: Tensor) -> Tensor:
        r = (x - self.m).square().sum(1).sqrt()
        return self.a * r + self.b * r.square() + self.c


def re_projected(f: nn.Module, x: Tensor, side: Tensor, lam: float) -> Tensor:
    """Eq. 11 with L2 and alpha = -1 at the present weights, every projection redone."""
    settings = {"max_steps": 50, "tol": 1e-13}
    p = project(f, x, **settings).points
    delta = torch.stack(
        [(project(f, p, level=t, **settings).points - p).norm(dim=1) for t in (-1.0, 1.0)]
    ).amin(0)
    return torch.relu(1 - side * (x - p).norm(dim=1) / delta).mean() + lam * (1 / delta).mean()


def test_where_newton_finds_the_nearest_point_the_gradient_is_that_of_re_projection(randn, labels):
    x, y = randn(30, 2), labels(30)
    f = Bowl(x)
    terms = geometric_svm_terms(f, x, y, lam=0.2, distance="l2", max_steps=50, tol=1e-13)
    assert terms.used.all()
    side = torch.where(y * f(x) > 0, 1.0, -1.0).detach()
    torch.testing.assert_close(terms.loss, re_projected(f, x, side, 0.2))
    for weight, slope in zip(f.parameters(), gradients(terms.loss, f), strict=True):
        entries, h = weight.data.view(-1), 1e-5
        for k, actual in enumerate(slope.flatten().tolist()):
            before = entries[k].item()
            entries[k] = before + h
            above = re_projected(f, x, side, 0.2)
            entries[k] = before - h
            below = re_projected(f, x, side, 0.2)
            entries[k] = before
            assert actual == pytest.approx(((above - below) / (2 * h)).item(), abs=1e-7)


def along_normals(f: nn.Module, s: LevelSetSamples) -> Tensor:
    """The samples moved back to their level, each along the normal it had: Newton, D_xF held."""
    points = s.points
    for _ in range(30):
        points = points - s.pinv * (f(points) - s.level - s.values)[:, None]
    return points


def test_on_a_network_the_gradient_matches_finite_differences(mlp, randn, labels):
    """Eq. 9 moves samples along their normals: so does the loss that is differenced here."""
    f, x, y, lam = mlp(activation="softplus"), randn(60, 2), labels(60), 0.2
    settings = {"lam": lam, "distance": "l2", "max_steps": 30, "tol": 1e-12}
    terms = geometric_svm_terms(f, x, y, **settings)
    sides = terms.sides.converged.chunk(2)
    both = terms.used & sides[0] & sides[1]
    x, y = x[both], y[both]
    assert len(x) > 10
    terms = geometric_svm_terms(f, x, y, **settings)

    def moved_loss() -> Tensor:
        p, q = along_normals(f, terms.boundary), along_normals(f, terms.sides)
        delta = torch.minimum(*((p - side).norm(dim=1) for side in q.chunk(2)))
        side = torch.where(y * terms.boundary.start_values > 0, 1.0, -1.0)
        return (torch.relu(1 - side * (x - p).norm(dim=1) / delta) + lam / delta).mean()

    direction = [randn(*weight.shape) for weight in f.parameters()]
    slopes = gradients(terms.loss, f)
    predicted = sum((a * b).sum() for a, b in zip(slopes, direction, strict=True)).item()
    h, values = 1e-6, []
    with torch.no_grad():
        torch.testing.assert_close(moved_loss(), terms.loss)
        for step in (h, -2 * h):
            for weight, change in zip(f.parameters(), direction, strict=True):
                weight.add_(change, alpha=step)
            values.append(moved_loss().item())
    assert predicted == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-5)


def test_delta_is_to_the_nearer_of_the_two_levels(device, dtype):
    def f(x: Tensor) -> Tensor:  # S_1 at distance 1, S_-1 at distance 1/4 from S_0
        t = x[:, 0]
        return torch.where(t > 0, t, 4 * t)

    x = torch.tensor([[0.5, 0.0], [-0.1, 1.0]], device=device, dtype=dtype)
    terms = geometric_svm_terms(f, x, torch.ones(2, device=device), distance="l2")
    torch.testing.assert_close(terms.delta, torch.full_like(terms.delta, 0.25))
    assert terms.nearer.tolist() == [-1, -1]
    torch.testing.assert_close(terms.sides.points[:2, 0], torch.full_like(x[:, 0], -0.25))
    torch.testing.assert_close(terms.sides.points[2:, 0], torch.full_like(x[:, 0], 1.0))


def test_a_level_that_does_not_exist_leaves_the_other(device, dtype):
    x = torch.tensor([[0.5], [1.0]], device=device, dtype=dtype)
    y = torch.ones(2, device=device)
    terms = geometric_svm_terms(lambda x: x[:, 0].square() - 0.5, x, y)  # F >= -1/2
    assert terms.used.all()
    torch.testing.assert_close(terms.delta, torch.full_like(terms.delta, 1.5**0.5 - 0.5**0.5))
    assert (terms.nearer == 1).all()
    none = geometric_svm_terms(lambda x: x[:, 0].tanh() * 0.5, x, y)
    assert not none.used.any()
    assert none.loss == 0
    for name in ("hinge", "distance", "delta"):
        assert (getattr(none, name) == 0).all()


@pytest.mark.parametrize("sides_from", ["boundary", "data"])
def test_the_sides_start_where_they_are_told(sides_from, mlp, randn, labels):
    f, x = mlp(activation="softplus"), randn(20, 2)
    terms = geometric_svm_terms(f, x, labels(20), sides_from=sides_from)
    start = f(terms.boundary.points if sides_from == "boundary" else x).detach()
    torch.testing.assert_close(terms.sides.start_values, torch.cat([start + 1, start - 1]))


def test_a_boundary_that_does_not_exist_gives_no_loss(device, dtype):
    x = torch.tensor([[0.5], [1.0]], device=device, dtype=dtype)
    terms = geometric_svm_terms(lambda x: x[:, 0].square() + 0.5, x, torch.ones(2, device=device))
    assert terms.sides.converged[2:].any()  # S_1 is there
    assert not terms.used.any()
    assert terms.loss == 0


def test_delta_may_be_held_fixed(mlp, randn, labels):
    f, x, y = mlp(3, ()), randn(20, 3), labels(20)

    def loss(**settings) -> Tensor:
        return geometric_svm(f, x, y, distance="l2", **settings)

    norm = f.layers[0].weight.detach().norm()  # 1 / Delta, held
    expected = torch.relu(1 - y * f(x) / f.layers[0].weight.norm() * norm).mean()
    torch.testing.assert_close(loss(lam=0.0), expected)
    fixed = gradients(loss(lam=0.0, differentiate="boundary"), f)
    for actual, wanted in zip(fixed, gradients(expected, f), strict=True):
        torch.testing.assert_close(actual, wanted)
    assert not torch.allclose(fixed[0], gradients(loss(lam=0.0), f)[0])
    # and the margin term adds nothing to follow
    for actual, wanted in zip(
        gradients(loss(lam=1.0, differentiate="boundary"), f), fixed, strict=True
    ):
        torch.testing.assert_close(actual, wanted)


@pytest.mark.parametrize("distance", ["l2", "linf", "rho"])
def test_duplicate_points_of_both_classes_are_harmless(distance, mlp, randn):
    f, x = mlp(activation="softplus"), randn(20, 2)
    y = torch.ones(20, device=x.device)
    loss = geometric_svm(f, torch.cat([x, x]), torch.cat([y, -y]), distance=distance)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(g).all() for g in gradients(loss, f))


@pytest.mark.parametrize("distance", ["l2", "linf", "rho"])
def test_a_point_on_the_boundary_is_harmless(distance, mlp, randn, labels):
    f = mlp(activation="softplus")
    x = project(f, randn(20, 2), tol=1e-15, max_steps=30).points
    loss = geometric_svm(f, x, labels(20), distance=distance)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(g).all() for g in gradients(loss, f))


def test_points_without_a_level_set_change_nothing_but_the_mean(mlp, randn, labels):
    f, x, y = mlp(activation="softplus"), randn(30, 2), labels(30)
    far = torch.tensor([[1e200, 1e200]], device=x.device, dtype=x.dtype)
    terms = geometric_svm_terms(f, x, y)
    more = geometric_svm_terms(f, torch.cat([x, far]), torch.cat([y, y[:1]]))
    assert not more.used[-1]
    torch.testing.assert_close(more.loss * 31, terms.loss * 30)
    for actual, wanted in zip(gradients(more.loss, f), gradients(terms.loss, f), strict=True):
        torch.testing.assert_close(actual * 31, wanted * 30)


def test_a_dead_network_gives_loss_and_gradient_zero(mlp, randn, labels):
    f = mlp(activation="relu")
    with torch.no_grad():
        f.layers[0].bias.fill_(-100.0)
    loss = geometric_svm(f, randn(10, 2), labels(10))
    assert loss == 0
    assert all((g == 0).all() for g in gradients(loss, f))


def test_the_paths_are_kept_on_demand(mlp, randn, labels):
    terms = geometric_svm_terms(mlp(), randn(10, 2), labels(10), record=True)
    assert terms.boundary.path.shape[1:] == (10, 2)
    assert terms.sides.path.shape[1:] == (20, 2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"distance": "l3"}, "'l3'"),
        ({"sides_from": "nowhere"}, "'nowhere'"),
        ({"differentiate": "some"}, "'some'"),
    ],
)
def test_unknown_options_are_refused(settings, said, mlp, randn, labels):
    with pytest.raises(LevelsetError, match=said):
        geometric_svm(mlp(), randn(4, 2), labels(4), **settings)


@pytest.mark.parametrize("distance", ["l2", "linf"])
def test_what_gradcheck_shows_of_the_gradient(distance, mlp, randn, device):
    """With samples frozen it is the value's; projected anew it points nearly the same way."""
    f, x = mlp(2, (4,)), randn(12, 2)
    y = 1 - 2 * (torch.arange(12, device=device) % 2)
    names = [name for name, _ in f.named_parameters()]
    theta = tuple(weight.detach().clone().requires_grad_() for weight in f.parameters())

    def loss(*theta, projector=project):
        def network(x):
            bent = functional_call(f, dict(zip(names, theta, strict=True)), (x,))
            return 1.5 * x[:, 0] + bent  # level sets that a small step does not tear

        how = {"distance": distance, "max_steps": 30, "tol": 1e-12}
        return geometric_svm_terms(network, x, y, projector=projector, **how)

    terms = loss(*theta)
    assert terms.used.sum() > 6

    def held(*theta):
        stored = iter((terms.boundary, terms.sides))
        return loss(*theta, projector=lambda *_, **__: next(stored)).loss

    assert torch.autograd.gradcheck(held, theta, rtol=1e-6, atol=1e-9)
    slopes = torch.cat([g.flatten() for g in torch.autograd.grad(terms.loss, theta)])
    h, anew, flat = 1e-6, [], torch.cat([t.detach().flatten() for t in theta])
    for step in h * torch.eye(len(flat), device=device, dtype=flat.dtype):
        ends = [
            loss(*(
                part.view_as(t)
                for part, t in zip(moved.split([t.numel() for t in theta]), theta, strict=True)
            )).loss.item()
            for moved in (flat + step, flat - step)
        ]  # fmt: skip
        anew.append((ends[0] - ends[1]) / (2 * h))
    cosine = torch.nn.functional.cosine_similarity(slopes, torch.tensor(anew).to(slopes), dim=0)
    assert 0.95 < cosine < 0.9999
