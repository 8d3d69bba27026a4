from __future__ import annotations

import numpy as np
import torch

from levelset_core.data import BOUNDS
from levelset_core.geometry import evaluate_grid
from levelset_core.losses import margin_terms
from levelset_core.playground.contour_starts import ContourStarts


def rings(x: torch.Tensor) -> torch.Tensor:
    """The product of two discs' functions: F = 0 on both circles."""
    left = torch.linalg.vector_norm(x - torch.tensor([-0.6, 0.0]), dim=1) - 0.3
    right = torch.linalg.vector_norm(x - torch.tensor([0.6, 0.0]), dim=1) - 0.5
    return left * right


def test_places_lie_on_the_level_asked_for_and_are_the_nearest():
    field = evaluate_grid(rings, BOUNDS, 100)
    x = torch.tensor([[-0.6, 0.05], [0.6, 0.1], [0.6, 0.1]])
    levels = torch.tensor([0.0, 0.0, 0.1])
    places = ContourStarts(field, "l2")(x, levels)
    assert (rings(places) - levels).abs().max() < 5e-3
    distance = torch.linalg.vector_norm(places - x, dim=1)
    np.testing.assert_allclose(distance[:2], [0.25, 0.4], atol=5e-3)
    assert distance[2] > 0.4
    one = ContourStarts(field, "linf")(x[:1], 0.0)
    reach = (np.sqrt(0.71) - 0.1) / 4  # d^2 + (d + 0.05)^2 = 0.3^2
    np.testing.assert_allclose((one - x[:1]).abs().max(), reach, atol=5e-3)


def test_no_contour_gives_no_place():
    assert ContourStarts(np.ones((9, 9)), "l2")(torch.zeros(2, 2), 0.0).isnan().all()


def test_a_boundary_that_came_nearer_elsewhere_is_found():
    x, y = torch.tensor([[-0.05, 0.0]]), torch.tensor([1.0])
    last = margin_terms(
        rings, x, y, points="nearest", distance="l2", warm=torch.tensor([[0.1, 0.0]])
    )
    assert (
        abs(float(last.distance) - 0.15) < 1e-3
    )  # the right ring; the left one is as near as 0.25
    moved = torch.tensor([[-0.2, 0.0]])
    kept = margin_terms(rings, moved, y, points="nearest", distance="l2", warm=last.boundary)
    assert abs(float(kept.distance) - 0.3) < 1e-3
    starts = ContourStarts(evaluate_grid(rings, BOUNDS, 64), "l2")
    terms = margin_terms(
        rings, moved, y, points="nearest", distance="l2", warm=last.boundary, starts=starts
    )
    assert abs(float(terms.distance) - 0.1) < 1e-3
