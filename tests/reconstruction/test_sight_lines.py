"""Where a scanner stood decides which side is outside."""

from __future__ import annotations

import numpy as np
import torch

from levelset_core.data import PointCloud
from levelset_core.geometry.clouds import NearestPoints
from levelset_core.parallel import ALONE
from levelset_core.random import numpy_generator, torch_generator
from levelset_core.reconstruction import ReconstructionConfig
from levelset_core.reconstruction.preparation.cloud import prepare_cloud, sight_lines


def ball(station):
    directions = numpy_generator(0).normal(size=(3000, 3))
    points = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    stations = None if station is None else np.array([[0.0, 0, 0], [9.0, 0, 0], [-9.0, 0, 0]])
    rows = None
    if station == "outside":
        rows = np.where(points[:, 0] > 0.2, 1, np.where(points[:, 0] < -0.2, 2, -1))
    elif station == "inside":
        rows = np.zeros(3000)
    return PointCloud(points, stations=stations, station=rows)


def signed(cloud):
    config = ReconstructionConfig.preset("quick", steps=10)
    ready = prepare_cloud(cloud, config, torch.device("cpu"), ALONE)
    found = ready.prior.signed_points(NearestPoints(ready.points), torch_generator(0))
    return torch.linalg.vector_norm(found.places, dim=1) / 0.9, found.distance


def test_sides_from_within_and_from_outside():
    for station, side in ((None, 1), ("outside", 1), ("inside", -1)):
        radius, distance = signed(ball(station))
        clear = (radius - 1).abs() > 0.1
        right = (torch.sign(distance) == side * torch.sign(radius - 1))[clear]
        assert right.float().mean() > 0.99, station


def test_lines_of_sight():
    assert sight_lines(ball(None)) is None
    lines = sight_lines(ball("inside"))
    assert lines is not None
    np.testing.assert_allclose(lines, -ball("inside").points, atol=1e-12)
    lines = sight_lines(ball("outside"))
    assert lines is not None
    near = np.abs(ball("outside").points[:, 0]) <= 0.2
    assert not lines[near].any() and (np.abs(lines[~near, 0]) > 0.9).all()
