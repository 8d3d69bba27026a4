from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
import torch
from hypothesis import HealthCheck, given, settings
from shapely.geometry import LinearRing, MultiPolygon, Point, Polygon
from torch import nn

from levelset_core.errors import LevelsetError
from levelset_core.exact import Chain, ExactNetwork, exact_polygon
from levelset_core.exact.chains import _outer
from levelset_core.exact.compiler import compile_formula
from levelset_core.exact.formula import Literal, merge
from levelset_core.exact.rings import CrossingError
from tests.exact.strategies import comb, polygons, spiral, star

L_SHAPE = np.array([[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]], dtype=float)


def square(x: float, y: float, side: float = 1.0) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])


@torch.no_grad()
def values(network: nn.Module, x: np.ndarray) -> np.ndarray:
    return network(torch.from_numpy(np.ascontiguousarray(x)))[:, 0].numpy()


def line_points(rings: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Points on all prolonged edges, and all their intersections."""
    starts = np.concatenate(rings)
    along = np.concatenate([np.roll(ring, -1, axis=0) - ring for ring in rings])
    size = np.ptp(starts, axis=0).max()
    unit = along / np.hypot(*along.T)[:, None]
    on = starts[:, None] + unit[:, None] * rng.uniform(-2, 2, (len(starts), 20, 1)) * size
    i, j = np.triu_indices(len(starts), 1)
    cross = unit[i, 0] * unit[j, 1] - unit[i, 1] * unit[j, 0]
    i, j, cross = (a[np.abs(cross) > 1e-9] for a in (i, j, cross))
    gap = starts[j] - starts[i]
    t = (gap[:, 0] * unit[j, 1] - gap[:, 1] * unit[j, 0]) / cross
    return np.concatenate([on.reshape(-1, 2), starts[i] + t[:, None] * unit[i]])


def check(e: ExactNetwork, region: Polygon | MultiPolygon, rings: list[np.ndarray]) -> None:
    """No wrong sign off the boundary, |F| <= 1e-12 on it, and |F| at most the distance."""
    rng = np.random.default_rng(0)
    low, high = np.array(region.bounds[:2]), np.array(region.bounds[2:])
    size = (high - low).max()
    x = rng.uniform(low - 0.3 * size, high + 0.3 * size, (1000, 2))
    x = np.concatenate([x, line_points(rings, rng)])
    places = shapely.points(x)
    distance = shapely.distance(region.boundary, places)
    inside = shapely.contains(region, places)
    f = values(e.network, x)
    off = distance > 1e-9 * size
    wrong = off & np.where(inside, f >= 0, f <= 0)
    assert not wrong.any(), f"wrong at {x[wrong][:3].tolist()}: F = {f[wrong][:3]}"
    assert (np.abs(f) <= distance * (1 + 1e-12) + 1e-12).all()  # some places are far away
    edges = [(ring, np.roll(ring, -1, axis=0)) for ring in rings]
    t = rng.random((50, 1, 1))
    on = np.concatenate([(a + t * (b - a)).reshape(-1, 2) for a, b in edges])
    assert np.abs(values(e.network, np.concatenate([on, *rings]))).max() <= 1e-12
    # 1-Lipschitz
    y = x + rng.normal(size=x.shape) * size * 10 ** rng.uniform(-4, 0, (len(x), 1))
    step = np.hypot(*(y - x).T)
    assert (np.abs(values(e.network, y) - f) <= step + 1e-12).all()


def check_polygon(points: np.ndarray) -> None:
    e = exact_polygon([points])
    assert e.planes <= len(points)
    check(e, Polygon(points), [points])


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(polygons())
def test_random_polygons(points):
    check_polygon(points)


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(polygons())
def test_five_hundred_random_polygons(points):
    check_polygon(points)


def test_the_naive_formula_is_zero_inside_and_ours_is_not():
    """min over convex pieces of max over their lines vanishes where two pieces meet."""

    def piece(x0, x1, y0, y1):
        rows = [(-1, 0, x0), (1, 0, -x1), (0, -1, y0), (0, 1, -y1)]
        return merge("max", [Literal(np.array([a, b], float), float(c)) for a, b, c in rows])

    naive = compile_formula(merge("min", [piece(0, 2, 0, 1), piece(0, 1, 1, 2)]), 2)
    ours = exact_polygon([L_SHAPE]).network
    shared = np.column_stack([np.linspace(0.05, 0.95, 50), np.ones(50)])
    assert shapely.contains_xy(Polygon(L_SHAPE), *shared.T).all()
    assert (np.abs(values(naive, shared)) <= 1e-15).all()  # wrong: these points are inside
    assert (values(ours, shared) <= -0.05 + 1e-15).all()
    x = np.random.default_rng(0).uniform(-0.5, 2.5, (2000, 2))  # elsewhere the naive one is right
    assert (np.sign(values(naive, x)) == np.sign(values(ours, x))).all()


def test_the_network_is_plain_and_as_reported():
    e = exact_polygon([L_SHAPE])
    linear = e.network[::2]
    assert all(isinstance(m, nn.Linear) and m.weight.dtype == torch.float64 for m in linear)
    assert all(type(m) is nn.ReLU for m in e.network[1::2])
    assert len(e.network) == 2 * e.depth + 1
    assert e.widths == (2, *(m.out_features for m in linear)) and e.widths[-1] == 1
    assert e.weights == sum(m.weight.numel() for m in linear)
    assert (e.planes, e.depth) == (6, 3)
    assert e.network(torch.zeros(5, 2, dtype=torch.float64)).shape == (5, 1)


def test_sixty_vertices_stay_small_and_quick():
    points = star(60, np.random.default_rng(0))
    e = min((exact_polygon([points]) for _ in range(3)), key=lambda e: e.seconds)
    assert e.seconds < 1
    assert e.depth <= 10 and max(e.widths) <= 40


@pytest.mark.parametrize("make", [spiral, comb, star])
def test_hundreds_of_vertices(make):
    points = make(200, np.random.default_rng(1))
    e = exact_polygon([points])
    check(e, Polygon(points), [points])


@pytest.mark.parametrize("corner", [(0, 0), (5e5, 5.4e6)])
@pytest.mark.parametrize("make", [spiral, comb, star])
def test_points_that_are_left_out_of_a_hull_are_none_of_its_corners(make, corner):
    points = make(2000, np.random.default_rng(2)) + corner
    outer = _outer(points)
    hulls = [shapely.MultiPoint(some).convex_hull for some in (points, outer)]
    assert len(outer) < len(points)
    assert (shapely.get_coordinates(hulls[0]) == shapely.get_coordinates(hulls[1])).all()


def test_a_single_ring_by_itself_in_any_form():
    for rings in (L_SHAPE, [L_SHAPE], [L_SHAPE.tolist()], [np.vstack([L_SHAPE, L_SHAPE[:1]])]):
        assert exact_polygon(rings).planes == 6


def test_straight_and_repeated_vertices_cost_nothing():
    dense = np.concatenate(
        [
            a + np.linspace(0, 1, 7)[:-1, None] * (b - a)
            for a, b in zip(L_SHAPE, np.roll(L_SHAPE, -1, axis=0), strict=True)
        ]
    )
    dense = np.repeat(dense, 2, axis=0)
    assert exact_polygon([dense]).widths == exact_polygon([L_SHAPE]).widths


HOLED = {
    "hole": [square(0, 0, 3), square(1, 1)],
    "island in a hole": [square(0, 0, 5), square(1, 1, 3), square(2, 2)],
    "two parts": [square(0, 0), square(2, 0.3)],
    "parts that touch at a corner": [square(0, 0), square(1, 1)],
    "hole that touches the outer ring at a point":
        [square(0, 0, 4), np.array([[0, 2], [1, 1], [2, 2], [1, 3]])],
    "two holes that touch at a point": [square(0, 0, 4), square(1, 1), square(2, 2)],
    "turned ring with a star for a hole":
        [square(-3, -3, 6) @ np.array([[0.6, -0.8], [0.8, 0.6]]),
         star(11, np.random.default_rng(4))],
}  # fmt: skip


@pytest.mark.parametrize("name", HOLED)
@pytest.mark.parametrize("order", [1, -1])
def test_holes_islands_parts(name, order):
    rings = HOLED[name][::order]
    region = shapely.Polygon()
    for ring in sorted(rings, key=lambda ring: -Polygon(ring).area):
        region = region.symmetric_difference(Polygon(ring))
    check(exact_polygon(rings), region, rings)


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_parts_that_touch_along_an_edge_are_merged(turn):
    """Also where rounding has moved the shared vertices off the edge."""
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    parts = [np.array([[0, 0], [3, 0], [3, 1], [0, 1]]) @ rotation,
             np.array([[1 / 3, 1], [2, 1], [2, 2], [1 / 3, 2]]) @ rotation]  # fmt: skip
    e = exact_polygon(parts)
    shared = np.column_stack([np.linspace(0.4, 1.9, 40), np.ones(40)]) @ rotation
    assert (values(e.network, shared) < -0.04).all()


# -- unbounded -------------------------------------------------------------------------------


def grid(size: float = 20.0, n: int = 81) -> np.ndarray:
    axis = np.linspace(-size, size, n) + 0.0123
    return np.array(list(itertools.product(axis, axis)))


def test_a_wedge():
    e = exact_polygon([Chain([[1, 2], [0, 0], [1, -2]])])
    x = grid()
    inside = x[:, 0] > np.abs(x[:, 1]) / 2
    assert ((values(e.network, x) < 0) == inside).all()
    assert (e.planes, e.depth) == (2, 1)


def test_a_half_plane_is_affine():
    e = exact_polygon([Chain([[0, 0], [3, 4]])])
    assert e.depth == 0 and len(e.network) == 1
    x = grid()
    np.testing.assert_allclose(values(e.network, x), x @ [0.8, -0.6], atol=1e-14)


def test_a_staircase_with_opposite_half_lines():
    steps = Chain([[9, 0], [3, 0], [3, 1], [2, 1], [2, 2], [-5, 2]])
    e = exact_polygon([steps])
    x = grid(6)
    top = np.select([x[:, 0] > 3, x[:, 0] > 2], [0, 1], 2)
    assert ((values(e.network, x) < 0) == (x[:, 1] < top)).all()


def test_strips_holes_and_islands():
    floor, ceiling = Chain([[0, -1], [1, -1]]), Chain([[1, 1], [0, 1]])
    above = Chain([[0, 4], [1, 4]])
    hole, island = square(-0.5, -0.5), square(2, 2)
    e = exact_polygon([floor, ceiling, above, hole, island])
    x = grid(6)
    inside = (np.abs(x[:, 1]) < 1) | (x[:, 1] > 4)
    inside &= ~shapely.contains_xy(Polygon(hole), *x.T)
    inside |= shapely.contains_xy(Polygon(island), *x.T)
    assert ((values(e.network, x) < 0) == inside).all()


def test_an_island_in_a_hole_of_the_unbounded_part():
    rings = [square(-3, -3, 6), square(-1, -1, 2)]
    e = exact_polygon([Chain([[0, -9], [1, -9]]), *rings])
    x = grid(8)
    inside = (np.abs(x).max(1) > 3) | (np.abs(x).max(1) < 1)
    assert ((values(e.network, x) < 0) == inside).all()


@settings(max_examples=40)
@given(polygons(most=20))
def test_half_of_a_polygon_is_a_chain(points):
    """Between its leftmost and rightmost vertex: below it inside, by the crossings overhead."""
    points = np.array(shapely.orient_polygons(Polygon(points)).exterior.coords)[:-1]
    order = np.lexsort(points.T[::-1])
    points = np.roll(points, -order[-1], axis=0)  # from the right end over the top to the left
    chain = points[: int(np.lexsort(points.T[::-1])[0]) + 1]
    if len(chain) < 2:
        return
    e = exact_polygon([Chain(chain)])
    low, high = points.min(0), points.max(0)
    size = (high - low).max()
    x = np.random.default_rng(0).uniform(low, high, (300, 2))
    inner = (x[:, 0] > low[0] + 1e-6 * size) & (x[:, 0] < high[0] - 1e-6 * size)
    x = x[inner]
    a, b = chain[:-1, None], chain[1:, None]
    between = (a[..., 0] <= x[:, 0]) != (b[..., 0] <= x[:, 0])
    width = np.where(between, b[..., 0] - a[..., 0], 1.0)
    height = a[..., 1] + (x[:, 0] - a[..., 0]) / width * (b[..., 1] - a[..., 1])
    below = (between & (height > x[:, 1])).sum(0) % 2 == 1
    assert ((values(e.network, x) < 0) == below).all()


# -- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rings", "message"),
    [
        ([[[0, 0], [1, 1], [1, 0], [0, 1]]], r"Ring 1 intersects itself at \(0.5, 0.5\), where "
         "edges 1 and 3 cross"),
        # Drawn over its first vertex, too: it is the crossing that a person sees.
        ([[[-1, 1], [1, -1], [1, 1], [-1, -1], [-1, 1], [-0.5, 1.5]]], r"Ring 1 .* \(0, 0\), "),
        ([[[0, 0], [1, 1], [2, 2]]], "Ring 1 .*vert"),
        ([[[0, 0], [1, 1]]], "Ring 1 has 2 distinct vertices"),
        ([[[0, 0], [1, np.nan], [1, 1]]], "not finite at vertex 2"),
        ([[1.0, 2.0, 3.0]], r"shape \(n, 2\), got \(3,\)"),
        ([[["a", 0], [1, 1], [2, 0]]], "pairs of numbers"),
        ([], "no ring"),
        ([square(0, 0), square(0.5, 0.5)], "Ring 1 and ring 2 cross near"),
        ([square(0, 0), square(0, 0)], "Ring 1 and ring 2 are the same.*enclose nothing"),
        ([star(5001, np.random.default_rng(0))], "5001 edges, more than the 5000"),
        ([Chain([[0, 0], [1, 0]]), Chain([[0, 1], [1, 1]])], "disagree"),
        ([Chain([[0, 0], [1, 0]]), Chain([[0, 1], [1, 2]])], "Chains 1 and 2 meet"),
        ([Chain([[0, 0], [1, 0]]), square(0, -0.5)], "Chain 1 meets a ring"),
    ],
)  # fmt: skip
def test_bad_shapes_are_told_in_a_sentence(rings, message):
    with pytest.raises(LevelsetError, match=message):
        exact_polygon(rings)


@pytest.mark.parametrize(
    ("rings", "place"),
    [
        ([[[0, 0], [1, 1], [1, 0], [0, 1]]], (0.5, 0.5)),
        ([square(0, 0), square(0.5, 0.5)], None),
    ],
)
def test_a_crossing_says_where_it_is(rings, place):
    with pytest.raises(CrossingError) as crossing:
        exact_polygon(rings)
    x, y = crossing.value.place
    if place:
        assert (x, y) == place
    for ring in rings:
        assert Point(x, y).distance(LinearRing(ring)) == 0


def test_a_chain_whose_half_lines_cross():
    with pytest.raises(LevelsetError, match="crosses itself"):
        Chain([[1, 1], [-1, -2], [1, -2], [-1, 1]])


@pytest.mark.parametrize("make", [
    lambda ring: ring, lambda ring: [ring], np.array, lambda ring: [np.array(ring)],
    lambda ring: [list(map(list, ring))], tuple,
])  # fmt: skip
def test_a_ring_may_be_a_list_or_an_array_alone_or_among_others(make):
    ring = [(0.0, 0.0), (3.0, 0.0), (0.0, 2.0)]
    expected = exact_polygon([np.array(ring)]).network
    x = torch.rand(50, 2, generator=torch.Generator().manual_seed(0)).double() * 4 - 1
    assert torch.equal(exact_polygon(make(ring)).network(x), expected(x))


@pytest.mark.parametrize(("rings", "said"), [
    (None, "got NoneType"), (3, "got int"), ([1, 2, 3], "Ring 1"),
    ([(0, 0, 0), (1, 0, 0), (0, 1, 0)], "Ring 1"), ([[(0, 0), (1,), (0, 1)]], "pairs of numbers"),
])  # fmt: skip
def test_what_is_no_ring_is_refused(rings, said):
    with pytest.raises(LevelsetError, match=said):
        exact_polygon(rings)
