"""Nearest points: exact where a closed form is at hand, and what holds of every search."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch.func import functional_call

import levelset_core as lc
from levelset_core import LevelsetError, nearest_points, project, sample_network
from levelset_core.levelsets import (
    NORMS,
    LevelSetSamples,
    NearestSamples,
    class_margin,
    get_distance,
    pseudo_inverse,
)
from levelset_core.levelsets.norms import length
from levelset_core.random import torch_generator

DUAL = {"l2": "l2", "linf": "l1", "l1": "linf"}
#: As near as double precision allows.
EXACTLY = {"tol": 1e-13, "rtol": 1e-14, "max_steps": 200}


def sphere(q, radius=1.0):
    return q.flatten(1).square().sum(1) - radius**2


# Closed forms


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("level", [0.0, 0.7])
@pytest.mark.parametrize("shape", [(5,), (1, 2, 3)])
def test_on_affine_f_it_is_the_projection_in_value_and_gradient(norm, level, shape, randn):
    w, b, x = randn(*shape).requires_grad_(), randn(1).requires_grad_(), randn(40, *shape)

    def f(q):
        return q.flatten(1) @ w.flatten() + b

    s = nearest_points(f, x, level=level, norm=norm)
    assert isinstance(s, LevelSetSamples) and s.converged.all() and s.optimal.all()
    expected = (f(x) - level).abs() / length(w[None], DUAL[norm])
    torch.testing.assert_close(s.distance, expected.detach(), atol=1e-9, rtol=0)
    reached = get_distance(norm)(x, sample_network(f, s), s.pinv)
    torch.testing.assert_close(reached, expected, atol=1e-9, rtol=0)
    ours = torch.autograd.grad(reached.sum(), (w, b))
    theirs = torch.autograd.grad(expected.sum(), (w, b))
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=0)


@pytest.mark.parametrize("radius", [0.1, 1.0, 5.0])
def test_the_nearest_point_of_a_sphere_from_inside_and_outside(radius, randn):
    # From far outside the plain iteration overshoots: the curvature times the distance is 30.
    x = randn(40, 3)
    s = nearest_points(partial(sphere, radius=radius), x, **EXACTLY)
    assert s.converged.all() and s.optimal.all()
    torch.testing.assert_close(s.distance, (x.norm(dim=1) - radius).abs(), atol=1e-7, rtol=0)


def test_a_face_of_the_cube_may_touch_first(device, dtype):
    # Seen along an axis the cube around x meets the circle in the middle of a face.
    x = torch.tensor([[3.0, 0.1], [0.05, -2.0]], device=device, dtype=dtype)
    s = nearest_points(sphere, x, norm="linf", rtol=3e-3, max_steps=60)
    assert s.optimal.all()
    torch.testing.assert_close(s.distance, x.abs().amax(1) - 1, rtol=1e-4, atol=0)


def test_two_outputs_give_the_nearest_point_of_a_curve(randn):
    def circle(q):
        return torch.stack([q.square().sum(1) - 1, q[:, 2] - 0.6], 1)

    x = 0.4 * randn(40, 3)
    s = nearest_points(circle, x, **EXACTLY)
    flat = x[:, :2] / x[:, :2].norm(dim=1, keepdim=True)
    expected = torch.cat([0.8 * flat, torch.full_like(x[:, :1], 0.6)], 1)
    good = s.converged
    assert good.float().mean() > 0.95 and (s.optimality[good] < 1e-9).all()
    torch.testing.assert_close(s.points[good], expected[good], atol=1e-5, rtol=0)


def test_the_nearer_of_two_parts_is_found_from_random_places(device, dtype):
    # Newton runs along the slope to the far wall; a pillar is nearer.
    def f(q):
        wall, pillar = 4.0 - q[:, 0], (q - q.new_tensor([0.0, 1.5])).norm(dim=1) - 0.5
        return torch.minimum(wall, 3 * pillar + 2.8)

    x = torch.zeros(8, 2, device=device, dtype=dtype)
    one = nearest_points(f, x, starts=0)
    many = nearest_points(f, x, starts=32)
    assert many.distance.amin() <= one.distance.amin()
    assert (many.distance <= one.distance + 1e-9).all()


# Gradients on a smooth F


@pytest.mark.parametrize("norm", NORMS)
def test_the_gradient_is_that_of_the_nearest_distance_searched_anew(norm, mlp, randn):
    f, x, h = mlp(seed=2), 0.5 * randn(40, 2), 1e-6
    s = nearest_points(f, x, norm=norm, starts=0, **EXACTLY)
    # Where the distance has a kink (a face touches) it has no gradient to compare with.
    rows = s.optimal & (s.distance > 1e-3)
    if norm != "l2":
        away = (s.points - x).abs()
        corner = away.amin(1) > 0.99 * away.amax(1) if norm == "linf" else away.amin(1) < 1e-9
        rows &= corner
    assert rows.sum() >= 8
    x, s = x[rows], s[rows]
    assert isinstance(s, NearestSamples)
    weights = list(f.parameters())
    along = [randn(*w.shape) for w in weights]

    def shifted(t):
        theta = {n: w + t * a for (n, w), a in zip(f.named_parameters(), along, strict=True)}
        anew = partial(functional_call, f, theta)
        return nearest_points(lambda q: anew((q,)), x, norm=norm, warm=s, starts=0, **EXACTLY)

    slopes = (shifted(h).distance - shifted(-h).distance) / (2 * h)
    jacobians = torch.stack([_slope(f, x, s, norm, k, weights, along) for k in range(len(x))])
    torch.testing.assert_close(jacobians, slopes, atol=1e-6, rtol=1e-6)


def _slope(f, x, s, norm, k, weights, along):
    reached = get_distance(norm)(x, sample_network(f, s), s.pinv)[k]
    gradients = torch.autograd.grad(reached, weights, allow_unused=True)
    return sum((g * a).sum() for g, a in zip(gradients, along, strict=True) if g is not None)


def test_with_the_inverse_of_l2_the_slope_of_linf_is_wrong_by_a_known_factor(randn):
    w, b, x = randn(6), randn(1).requires_grad_(), randn(10, 6)

    def f(q):
        return q @ w + b

    s, linf = nearest_points(f, x, norm="linf"), get_distance("linf")
    paper, _ = pseudo_inverse(w.expand_as(x), False, "l2")
    exact = 1 / w.abs().sum()  # |d / db| of |F(x)| / ||w||_1
    for k in range(10):
        right = linf(x, sample_network(f, s), s.pinv)[k]
        moved = s.points - paper * (f(s.points) - s.values)[:, None]
        wrong = linf(x, moved, paper)[k]
        ours, theirs = (torch.autograd.grad(d, b)[0].abs().item() for d in (right, wrong))
        assert ours == pytest.approx(float(exact), rel=1e-9)
        # The coordinate that happens to be the largest moves by |w_i| / ||w||_2^2.
        factors = w.abs() * w.abs().sum() / w.square().sum()
        assert (factors - theirs / exact).abs().min() < 1e-6 or theirs < factors.max() * exact
        assert abs(theirs / float(exact) - 1) > 0.05


def test_the_inverse_differentiated_is_that_of_the_norm(mlp, randn):
    f, x = mlp(seed=1), randn(20, 2)
    s = nearest_points(f, x, norm="linf")[:8]
    fixed = sample_network(f, s)
    through = sample_network(f, s, differentiate_pinv=True)
    torch.testing.assert_close(through, fixed)
    g = torch.autograd.grad(f(s.points.requires_grad_()).sum(), s.points)[0]
    torch.testing.assert_close(s.pinv, g.sign() / g.abs().sum(1, keepdim=True))


# Every search


@pytest.mark.parametrize("norm", NORMS)
def test_it_is_never_further_than_newtons_foot(norm, mlp, randn):
    f, x = mlp(seed=3), randn(100, 2)
    s, foot = nearest_points(f, x, norm=norm), project(f, x, norm=norm)
    both = s.converged & foot.converged
    assert both.sum() > 80
    assert (s.distance[both] <= length(foot.points - x, norm)[both] + 1e-9).all()
    torch.testing.assert_close(s.distance[both], length(s.points - x, norm)[both])
    assert (f(s.points)[s.converged].abs() <= 1e-6).all()


@pytest.mark.parametrize("activation", ["relu", "softplus"])
def test_a_warm_start_follows_the_moved_level_set(activation, mlp, randn):
    f, x = mlp(hidden=(32, 32), activation=activation, seed=5), randn(60, 2)
    last = nearest_points(f, x, norm="linf", starts=8)
    with torch.no_grad():
        for w in f.parameters():
            w.add_(0.003 * randn(*w.shape))
    cold = nearest_points(f, x, norm="linf", starts=8)
    calls = []
    warm = nearest_points(_counting(f, calls), x, norm="linf", warm=last, starts=0)
    plain = nearest_points(_counting(f, cold_calls := []), x, norm="linf", starts=8)
    torch.testing.assert_close(plain.distance, cold.distance)
    found = cold.converged
    assert (warm.distance <= 1.05 * cold.distance)[found].float().mean() > 0.9
    assert sum(calls) < 0.25 * sum(cold_calls)


def _counting(f, calls):
    def counted(q):
        calls.append(len(q))
        return f(q)

    return counted


def test_the_same_generator_gives_the_same_points(mlp, randn):
    f, x = mlp(seed=4), randn(30, 2)
    a, b = (nearest_points(f, x, generator=torch_generator(7)).points for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(nearest_points(f, x).points, nearest_points(f, x).points)


def test_given_places_are_where_it_starts(randn, device, dtype):
    x = torch.tensor([[0.0, 0.0]], device=device, dtype=dtype)

    def slabs(q):  # zero at x_0 = 5 and on x_1 = -1, behind a hill
        return torch.minimum(5 - q[:, 0], 6 + 6 * q[:, 1])

    assert nearest_points(slabs, x, starts=0).distance.item() == pytest.approx(5)
    place = torch.tensor([[0.0, -0.9]], device=device, dtype=dtype)
    for starts in (place, place[None].repeat(3, 1, 1)):
        assert nearest_points(slabs, x, starts=starts).distance.item() == pytest.approx(1)


def test_samples_keep_what_they_are(mlp, randn):
    f = mlp()
    s = nearest_points(f, randn(20, 2), norm="linf")
    part = s[s.optimality < 0.5].to(torch.float32)
    assert isinstance(part, NearestSamples) and part.norm == "linf"
    assert part.distance.dtype == torch.float32 and part.optimal.dtype == torch.bool
    assert repr(s).startswith("NearestSamples(20 x 2")
    assert len(nearest_points(f, randn(0, 2))) == 0


def test_rows_go_on_through_functional_call_and_arguments(mlp, randn):
    f, x = mlp(outputs=3, seed=6), randn(30, 2)
    theta = {name: w + 0.1 for name, w in f.named_parameters()}
    logits = partial(functional_call, f, theta)
    margin, labels = class_margin(lambda q: logits((q,))), torch.arange(30, device=x.device) % 3
    s = nearest_points(margin, x, norm="linf", args=(labels,), level=0.1)
    assert s.converged.sum() >= 15
    values = margin(s.points, labels)[s.converged]
    torch.testing.assert_close(values, torch.full_like(values, 0.1), atol=1e-5, rtol=0)
    assert sample_network(margin, s).shape == x.shape


# Degenerate inputs


def _all_finite(s):
    for part in (s.points, s.values, s.pinv, s.level, s.start_values):
        assert torch.isfinite(part).all()
    assert not torch.isnan(s.distance).any() and not torch.isnan(s.optimality).any()


@pytest.mark.parametrize("norm", NORMS)
def test_without_a_level_set_nothing_is_found(norm, randn):
    for f in (lambda q: 1 + q.square().sum(1), lambda q: torch.ones_like(q[:, 0])):
        s = nearest_points(f, randn(10, 2), norm=norm)
        assert not s.converged.any() and not s.optimal.any()
        assert s.distance.isinf().all() and s.optimality.isinf().all()
        _all_finite(s)


@pytest.mark.parametrize("norm", NORMS)
def test_a_point_on_the_level_set_stays(norm, mlp, randn):
    f = mlp()
    foot = project(f, randn(20, 2), tol=1e-12)
    x = foot.points[foot.converged]
    s = nearest_points(f, x, norm=norm)
    assert s.converged.all() and s.optimal.all() and (s.distance == 0).all()
    assert torch.equal(s.points, x)


def test_rows_that_are_not_finite_fail_alone(mlp, randn):
    f, x = mlp(), randn(20, 2)
    broken = x.clone()
    broken[3, 0], broken[7] = torch.nan, torch.inf
    s = nearest_points(f, broken, starts=0)
    assert s.failed[[3, 7]].all() and s.distance[[3, 7]].isinf().all()
    others = torch.ones(20, dtype=torch.bool)
    others[[3, 7]] = False
    torch.testing.assert_close(s.points[others], nearest_points(f, x, starts=0).points[others])
    _all_finite(nearest_points(f, broken))
    _all_finite(nearest_points(f, x, warm=broken))


def test_out_of_a_dead_region_random_places_lead(device, dtype):
    # At x every unit is dead: D_xF = 0, and Newton fails.
    def f(q):
        return torch.relu(q[:, 0] - 1) - 0.5

    x = torch.zeros(10, 2, device=device, dtype=dtype)
    assert project(f, x).failed.all()
    s = nearest_points(f, x, starts=32)
    assert s.converged.all()
    torch.testing.assert_close(s.distance, torch.full_like(s.distance, 1.5), rtol=1e-6, atol=0)


def test_what_cannot_be_done_is_one_sentence(mlp, randn):
    x = randn(5, 2)
    with pytest.raises(LevelsetError, match="several outputs has its pseudo-inverse in norm 'l2'"):
        nearest_points(mlp(outputs=2), x, norm="linf")
    with pytest.raises(LevelsetError, match="Unknown norm 'l3'"):
        nearest_points(mlp(), x, norm="l3")
    with pytest.raises(LevelsetError, match="warm holds a point for each of x"):
        nearest_points(mlp(), x, warm=x[:2])
    with pytest.raises(LevelsetError, match="starts is a number, "):
        nearest_points(mlp(), x, starts=x[:2])
    with pytest.raises(LevelsetError, match="leave their box"):
        nearest_points(mlp(), x, box=(0.0, 1.0))
    assert lc.nearest_points is nearest_points
