"""Loops around handles and tunnels, and cutting along them, on shapes whose handles are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.geometry import components, extract_mesh, soundness
from levelset_core.geometry.handles import (
    Edges,
    cut_along,
    joined_by_tube,
    loop_length,
    loops_through,
    part_around,
    short_loops,
    straight,
)


def torus(x: torch.Tensor) -> torch.Tensor:
    return ((x[:, :2].norm(dim=1) - 0.6) ** 2 + x[:, 2] ** 2).sqrt() - 0.2


def two_holes(x: torch.Tensor) -> torch.Tensor:
    """A plate with two holes through it, one much wider than the other."""
    plate = torch.maximum(x[:, 2].abs() - 0.15, x[:, :2].abs().amax(1) - 0.85)
    wide = 0.3 - (x[:, :2] - torch.tensor([0.4, 0.0])).norm(dim=1)
    narrow = 0.1 - (x[:, :2] + torch.tensor([0.5, 0.0])).norm(dim=1)
    return torch.maximum(plate, torch.maximum(wide, narrow))


def ball(x: torch.Tensor) -> torch.Tensor:
    return x.norm(dim=1) - 0.7


def test_a_ball_has_no_loop_and_a_torus_two():
    assert loops_through(Edges.of(extract_mesh(ball, (-1, 1), 24)), 0) == []
    mesh = extract_mesh(torus, (-1, 1), 40)
    loops = loops_through(Edges.of(mesh), 0)
    around, along = (loop_length(mesh.vertices, loop) for loop in loops)
    assert around == pytest.approx(2 * np.pi * 0.2, rel=0.1)  # along edges: a little longer
    assert 2 * np.pi * 0.4 < along < 2 * np.pi * 0.8


def test_both_cuts_of_a_torus_leave_a_closed_ball():
    mesh = extract_mesh(torus, (-1, 1), 32)
    for loop in loops_through(Edges.of(mesh), 5):
        cut = cut_along(mesh, loop)
        assert cut is not None
        sound = soundness(cut)
        assert sound.watertight and sound.euler == 2 and len(components(cut)) == 1
        places = np.unique(cut.vertices.astype(np.float32), axis=0)
        assert len(places) == len(cut.vertices)  # files without numbers of vertices do not weld it


def test_short_loops_near_a_hole_are_its_own():
    mesh = extract_mesh(two_holes, (-1, 1), 48)
    edges = Edges.of(mesh)
    base = int(np.linalg.norm(mesh.vertices - np.array([-0.4, 0, 0]), axis=1).argmin())
    part = part_around(mesh, edges, base, longest=1.5)
    loops = short_loops(part, base, longest=1.5)
    length = loop_length(mesh.vertices, loops[0])
    assert length == pytest.approx(2 * np.pi * 0.1, rel=0.25)
    np.testing.assert_allclose(mesh.vertices[loops[0]].mean(0)[:2], [-0.5, 0], atol=0.05)
    assert short_loops(part_around(mesh, edges, base, longest=0.4), base, longest=0.4) == []
    after = part.cut(loops[0])
    assert after is not None and cut_along(mesh, loops[0]) is not None
    filled = soundness(after.mesh)
    assert filled.euler == 0 and filled.watertight
    # A part that was cut is what one finds in the mesh that was cut.
    anew = Edges.of(after.mesh).part(after.mesh, after.near)
    assert short_loops(after, base, longest=0.8) == short_loops(anew, base, longest=0.8) == []
    assert sorted(map(tuple, after.edges.ends)) == sorted(map(tuple, anew.edges.ends))


def test_a_part_knows_that_its_outside_is_joined():
    mesh = extract_mesh(torus, (-1, 1), 40)
    # A piece of the tube alone is a cylinder; the loop around it separates nothing of the torus.
    part = Edges.of(mesh).part(mesh, mesh.vertices[:, 0] > 0.2).edges
    loops = loops_through(part, 0)
    assert len(loops) == 1
    lengths = [loop_length(mesh.vertices[part.vertices], loop) for loop in loops]
    assert min(lengths) == pytest.approx(2 * np.pi * 0.2, rel=0.15)
    ball_mesh = extract_mesh(ball, (-1, 1), 32)
    belt = Edges.of(ball_mesh).part(ball_mesh, np.abs(ball_mesh.vertices[:, 2]) < 0.3)
    assert loops_through(belt.edges, 0) == []  # around the belt there is a loop, but it separates


def test_straight_cuts_corners_off():
    mesh = extract_mesh(ball, (-1, 1), 16)
    face = mesh.faces[0]
    edges = np.concatenate([mesh.faces, mesh.faces[:, ::-1]])
    ring = [int(face[0]), int(face[1]), int(face[2])]
    beyond = next(int(v) for v in np.unique(edges) if v not in ring)
    assert len(straight(mesh, np.array([*ring, beyond]))) == 3


@pytest.mark.parametrize("seed", range(4))
def test_a_tube_makes_one_closed_piece_of_two(seed):
    middle = torch.tensor([0.62, 0.1 * seed, 0.05])
    first = extract_mesh(lambda x: x.norm(dim=1) - 0.4, (-1, 1), 33)
    second = extract_mesh(lambda x: (x - middle).norm(dim=1) - 0.2, (-1, 1), 33 + seed)
    whole = joined_by_tube(first, second)
    sound = soundness(whole)
    assert sound.watertight and sound.euler == 2 and len(components(whole)) == 1
    assert whole.area == pytest.approx(first.area + second.area, rel=0.02)
