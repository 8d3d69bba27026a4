"""The fitted winding number on shapes whose inside is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.geometry.winding import WindingNumber, even_part
from levelset_core.parallel import Workers
from levelset_core.random import numpy_generator, torch_generator


def sphere(n: int, seed: int = 0) -> torch.Tensor:
    return torch.nn.functional.normalize(
        torch.randn(n, 3, generator=torch_generator(seed)), dim=1
    )  # fmt: skip


def test_it_tells_the_sides_of_a_sphere_with_a_hole():
    points = sphere(1500)
    points = points[points[:, 2] < 0.9]  # 5 % of the area is missing
    winding = WindingNumber(points, 0.09, Workers(2))
    x = sphere(500, 1)
    x = x[x[:, 2] < 0.8]
    assert winding.inside(0.8 * x).all()
    assert not winding.inside(1.2 * x).any()
    assert not winding.inside(3.0 * x).any()
    outward = (winding.moments * points).sum(1)
    assert (outward > 0).float().mean() > 0.99
    winding.workers.close()


def test_two_bodies_are_both_inside():
    shift = torch.tensor([3.0, 0.0, 0.0])
    winding = WindingNumber(torch.cat([sphere(700), sphere(700, 2) + shift]), 0.13)
    assert winding.inside(torch.stack([torch.zeros(3), shift])).all()
    assert not winding.inside(shift[None] / 2).any()
    winding.workers.close()


def test_an_even_part_is_even_and_no_larger_than_asked():
    rng = numpy_generator(0)
    dense, sparse = rng.uniform(size=(20_000, 3)), rng.uniform(size=(2000, 3))
    sparse[:, 0] += 1
    for cloud in (dense, sparse):
        cloud[:, 2] = 0
    part, cell = even_part(np.concatenate([dense, sparse]), 1000)
    assert 600 < len(part) <= 1000
    right = (part[:, 0] > 1).mean()
    assert 0.4 < right < 0.6  # as the area, not as the points
    assert 0.02 < cell < 0.1
    same, spacing = even_part(sparse[:500], 1000)
    assert len(same) == 500 and 0.01 < spacing < 0.1


def test_what_it_refuses():
    with pytest.raises(LevelsetError, match="width"):
        WindingNumber(sphere(10), 0.0)
    with pytest.raises(LevelsetError, match="points"):
        WindingNumber(torch.zeros(4, 2), 0.1)
