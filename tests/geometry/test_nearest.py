"""Nearest points against a distance matrix."""

from __future__ import annotations

import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.geometry.clouds import FAR, NearestPoints
from levelset_core.parallel import Workers


def test_it_is_the_distance_matrix(randn):
    cloud, x = randn(400, 3), randn(1300, 3)
    nearest = NearestPoints(cloud, Workers(2))
    distances = torch.cdist(x, cloud)
    assert torch.equal(nearest.indices(x), distances.argmin(1))
    torch.testing.assert_close(nearest.distance(x), distances.amin(1))
    assert nearest.indices(x[:0]).shape == (0,)
    nearest.workers.close()


def test_the_distance_has_its_gradient(randn):
    nearest, x = NearestPoints(randn(50, 2)), randn(20, 2).requires_grad_()
    (gradient,) = torch.autograd.grad(nearest.distance(x).sum(), x)
    expected = torch.nn.functional.normalize(x - nearest(x), dim=1)
    torch.testing.assert_close(gradient, expected)


def test_far_places_may_be_measured_on_a_part(randn, device):
    if device.type != "cpu":
        pytest.skip("a GPU measures everything")
    cloud = torch.nn.functional.normalize(randn(60_000, 3), dim=1)
    exact, quick = NearestPoints(cloud), NearestPoints(cloud, approximate=True)
    assert quick.part is not None
    x = cloud[:2000] * (1 + 0.3 * randn(2000, 1))
    a, b = exact.distance(x), quick.distance(x)
    close = a < FAR / 2
    torch.testing.assert_close(a[close], b[close])
    assert (b >= a).all() and (b - a).max() < 0.05


def test_it_refuses_what_is_no_cloud(device):
    for cloud in (torch.zeros(0, 3), torch.full((3, 3), torch.nan)):
        with pytest.raises(LevelsetError, match="A cloud is"):
            NearestPoints(cloud.to(device))
