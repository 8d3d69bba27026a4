"""Sharp edges, thin rods, nested shells, several objects, a room: right pieces, right genus.

The scans are turned, and nothing tells a side.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.data import PointCloud
from levelset_core.geometry import components, soundness
from levelset_core.geometry.frames import Normalization
from levelset_core.parallel import ALONE
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.reconstruction.preparation.prior import Prior
from tests.reconstruction.zoo import SOLIDS, scan, turned

SPARSE = ["wires", "tripod", "shell", "ball in shell", "box in box", "seven", "links", "room"]
TRAINED = ["bracket", "tripod", "shell", "ball in shell", "box in box", "seven", "links"]


@pytest.mark.parametrize("name", SPARSE)
def test_what_f_starts_from_has_the_right_pieces(name):
    """Of 2,000 points with 0.2% noise."""
    points = scan(SOLIDS[name].f, 2000, 0.004, seed=2) @ turned(1).T
    inside = torch.from_numpy(Normalization.of(points).apply(points)).float()
    looks: list = []
    Prior(inside, ALONE, look=looks.append)
    shape = SOLIDS[name]
    assert (len(components(looks[-1])), soundness(looks[-1]).euler) == (shape.pieces, shape.euler)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_pieces_genus_and_error(name):
    """After as many steps as a minute of a busy machine holds."""
    shape, turn = SOLIDS[name], turned(1)
    points = scan(shape.f, 8000, seed=2) @ turn.T
    config = ReconstructionConfig.preset("quick", steps=400, seconds=None, resolution=128)
    device = torch.device("cpu")
    trainer = ReconstructionTrainer(config, PointCloud(points), device=device, threads=1)
    for _ in trainer:
        pass
    found = trainer.extract_solid()
    sound = soundness(found.mesh)
    assert sound.watertight
    assert (len(components(found.mesh)), sound.euler) == (shape.pieces, shape.euler)
    off = shape.f(torch.from_numpy(found.mesh.vertices @ turn)).abs().numpy()
    assert np.median(off) < 0.005  # of a shape some 2 wide
