from __future__ import annotations

import numpy as np
import pytest

from levelset_core.exact.shapes import solid
from levelset_core.geometry import Mesh
from levelset_core.geometry.analysis import sharp_edge_paths


@pytest.mark.parametrize(("name", "edges", "parts"), [("Cube", 12, 1), ("L-prism", 18, 1),
                                                      ("Shell with a cavity", 24, 2)])  # fmt: skip
def test_walks_cover_every_sharp_edge_and_no_diagonal(name, edges, parts):
    paths = sharp_edge_paths(solid(name))
    assert len(paths) == parts
    steps = {
        tuple(sorted(map(tuple, pair)))
        for path in paths
        for pair in zip(path.round(9).tolist(), path[1:].round(9).tolist(), strict=False)
    }
    assert len(steps) == edges
    assert sum(len(path) - 1 for path in paths) == 2 * edges


def test_a_flat_mesh_has_none():
    flat = Mesh(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]]), [[0, 1, 2], [0, 2, 3]])
    assert sharp_edge_paths(flat) == []


def test_rounding_makes_no_edge_of_a_diagonal():
    turned = solid("Cube").vertices @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    rounded = Mesh(turned.round(4), solid("Cube").faces)
    steps = [len(path) - 1 for path in sharp_edge_paths(rounded, tolerance=1e-4)]
    assert sum(steps) == 2 * 12 < sum(len(path) - 1 for path in sharp_edge_paths(rounded))
