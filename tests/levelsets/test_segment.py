"""The zero on a segment: closed-form roots, and rows that have none."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from levelset_core import LevelsetError, project
from levelset_core.levelsets import (
    bisection,
    class_margin,
    false_position,
    pseudo_inverse,
    value_and_jacobian,
)

SEARCHES = [false_position, bisection]


def line(f):
    """A function of numbers as an F on the real line."""
    return lambda x: f(x[:, 0])


@pytest.fixture
def ends(device, dtype):
    def make(a: float, b: float) -> tuple[Tensor, Tensor]:
        return tuple(torch.tensor([[t]], device=device, dtype=dtype) for t in (a, b))

    return make


ROOTS = [
    (lambda t: t**3 - 2, 0.0, 2.0, 2 ** (1 / 3)),
    (lambda t: t.exp() - 5, -1.0, 3.0, math.log(5)),
    (lambda t: t.cos() - t, 0.0, 1.0, 0.7390851332151607),
    (lambda t: 1 / (t + 2) - 0.1, 0.0, 100.0, 8.0),
    (lambda t: 3 - 2 * t, 4.0, -4.0, 1.5),
    (lambda t: (t - 0.3) ** 3, 0.0, 1.0, 0.3),
]


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize(("f", "a", "b", "root"), ROOTS[:5])
def test_closed_form_roots(search, f, a, b, root, ends):
    s = search(line(f), *ends(a, b), tol=1e-12, max_steps=80)
    assert s.converged.all()
    assert s.points.item() == pytest.approx(root, abs=1e-9)


def test_a_triple_root_is_found_by_value(ends):
    s = false_position(line(ROOTS[5][0]), *ends(0.0, 1.0), tol=1e-9, max_steps=100)
    assert s.values.abs().item() <= 1e-9
    assert s.points.item() == pytest.approx(0.3, abs=2e-3)


def test_a_line_takes_one_step(ends):
    s = false_position(line(lambda t: 3 * t - 1), *ends(0.0, 1.0), tol=1e-12)
    assert s.steps.item() == 1
    assert s.points.item() == pytest.approx(1 / 3, abs=1e-14)


def test_bisection_halves_the_bracket_each_step(ends):
    for steps in (1, 5, 12):
        s = bisection(line(lambda t: t - math.pi / 4), *ends(0.0, 1.0), max_steps=steps, tol=0.0)
        assert s.steps.item() == steps
        assert abs(s.points.item() - math.pi / 4) <= 0.5**steps


@pytest.mark.parametrize("search", SEARCHES)
def test_a_segment_through_a_sphere(search, randn):
    inside, outside = 0.1 * randn(40, 3), 5 + randn(40, 3)
    s = search(lambda x: x.square().sum(1) - 1, inside, outside, tol=1e-12, max_steps=60)
    assert s.converged.all()
    torch.testing.assert_close(s.points.norm(dim=1), torch.ones_like(s.values))
    along = (s.points - inside) / (outside - inside)  # the same share of every coordinate
    torch.testing.assert_close(along, along[:, :1].expand(-1, 3))
    assert ((along > 0) & (along < 1)).all()


@pytest.mark.parametrize("search", SEARCHES)
def test_what_comes_back_is_ready_for_a_sample_network(search, randn, mlp):
    f = mlp(activation="softplus")
    a, b = randn(60, 2), randn(60, 2)
    s = search(f, a, b, level=0.1, tol=1e-9, max_steps=60)
    found = s.converged
    assert 5 < found.sum() < 55
    value, jacobian = value_and_jacobian(f, s.points)
    torch.testing.assert_close(s.values, value - 0.1)
    torch.testing.assert_close(s.start_values, f(a).detach() - 0.1)
    torch.testing.assert_close(s.pinv[found], pseudo_inverse(jacobian[found], outputs=False)[0])
    assert (s.level == 0.1).all()
    crossing = (f(a) - 0.1) * (f(b) - 0.1) < 0
    assert torch.equal(crossing, found)
    assert torch.equal(s.failed, ~found)
    assert not s.points.requires_grad


@pytest.mark.parametrize("search", SEARCHES)
def test_a_zero_at_an_end_takes_no_step(search, ends):
    for a, b in ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0)):
        s = search(line(lambda t: t), *ends(a, b))
        assert s.converged.item()
        assert s.points.item() == 0.0
        assert s.steps.item() == 0


@pytest.mark.parametrize("search", SEARCHES)
def test_without_a_sign_change_a_row_fails_where_it_starts(search, ends):
    a, b = ends(1.0, 2.0)
    s = search(line(lambda t: t), a, b)
    assert s.failed.item()
    assert not s.converged.item()
    assert torch.equal(s.points, a)
    assert s.start_values.item() == 1.0
    assert (s.pinv == 0).all()


@pytest.mark.parametrize("search", SEARCHES)
def test_a_flat_function_fails_without_nan(search, ends):
    zero = search(line(lambda t: 0 * t), *ends(-1.0, 1.0))  # zero denominator
    jump = search(line(lambda t: torch.sign(t - 0.3) + 0 * t), *ends(-1.0, 1.0))
    for s in (zero, jump):
        assert s.failed.item()
        for tensor in (s.points, s.values, s.pinv):
            assert torch.isfinite(tensor).all()
    assert jump.points.item() == pytest.approx(0.3, abs=1e-4)  # squeezed from both sides


def test_illinois_beats_plain_regula_falsi_on_a_strongly_convex_function(ends):
    def f(t):
        return t**10 - 1

    a, b = 0.0, 1.3
    plain = 0
    while abs(f(a + (b - a) * -f(a) / (f(b) - f(a)))) > 1e-9:  # b never moves
        a += (b - a) * -f(a) / (f(b) - f(a))
        plain += 1
    s = false_position(line(f), *ends(0.0, 1.3), tol=1e-9, max_steps=60)
    assert s.converged.item()
    assert s.steps.item() * 5 < plain


def test_a_secant_that_rounds_to_an_end_is_not_followed(ends):
    s = false_position(line(lambda t: 1e20 * (1 - t) ** 3 - 1e-3), *ends(0.0, 1.0), max_steps=80)
    assert s.converged.item()
    assert s.steps.item() < 45  # 54 where it is


def test_where_false_position_crawls_bisection_takes_over(ends):
    def f(t):
        return t**101 - 1e-3

    few = 12
    crawling = false_position(line(f), *ends(0.0, 1.0), max_steps=few, tol=1e-10)
    root = 1e-3 ** (1 / 101)
    assert crawling.steps.item() > few
    assert abs(crawling.points.item() - root) < 0.5**few


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_bad_end_fails_and_touches_no_other(search, bad, randn, mlp):
    f, a, b = mlp(activation="softplus"), randn(30, 2), randn(30, 2)
    good = search(f, a, b, max_steps=60)
    worse = b.clone()
    worse[4] = bad
    s = search(f, a, worse, max_steps=60)
    keep = torch.arange(30, device=a.device) != 4
    assert s.failed[4]
    assert torch.isfinite(s.points).all()
    assert torch.isfinite(s.pinv).all()
    torch.testing.assert_close(s.points[keep], good.points[keep])
    assert torch.equal(s.steps[keep], good.steps[keep])


@pytest.mark.parametrize("search", SEARCHES)
def test_nan_on_the_way_fails(search, ends):
    def f(t):
        return torch.where((t > 0.2) & (t < 0.8), torch.nan, t - 0.5)

    s = search(line(f), *ends(0.0, 1.0))
    assert s.failed.item()
    assert torch.isfinite(s.points).all()


def test_images_and_arguments(randn, device):
    labels = torch.arange(8, device=device) % 3
    weights = randn(3 * 4 * 4, 3)
    f = class_margin(lambda x: x.flatten(1) @ weights)
    a = randn(8, 3, 4, 4)
    s = false_position(f, a, -a, args=(labels,), tol=1e-10)
    crossing = f(a, labels) * f(-a, labels) < 0
    assert s.points.shape == s.pinv.shape == a.shape
    assert torch.equal(s.converged, crossing)
    assert crossing.any()
    assert (f(s.points, labels)[crossing].abs() < 1e-9).all()


def test_newton_from_the_root_stays(randn, mlp):
    f = mlp()
    s = false_position(f, randn(60, 2), randn(60, 2), tol=1e-8)
    p = s.points[s.converged]
    assert (project(f, p, tol=1e-7).steps == 0).all()


@pytest.mark.parametrize("search", SEARCHES)
def test_an_empty_batch(search, mlp, device, dtype):
    x = torch.zeros(0, 2, device=device, dtype=dtype)
    s = search(mlp(), x, x)
    assert len(s) == 0
    assert s.points.shape == (0, 2)


@pytest.mark.parametrize("search", SEARCHES)
def test_what_cannot_be_searched_is_refused(search, randn, mlp):
    with pytest.raises(LevelsetError, match=r"\(3, 2\) and \(4, 2\)"):
        search(mlp(), randn(3, 2), randn(4, 2))
    with pytest.raises(LevelsetError, match=r"scalar F, got \(3, 2\)"):
        search(mlp(outputs=2), randn(3, 2), randn(3, 2))
    with pytest.raises(LevelsetError, match="int64"):
        search(mlp(), randn(3, 2).long(), randn(3, 2).long())
