"""Rings and solids that touch: themselves, each other, or with a thin part between."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import torch
import trimesh
from shapely.geometry import Polygon
from trimesh.creation import box

from levelset_core.errors import LevelsetError
from levelset_core.exact import exact_polygon, exact_polyhedron

BIG = [(0, 0), (4, 0), (4, 4), (0, 4)]
SQUARE, HOLE = Polygon(BIG), shapely.box(1, 1, 3, 3)


def cell(i: float, j: float, size: float = 1) -> list[tuple[float, float]]:
    return [(i, j), (i + size, j), (i + size, j + size), (i, j + size)]


def wrong(network, inside, low: float, high: float, dimension: int) -> int:
    x = np.random.default_rng(0).uniform(low, high, (4000, dimension))
    with torch.no_grad():
        return int(((network(torch.from_numpy(x))[:, 0].numpy() < 0) != inside(x)).sum())


def in_plane(region: shapely.Geometry):
    return lambda x: shapely.contains_xy(region, x[:, 0], x[:, 1])


@pytest.mark.parametrize(
    ("ring", "region"),
    [
        ([(0, 0), (4, 0), (4, 2), (6, 2), (4, 2), (4, 4), (0, 4)], SQUARE),  # a spike
        ([(0, 0), (6, 0), (4, 0), (4, 4), (0, 4)], SQUARE),
        ([*BIG, (0, 2), (1, 2), (1, 3), (3, 3), (3, 1), (1, 1), (1, 2), (0, 2)],
         SQUARE.difference(HOLE)),  # a bridge to a hole
        ([(0, 0), (2, 2), (4, 0), (4, 4), (2, 2), (0, 4)],
         Polygon([(0, 0), (2, 2), (0, 4)]) | Polygon([(4, 0), (4, 4), (2, 2)])),
        ([(0, 0), (2, 1), (1, 2), (0, 0), (0, 4), (4, 4), (4, 0)],
         SQUARE.difference(Polygon([(0, 0), (2, 1), (1, 2)]))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["deep", "balanced", "shallow"])
def test_a_ring_that_touches_itself_fills_what_it_goes_around(ring, region, form):
    e = exact_polygon([ring], form=form)
    assert e.touching == 1 and "touches itself" in e.note
    assert wrong(e.network, in_plane(region), -1, 7, 2) == 0


def test_a_ring_on_one_line_encloses_nothing():
    with pytest.raises(LevelsetError, match="encloses no area"):
        exact_polygon([[(0, 0), (1, 1), (2, 2)]])


@pytest.mark.parametrize("left_out", [(), ((2, 2), (4, 4))])
@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_a_grid_of_cells_is_one_part_without_vertices_on_its_sides(left_out, turn):
    way = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    cells = [cell(i, j) for i in range(6) for j in range(6) if (i, j) not in left_out]
    region = shapely.union_all([Polygon(c) for c in cells])
    e = exact_polygon([np.array(c) @ way for c in cells])
    assert e.planes == 4 + 4 * len(left_out)
    assert wrong(e.network, lambda x: in_plane(region)(x @ way.T), -1, 7, 2) == 0


def test_two_hidden_layers_are_refused_where_rounding_spoils_them():
    ring = [(0, 0), (4, 0), (4, 2), (9, 2 + 1e-7), (4, 2 + 2e-7), (4, 4), (0, 4)]
    assert wrong(exact_polygon([ring]).network, in_plane(Polygon(ring)), -1, 7, 2) == 0
    with pytest.raises(
        LevelsetError, match=r"rounding would move .* take the form deep or balanced"
    ):
        exact_polygon([ring], form="shallow")


def boxes(*bounds):
    return trimesh.util.concatenate([box(bounds=b) for b in bounds])


@pytest.mark.parametrize("seed", range(3))
def test_boxes_that_cross_over_each_other_touch_in_any_rotation(seed):
    bounds = [[(0, 0, 0), (3, 1, 1)], [(1, -1, 1), (2, 2, 2)]]
    way = trimesh.transformations.random_rotation_matrix(np.random.default_rng(seed).random(3))
    mesh = boxes(*bounds).apply_transform(way)

    def inside(x):
        y = x @ way[:3, :3]
        return np.any([((y > low) & (y < high)).all(1) for low, high in np.array(bounds)], axis=0)

    assert wrong(exact_polyhedron(mesh).network, inside, -4, 4, 3) == 0


@pytest.mark.parametrize("inner", [[(1, 1, 0), (2, 2, 2)], [(1, 1, 0), (2, 2, 3)],
                                   [(0, 0, 0), (1, 1, 1)]])  # fmt: skip
def test_a_cavity_that_shares_a_face_opens_there(inner):
    mesh = boxes([(0, 0, 0), (3, 3, 3)], inner)
    low, high = np.array(inner)

    def inside(x):
        return ((x > 0) & (x < 3)).all(1) & ~((x > low) & (x < high)).all(1)

    assert wrong(exact_polyhedron(mesh).network, inside, -1, 4, 3) == 0
