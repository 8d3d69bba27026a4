"""Moves of least length: the pseudo-inverse of a norm, and the same in a box."""

from __future__ import annotations

import pytest
import torch
from scipy.optimize import brentq

from levelset_core import LevelsetError, nearest_points, project, sample_network
from levelset_core.levelsets import NORMS, get_distance, pseudo_inverse
from levelset_core.levelsets.norms import length, random_in_ball, smallest_move
from levelset_core.random import torch_generator

DUAL = {"l2": "l2", "linf": "l1", "l1": "linf"}


@pytest.mark.parametrize("norm", NORMS)
def test_the_pseudo_inverse_is_the_smallest_move_by_one(norm, randn):
    g = randn(30, 2, 3)
    v, exists = pseudo_inverse(g, False, norm)
    assert exists.all()
    torch.testing.assert_close((v * g).flatten(1).sum(1), torch.ones_like(v[:, 0, 0]))
    torch.testing.assert_close(length(v, norm), 1 / length(g, DUAL[norm]))  # Hoelder's bound


@pytest.mark.parametrize("norm", NORMS)
def test_zero_and_infinite_gradients_have_none(norm, device, dtype):
    g = torch.tensor([[0.0, 0.0], [torch.inf, 1.0], [torch.nan, 1.0], [1.0, 0.0]])
    _, exists = pseudo_inverse(g.to(device, dtype), False, norm)
    assert exists.tolist() == [False, False, False, True]


@pytest.mark.parametrize("norm", NORMS)
def test_newton_of_a_norm_takes_one_step_on_affine_f(norm, randn):
    w, x = randn(4), randn(20, 4)
    for stop in ("arrived", "fixed"):
        s = project(lambda q: q @ w - 0.2, x, norm=norm, stop=stop)
        assert s.converged.all() and s.norm == norm and (s.steps == 1).all()
        expected = (x @ w - 0.2).abs() / length(w[None], DUAL[norm])
        torch.testing.assert_close(length(s.points - x, norm), expected)


def test_several_outputs_have_l2_alone(randn):
    with pytest.raises(LevelsetError, match="in norm 'l2' only, got 'linf'"):
        project(lambda q: q[:, :2], randn(5, 3), norm="linf")


def least_by_hand(g, amount, x, norm):
    """The least norm of a move in [0, 1]^d - x with <g, move> = amount, one row."""
    room = torch.where(g * amount.sign() > 0, 1 - x, x)
    if norm == "l1":
        gained, used = 0.0, 0.0
        for i in g.abs().argsort(descending=True):
            part = min(float(room[i]), (float(amount.abs()) - gained) / float(g[i].abs()))
            gained, used = gained + part * float(g[i].abs()), used + part
        return used
    weight = g.abs() if norm == "l2" else torch.ones_like(g)

    def moved(r):
        return torch.minimum(r * weight, room)

    def missing(r):
        return float((g.abs() * moved(r)).sum() - amount.abs())

    return float(length(moved(brentq(missing, 0, 1e4, xtol=1e-13))[None], norm))


@pytest.mark.parametrize("norm", NORMS)
def test_in_a_box_the_least_move_has_the_least_length(norm, device, dtype):
    generator = torch_generator(3)
    x = torch.rand(40, 12, generator=generator, dtype=dtype)
    x[:, :6] = x[:, :6].round()  # pixels at their walls
    g = torch.randn(40, 12, generator=generator, dtype=dtype)
    most = torch.where(g > 0, g * (1 - x), -g * x).sum(1)
    amount = most * torch.linspace(0.05, 0.9, 40, dtype=dtype)
    move, free = (t.cpu() for t in smallest_move(
        g.to(device), amount.to(device), norm, x.to(device), (0.0, 1.0)
    ))  # fmt: skip
    torch.testing.assert_close((g * move).sum(1), amount)
    assert ((x + move) >= -1e-12).all() and ((x + move) <= 1 + 1e-12).all()
    assert free.any(1).all()
    for k in range(40):
        expected = least_by_hand(g[k], amount[k], x[k], norm)
        assert float(length(move, norm)[k]) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_in_a_wide_box_it_is_the_pseudo_inverse(norm, randn):
    g, amount, x = randn(20, 5), randn(20), 0.1 * randn(20, 5)
    move, _ = smallest_move(g, amount, norm, x, (-1e3, 1e3))
    plain, _ = smallest_move(g, amount, norm, x, None)
    torch.testing.assert_close(move, plain)


@pytest.mark.parametrize("norm", NORMS)
def test_images_in_their_box_by_the_radius_with_room(norm, randn, device, dtype):
    """On affine F: value, and the gradient of the distance against finite differences."""
    x = torch.rand(30, 1, 3, 4, generator=torch_generator(1), dtype=dtype).to(device)
    x[:, :, :2] = x[:, :, :2].round()
    w = randn(12)
    aim = x.flatten(1) @ w + 0.3 * torch.where(torch.arange(30, device=device) % 2 == 0, 1, -1)

    def f(q, a, v):
        return (q.flatten(1) * v).sum(1) - a

    v = w.expand(30, -1).clone().requires_grad_()
    s = nearest_points(f, x, norm=norm, box=(0.0, 1.0), args=(aim, v.detach()))
    assert s.converged.all() and s.optimal.all()
    assert (s.points >= 0).all() and (s.points <= 1).all()
    amounts = (aim - x.flatten(1) @ w).cpu()
    for k in range(30):
        expected = least_by_hand(w.cpu(), amounts[k], x[k].flatten().cpu(), norm)
        assert float(s.distance[k]) == pytest.approx(expected, rel=1e-4, abs=1e-6)

    points = s.points - s.pinv * (f(s.points, aim, v) - s.values).reshape(-1, 1, 1, 1)
    (gradient,) = torch.autograd.grad(get_distance(norm)(x, points, s.pinv).sum(), v)
    h, along = 1e-7, randn(30, 12)
    ends = [
        nearest_points(f, x, norm=norm, box=(0.0, 1.0), args=(aim, w + t * along)).distance
        for t in (h, -h)
    ]
    slope = (ends[0] - ends[1]) / (2 * h)
    torch.testing.assert_close((gradient * along).sum(1), slope, rtol=1e-4, atol=1e-5)


def test_newton_in_a_box_stays_there_and_its_sample_network_moves_what_has_room(randn):
    w, x = randn(6), torch.rand(20, 6, generator=torch_generator(2), dtype=torch.float64)
    w = w.cpu()
    x[:, :3] = x[:, :3].round()

    def f(q):
        return q @ w - 0.1

    s = project(f, x, norm="linf", box=(0.0, 1.0))
    good = s.converged
    assert good.sum() > 10 and (s.points >= 0).all() and (s.points <= 1).all()
    assert s.free is not None and (s.pinv[~s.free & good[:, None]] == 0).all()
    torch.testing.assert_close((s.pinv * w).sum(1)[good], torch.ones(int(good.sum())).double())
    torch.testing.assert_close(sample_network(f, s, differentiate_pinv=True), s.points)


@pytest.mark.parametrize("norm", NORMS)
def test_random_places_fill_the_ball(norm, randn):
    places = random_in_ball(randn(4000, 2), norm, torch_generator(0))
    reach = length(places, norm)
    assert reach.max() <= 1 + 1e-9
    assert (reach <= 0.5).double().mean().item() == pytest.approx(0.25, abs=0.03)
    assert places.mean(0).abs().max() < 0.05
