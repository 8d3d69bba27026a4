"""Fewer triangles: the surface stays whole, in place and coloured, and its cost is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, boundary_loops, distance_to, soundness
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.decimation import decimated
from levelset_core.geometry.trimming import trim
from levelset_core.random import numpy_generator
from tests.e2e.viewer_scenes import torus_mesh

UTM = np.array([403_600.0, 4_503_700.0, 100.0])


def torus() -> Mesh:
    vertices, faces, normals, _ = torus_mesh(around=120, across=60)
    colours = np.where(vertices[:, :1] > 0, [[255, 0, 0]], [[0, 0, 255]])
    return Mesh(vertices, faces, normals, colours=colours).moved(1.0, UTM)


def test_a_solid_stays_a_solid_in_its_place():
    whole = torus()
    few = decimated(whole, 1000)
    assert 900 <= len(few.mesh.faces) <= 1000 and few.faces == len(whole.faces)
    sound = soundness(few.mesh)
    assert sound.watertight and sound.euler == 0
    places, _ = sample_faces(whole, 5000, numpy_generator(0))
    off = distance_to(places - UTM, few.mesh.moved(1.0, -UTM))
    assert off.max() < 1.5 * few.largest and few.largest < 0.03
    assert 0.3 * off.mean() < few.mean < 3 * off.mean()
    assert f"{len(few.mesh.faces):,} of 14,400 triangles" in few.told
    red = few.mesh.colours[:, 0] > few.mesh.colours[:, 2]
    right = few.mesh.vertices[:, 0] - UTM[0] > 0
    assert (red == right).mean() > 0.98


def test_fewer_triangles_cost_more():
    costs = [decimated(torus(), count).mean for count in (4000, 1000, 300)]
    assert costs == sorted(costs) and costs[0] < 0.2 * costs[-1]


def test_an_open_sheet_keeps_its_rims():
    whole = torus()
    sheet = trim(whole, whole.vertices[:, 0] - UTM[0], 0.1)
    few = decimated(sheet, 800)
    assert len(boundary_loops(few.mesh)) == len(boundary_loops(sheet)) == 2
    assert not soundness(few.mesh).shared_edges


def test_enough_triangles_are_left_alone_and_impossible_budgets_told():
    whole = torus()
    assert decimated(whole, 20_000).mesh is whole
    with pytest.raises(LevelsetError, match="at least 4 triangles, got 3"):
        decimated(whole, 3)
    least = decimated(whole, 6)  # a torus needs 14
    assert soundness(least.mesh).watertight and len(least.mesh.faces) >= 14
    assert least.told.endswith("Fewer would tear it.")
