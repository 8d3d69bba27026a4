"""Polygons at two hidden layers."""

import numpy as np
import pytest
import shapely
import torch
from hypothesis import HealthCheck, given, settings

from levelset_core.errors import LevelsetError
from levelset_core.exact import Chain, exact_polygon, exact_polyhedron
from levelset_core.exact.polygon import read_shape
from levelset_core.exact.shapes import solid
from levelset_core.exact.sign_check import check_signs, plane_reference
from levelset_core.exact.triangulation import triangulate
from tests.exact.strategies import polygons

SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
SHAPES = {
    "triangle": [SQUARE[:3]],
    "hole": [4 * SQUARE, SQUARE + 1],
    "island in a hole": [9 * SQUARE, 6 * SQUARE + 1, SQUARE + 3],
    "apart": [SQUARE, SQUARE + np.array([3, 5])],
    "corner to corner": [SQUARE, SQUARE + 1],
    "corner to edge": [SQUARE, np.array([[1, 0.5], [2, 0], [2, 1]])],
    "hole that touches": [4 * SQUARE, np.array([[0, 2], [1, 1], [1, 3.0]])],
    "far away": [300 * SQUARE + [5e5, 4.6e6]],
    "tiny": [1e-6 * SQUARE],
    "needle": [SQUARE * [1000, 1e-1]],
}


def check(rings, points=3000):
    e = exact_polygon(rings, form="shallow")
    assert e.depth == 2 and e.form == "shallow"
    reference = plane_reference(rings)
    *_, tally = check_signs(e.network, reference, points=points)
    extent = np.concatenate(rings)
    size = np.ptp(extent, axis=0).max() + 1e-3 * np.abs(extent).max()
    assert tally.wrong == 0
    assert tally.on_boundary <= 1e-9 * size
    return e


@pytest.mark.parametrize("name", SHAPES)
def test_every_sign_is_right(name):
    check(SHAPES[name])


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(polygons())
def test_random_polygons(points):
    check([points], points=1000)


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(polygons())
def test_five_hundred_random_polygons(points):
    check([points], points=1000)


def test_the_network_is_the_interpolant_and_grows_no_faster_than_three():
    rings = SHAPES["hole that touches"]
    region = read_shape(rings).region
    mesh = triangulate(shapely.transform(region, lambda x: (x - 2) / 4))
    f = exact_polygon(rings, form="shallow").network
    weight = np.random.default_rng(0).dirichlet(np.ones(3), (20, len(mesh.triangles)))
    x = np.einsum("ntk,tkd->ntd", weight, mesh.points[mesh.triangles]).reshape(-1, 2)
    wanted = np.einsum("ntk,tk->nt", weight, mesh.values[mesh.triangles]).reshape(-1)
    points = torch.from_numpy(4 * x + 2).requires_grad_()
    value = f(points)[:, 0]
    (slope,) = torch.autograd.grad(value.sum(), points)
    np.testing.assert_allclose(value.detach().numpy(), 4 * wanted, atol=1e-11)
    assert slope.norm(dim=1).max() <= 3
    distance = shapely.distance(region.boundary, shapely.points(4 * x + 2))
    assert (np.abs(value.detach().numpy()) <= 3 * distance + 1e-12).all()


def test_what_two_layers_do_not_take_is_refused_in_a_sentence():
    with pytest.raises(LevelsetError, match="chain that goes on for ever"):
        exact_polygon([Chain([[0, 0], [1, 0]])], form="shallow")
    with pytest.raises(LevelsetError, match="polygons only"):
        exact_polyhedron(solid("Cube"), form="shallow")
    a = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    with pytest.raises(LevelsetError, match="two hidden layers the network would have"):
        exact_polygon([np.column_stack([np.cos(a), np.sin(a)])], form="shallow")
