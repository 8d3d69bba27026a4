"""The reference that nearest points are measured against, and a small measurement."""

from __future__ import annotations

import pytest
import torch

from benchmarks import _plane, nearest
from benchmarks._plane import grid_distance


@pytest.mark.parametrize(("norm", "order"), [("l2", 2), ("linf", torch.inf)])
def test_the_grid_knows_the_distance_to_a_line_and_to_a_small_circle(norm, order):
    w = torch.tensor([1.0, 2.0])
    x = 2 * torch.rand(20, 2, generator=torch.Generator().manual_seed(0)) - 1
    dual = torch.linalg.vector_norm(w, 1 if norm == "linf" else 2)
    found = grid_distance(lambda q: q @ w - 0.3, x, norm, 3.0)
    torch.testing.assert_close(found, (x @ w - 0.3).abs() / dual, rtol=0, atol=1e-5)
    # A circle that the first grid cannot see: between two of its nodes.
    middle, radius = torch.tensor([0.0117, 0.0117]), 0.01
    far = torch.tensor([[0.5117, 0.0117], [0.0117, -0.7]])
    found = grid_distance(lambda q: (q - middle).square().sum(1) - radius**2, far, norm, 3.0)
    expected = torch.linalg.vector_norm(far - middle, order, dim=1) - radius
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-4)


def test_the_grid_refined_where_it_matters_is_the_whole_grid(monkeypatch):
    monkeypatch.setattr(_plane, "GRIDS", (64, 512))
    f, x = nearest.random_network("relu", 2)
    some, whole = (grid_distance(f, x[:20], "linf", 3.0, refined=r) for r in (True, False))
    inside = whole < 3 - x[:20].abs().amax(1)
    assert inside.sum() > 15
    torch.testing.assert_close(some[inside], whole[inside], rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "softplus"])
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_points_are_within_one_percent_of_the_grids_distance(activation, norm):
    found = [nearest.ratios(activation, norm, seed, nearest.STARTS)[0] for seed in (0, 1)]
    ratio = torch.cat(found)
    assert len(ratio) > 150
    assert (ratio <= 1.01).double().mean() >= 0.98 and (ratio >= 0.98).double().mean() >= 0.98
