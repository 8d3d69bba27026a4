"""Sides of sheets whose layers lie on each other."""

from __future__ import annotations

import numpy as np
import torch

from levelset_core.geometry.orientation import TangentPlanes, oriented_normals
from levelset_core.random import numpy_generator


def test_layers_of_a_roll_have_one_side_each():
    rng = numpy_generator(0)
    turn = 4 * np.pi * np.sqrt(rng.uniform(0.15, 1, 4000))
    radius, y = 0.04 * turn, rng.uniform(0, 0.8, 4000)
    points = np.stack([radius * np.cos(turn), y, radius * np.sin(turn)], axis=1)
    sides = TangentPlanes(torch.from_numpy(points), torch.from_numpy(oriented_normals(points)))
    assert sides.middle == 0
    outward = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], axis=1)
    beyond, within = (sides(torch.from_numpy(points + h * outward)) for h in (0.05, -0.05))
    assert (torch.sign(beyond) * torch.sign(within) < 0).double().mean() > 0.97
    assert (torch.sign(beyond) == torch.sign(beyond.sum())).double().mean() > 0.97


def test_parallel_sheets_face_each_other():
    rng = numpy_generator(0)
    points = np.column_stack([rng.random((2000, 2)), np.repeat([0.0, 0.2], 1000)])
    normals = oriented_normals(points)[:, 2]
    assert (np.abs(normals) > 0.99).all()
    assert (normals[:1000] * normals[1000:] < 0).all()
