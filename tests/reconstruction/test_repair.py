"""Noise of the topology is removed and told, what the points want stays: closed forms for F."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from levelset_core.geometry import components, extract_mesh, soundness
from levelset_core.geometry.grid import Function
from levelset_core.geometry.meshes import Mesh
from levelset_core.random import numpy_generator
from levelset_core.reconstruction.repair import solid_of

NODES = 72
CELL = 2 / (NODES - 1)
#: Of the points; what is shallower than three times this is noise.
NOISE = 0.004


def ball(x: torch.Tensor) -> torch.Tensor:
    return x.norm(dim=1) - 0.6


def solid(f: Function, points: np.ndarray | None = None, **options: Any):
    mesh = extract_mesh(f, (-1, 1), NODES, closed=True)
    if points is None:
        points = cloud(mesh)
    return soundness(mesh), solid_of(f, mesh, points, CELL, **options)


def cloud(mesh: Mesh) -> np.ndarray:
    rng = numpy_generator(0)
    rows = rng.integers(len(mesh.vertices), size=6000)
    return mesh.vertices[rows] + NOISE * rng.normal(size=(6000, 3))


def drill(x: torch.Tensor, radius: float, at: float = 0.0) -> torch.Tensor:
    """Positive within a cylinder along z, and no more than ``radius``."""
    return radius - (x[:, :2] - torch.tensor([at, 0.0])).norm(dim=1)


def test_a_tunnel_where_f_hardly_rises_is_filled_and_one_as_narrow_stays():
    def f(x: torch.Tensor) -> torch.Tensor:
        flat, deep = drill(x, 0.045, 0.3).clamp_max(0.006), drill(x, 0.045, -0.3)
        return torch.maximum(ball(x), torch.maximum(flat, deep))

    before, after = solid(f)
    sound = soundness(after.mesh)
    assert before.euler == -2
    assert sound.watertight and sound.euler == 0
    assert [place.kind for place in after.removed] == ["tunnel"]
    assert after.removed[0].center[0] == pytest.approx(0.3, abs=0.02)
    assert after.removed[0].depth == pytest.approx(0.006, abs=0.001)
    assert after.genus == 1 and after.handles[0].center[0] == pytest.approx(-0.3, abs=0.02)


def test_narrow_tunnels_and_thin_bridges_are_removed_and_told():
    def f(x: torch.Tensor) -> torch.Tensor:
        ball_with_holes = torch.maximum(ball(x), torch.maximum(drill(x, 0.25), drill(x, 0.03, 0.4)))
        bridge = torch.maximum(
            (x[:, 1:] - torch.tensor([0.0, 0.0])).norm(dim=1) - 0.03, x[:, 0].abs() - 0.35
        )
        return torch.minimum(ball_with_holes, bridge)  # across the wide hole

    before, after = solid(f)
    assert before.euler == -4  # the wide hole, the narrow one, the bridge
    sound = soundness(after.mesh)
    # |F| is at most 0.03 in them: with so little noise they are the shape's own ...
    assert sound.watertight and sound.euler == -4 and after.genus == 3
    assert "the points want" in " ".join(after.told)
    rng = numpy_generator(1)
    noisy = cloud(extract_mesh(f, (-1, 1), NODES)) + 0.02 * rng.normal(size=(6000, 3))
    before, after = solid(f, noisy)
    # ... with more they are not, but the wide hole is.
    sound = soundness(after.mesh)
    assert sound.watertight and sound.euler == 0 and after.genus == 1
    kinds = {place.kind: place for place in after.removed}
    assert set(kinds) == {"tunnel", "handle"}
    assert np.hypot(*kinds["tunnel"].center[:2]) == pytest.approx(0.4, abs=0.05)
    assert kinds["tunnel"].size == pytest.approx(2 * np.pi * 0.03, rel=0.4)
    np.testing.assert_allclose(kinds["handle"].center[1:], 0, atol=0.03)
    words = " ".join(after.told)
    assert "1 handle shallower than the noise cut" in words and "1 tunnel" in words

    def rod(x: np.ndarray) -> np.ndarray:
        return np.where(np.hypot(x[:, 1], x[:, 2]) < 0.1, -0.5, 0.0)

    _, after = solid(f, noisy, sides=rod)  # a prior is sure of the bridge, and of no tunnel
    assert [place.kind for place in after.removed] == ["tunnel"] and after.genus == 2


def test_specks_and_bubbles_are_dropped_and_objects_stay():
    def f(x: torch.Tensor) -> torch.Tensor:
        small = (x - torch.tensor([0.8, 0.8, 0.8])).norm(dim=1) - 0.1
        speck = (x + torch.tensor([0.85, 0.85, 0.85])).norm(dim=1) - 0.06
        bubble = 0.05 - x.norm(dim=1)
        shell = torch.maximum(ball(x), 0.3 - (x - 0.1).norm(dim=1))  # hollow: the points say so
        return torch.minimum(torch.maximum(shell, bubble), torch.minimum(small, speck))

    mesh = extract_mesh(f, (-1, 1), NODES)
    points = cloud(mesh)
    points = points[(np.linalg.norm(points + 0.85, axis=1) > 0.2)]
    points = points[np.linalg.norm(points, axis=1) > 0.12]
    _, after = solid(f, points)
    found = components(after.mesh)
    assert len(found) == 3 and soundness(after.mesh).euler == 6  # ball, hollow, small ball
    assert after.pieces == 4 and len(after.removed) == 1
    assert "3 of 4 pieces kept" in after.told[0] and "Doubtful" not in " ".join(after.told)
    _, doubted = solid(f, points, expected=2)
    assert "Doubtful: the points' sides tell of 2 pieces, and 3 came out." in " ".join(doubted.told)
    assert doubted.as_dict()["pieces_expected"] == 2
    _, all_of_it = solid(f, points, keep_all=True)
    assert len(components(all_of_it.mesh)) == 4 and not all_of_it.removed


def test_places_are_told_in_the_units_of_the_cloud():
    def f(x: torch.Tensor) -> torch.Tensor:
        return torch.maximum(ball(x), drill(x, 0.045))

    _, after = solid(f)
    moved = after.moved(10.0, np.array([1.0, 2.0, 3.0]))
    assert moved.handles[0].size == pytest.approx(10 * after.handles[0].size)
    np.testing.assert_allclose(
        moved.handles[0].center, 10 * np.array(after.handles[0].center) + [1, 2, 3]
    )
    assert moved.as_dict()["euler"] == 0 and moved.as_dict()["watertight"]


@pytest.mark.parametrize(("expected", "pieces"), [(1, 1), (2, 2), (0, 2)])
def test_a_part_that_broke_off_is_joined_where_one_piece_is_expected(expected, pieces):
    def f(x: torch.Tensor) -> torch.Tensor:
        near = (x - torch.tensor([0.75, 0.0, 0.0])).norm(dim=1) - 0.2
        return torch.minimum(x.norm(dim=1) - 0.5, near)  # 0.05 apart

    mesh = extract_mesh(f, (-1, 1), NODES)
    noisy = cloud(mesh) + 0.02 * numpy_generator(1).normal(size=(6000, 3))
    before, after = solid(f, noisy, expected=expected)
    sound = soundness(after.mesh)
    assert before.euler == 4 and sound.watertight
    assert len(components(after.mesh)) == pieces and sound.euler == 2 * pieces
    gaps = [place for place in after.removed if place.kind == "gap"]
    assert len(gaps) == 2 - pieces and ("1 gap" in " ".join(after.told)) == bool(gaps)
    assert "Doubtful" not in " ".join(after.told)
    for gap in gaps:
        np.testing.assert_allclose(gap.center, [0.525, 0, 0], atol=0.04)
        assert gap.depth == pytest.approx(0.025, abs=0.005)
