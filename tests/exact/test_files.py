"""Areas of GeoJSON, WKT, Shapely and SVG: what is inside, and what is said of what was left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
import torch
from shapely.geometry import mapping

from levelset_core.errors import LevelsetError
from levelset_core.exact import exact_polygon
from levelset_core.exact.files.plane import read_plane_shape

SQUARE = shapely.box(0, 0, 4, 4)
INNER = shapely.box(1, 1, 3, 3)
FRAME = SQUARE.difference(INNER)
ASIDE = shapely.box(6, 0, 8, 2)
CORNER = shapely.box(2, 2, 6, 6)


def collection(*geometries: shapely.Geometry) -> bytes:
    features = [{"type": "Feature", "properties": {}, "geometry": mapping(g)} for g in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def svg(body: str, attributes: str = "") -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{body}</svg>'.encode()


def is_region(rings: object, region: shapely.Geometry) -> bool:
    """Whether F has the sign of a region at random points, in all forms."""
    x = np.random.default_rng(0).uniform(-2, 10, (4000, 2))
    inside = shapely.contains_xy(region, x[:, 0], x[:, 1])
    values = [
        exact_polygon(rings, form=form).network(torch.from_numpy(x))[:, 0].detach().numpy()
        for form in ("deep", "balanced", "shallow")
    ]
    return all(((value < 0) == inside).all() for value in values)


@pytest.mark.parametrize(
    ("parts", "region"),
    [
        ([FRAME, INNER], SQUARE),  # an enclave
        ([SQUARE, INNER], SQUARE),  # no hole: both are areas
        ([SQUARE, CORNER], SQUARE | CORNER),
        ([SQUARE, SQUARE], SQUARE),
        ([SQUARE, shapely.box(4, 1, 6, 3), ASIDE], SQUARE | shapely.box(4, 1, 6, 3) | ASIDE),
    ],
)
def test_polygons_are_areas_that_unite(parts, region):
    shape = read_plane_shape(collection(*parts), "a.geojson")
    assert is_region(shape.rings, region) and is_region(parts, region)
    over = sum(part.area for part in parts) > region.area
    assert any("united" in note for note in shape.notes) == over


def test_points_and_open_lines_beside_polygons_are_left_out_and_said():
    extra = [shapely.Point(1, 1), shapely.Point(9, 9), shapely.LineString([(0, 0), (9, 9)])]
    shape = read_plane_shape(collection(extra[0], SQUARE, *extra[1:]), "a.geojson")
    assert is_region(shape.rings, SQUARE) and "2 points and 1 open line" in shape.notes[0]
    with pytest.raises(LevelsetError, match="there is only 2 points and 1 open line in it"):
        read_plane_shape(collection(*extra), "a.geojson")


@pytest.mark.parametrize("more", [[], [7.0], [7.0, 3.0]])
def test_numbers_beyond_the_third_of_a_place_are_left_out(more):
    ring = [[*place, *more] for place in SQUARE.exterior.coords]
    mixed = [ring[0][:2], *ring[1:]]
    for places in (ring, mixed):
        content = json.dumps({"type": "Polygon", "coordinates": [places]}).encode()
        assert is_region(read_plane_shape(content, "a.geojson").rings, SQUARE)


class _Frame:
    """As GeoPandas' frames do."""

    __geo_interface__ = json.loads(collection(FRAME, ASIDE))


def test_whatever_has_a_geo_interface_serves():
    for rings in (_Frame(), [_Frame()], _Frame.__geo_interface__):
        assert is_region(rings, FRAME | ASIDE)
    assert is_region(torch.from_numpy(shapely.get_coordinates(SQUARE)), SQUARE)


def test_wkt_over_several_lines_with_measures():
    text = b"SRID=25832;POLYGON\n((0 0, 4 0,\n 4 4, 0 4, 0 0),\n (1 1, 3 1, 3 3, 1 3, 1 1));\n\n"
    assert is_region(read_plane_shape(text + b"POLYGON EMPTY", "a.wkt").rings, FRAME)
    open_ring = read_plane_shape(b"POLYGON M ((0 0 1, 4 0 1, 4 4 1, 0 4 1))", "a.wkt")
    assert is_region(open_ring.rings, SQUARE) and "Measures" in open_ring.notes[0]
    with pytest.raises(LevelsetError, match="curves of WKT are not read"):
        read_plane_shape(b"CURVEPOLYGON (CIRCULARSTRING (0 0, 4 0, 4 4, 0 4, 0 0))", "a.wkt")
    with pytest.raises(LevelsetError, match="no readable WKT"):
        read_plane_shape(b"hello", "a.wkt")


def test_one_ring_by_itself_in_json():
    ring = shapely.get_coordinates(SQUARE)[:-1].tolist()
    for content in (ring, {"rings": ring}):
        assert is_region(read_plane_shape(json.dumps(content).encode(), "a.json").rings, SQUARE)


FLIPPED = [1, -1]


@pytest.mark.parametrize(
    ("rule", "d", "region"),
    [
        ("nonzero", "M0 0H4V4H0Z M2 2H6V6H2Z", SQUARE | CORNER),
        ("evenodd", "M0 0H4V4H0Z M2 2H6V6H2Z", SQUARE ^ CORNER),
        ("nonzero", "M0 0H4V4H0Z M2 2V6H6V2Z", SQUARE ^ CORNER),  # against the first
        ("evenodd !important", "M0 0H4V4H0Z M1 1H3V3H1Z", FRAME),
        ("nonzero", "M0 0 L4 4 L4 0 L0 4Z",
         shapely.make_valid(shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)]))),
    ],
)  # fmt: skip
def test_outlines_of_a_path_that_cross_are_filled_by_its_rule(rule, d, region):
    rings = read_plane_shape(svg(f'<path style="fill-rule:{rule}" d="{d}"/>'), "a.svg").rings
    assert is_region([ring * FLIPPED for ring in rings], region)


def test_a_star_is_full_by_nonzero_and_hollow_by_evenodd():
    star = "5,0 8,9 0,3 10,3 2,9"
    areas = {}
    for rule in ("nonzero", "evenodd"):
        body = f'<polygon fill-rule="{rule}" points="{star}"/>'
        e = exact_polygon(read_plane_shape(svg(body), "a.svg").rings)
        areas[rule] = e.network(torch.tensor([[5.0, -4.5]]).double()).item()
    assert areas["nonzero"] < 0 < areas["evenodd"]


RECT = '<rect width="4" height="4"/>'


@pytest.mark.parametrize(
    "body",
    [
        '<mask id="m"><rect x="6" width="2" height="2"/></mask>',
        '<marker id="m"><path d="M6 0h2v2z"/></marker>',
        '<symbol id="m"><rect x="6" width="2" height="2"/></symbol>',
        '<rect visibility="hidden" x="6" width="2" height="2"/>',
        '<g style="display:none"><rect x="6" width="2" height="2"/></g>',
        RECT,  # drawn twice, filled and stroked
    ],
)
def test_what_an_svg_does_not_draw_is_not_read(body):
    rings = read_plane_shape(svg(RECT + body), "a.svg").rings
    assert is_region([ring * FLIPPED for ring in rings], SQUARE)


def test_elements_of_an_svg_over_each_other():
    used = '<symbol id="s"><rect width="2" height="2"/></symbol><use href="#s" x="6"/>'
    over = read_plane_shape(svg(RECT + '<rect x="2" y="2" width="4" height="4"/>' + used), "a.svg")
    assert is_region([ring * FLIPPED for ring in over.rings], SQUARE | CORNER | ASIDE)
    assert over.notes == ("Outlines that overlap are united.",)
    within = read_plane_shape(svg(RECT + '<rect x="1" y="1" width="2" height="2"/>'), "a.svg")
    assert is_region([ring * FLIPPED for ring in within.rings], FRAME)
    assert "hole" in within.notes[0]


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="200"', (200, 100)),
        ('height="200"', (400, 200)),
        ('width="200" height="auto"', (200, 100)),
        ('width="100%" height="50"', (100, 50)),
        ('width="1in"', (96, 48)),
        ('width="100%" height="100%"', (4, 2)),
        ("", (4, 2)),
    ],
)
def test_the_other_side_of_an_svg_follows_its_view_box(attributes, size):
    drawn = svg('<rect width="4" height="2"/>', f'{attributes} viewBox="0 0 4 2"')
    (ring,) = read_plane_shape(drawn, "a.svg").rings
    assert np.ptp(ring, axis=0) == pytest.approx(size)


def test_the_digits_of_an_svg_are_those_before_its_view_box_scales_them():
    t = np.linspace(0, 1, 8)[:-1, None]  # sevenths, which no decimals end
    ring = np.array([[10, 20], [90, 47], [63, 95], [12, 71.0]])
    ring = np.concatenate(
        [a + t * (b - a) for a, b in zip(ring, np.roll(ring, -1, 0), strict=True)]
    )
    points = " ".join(f"{x:.3f},{y:.3f}" for x, y in ring)
    drawn = svg(f'<polygon points="{points}"/>', 'width="77mm" viewBox="0 0 100 100"')
    shape = read_plane_shape(drawn, "a.svg")
    assert shape.tolerance == pytest.approx(0.002 / 80, 0.01)
    assert exact_polygon(shape.rings, tolerance=shape.tolerance).planes == 4


def test_the_units_of_an_svg_are_said():
    shape = read_plane_shape(svg(RECT, 'width="4cm" height="4cm" viewBox="0 0 4 4"'), "a.svg")
    assert "96 an inch" in shape.notes[0] and np.ptp(shape.rings[0][:, 0]) == pytest.approx(
        151.18, 1e-3
    )


@pytest.mark.parametrize(
    "body",
    [
        '<rect width="4" height="4" transform="rotate(90) translate(0 -4)"/>',
        '<rect width="4" height="4" transform="matrix(-1 0 0 1 4 0)"/>',
        '<rect width="2" height="2" transform="rotate(-90 2 2) scale(2)"/>',
        '<svg x="0" y="0" width="4" height="4" viewBox="5 5 2 2">'
        '<rect x="5" y="5" width="2" height="2"/></svg>',
        '<symbol id="s" viewBox="0 0 8 8"><rect width="8" height="8"/></symbol>'
        '<use href="#s" width="4px" height="4"/>',
        '<symbol id="s" viewBox="0 0 8 8"><rect width="8" height="8"/></symbol>'
        '<g transform="translate(-2 -1)"><use href="#s" x="2" y="1" width="4" height="4"/></g>',
    ],
)
def test_transforms_and_inner_views_of_an_svg(body):
    shape = read_plane_shape(svg(body), "a.svg")
    assert is_region([ring * FLIPPED for ring in shape.rings], SQUARE)


def test_an_inner_view_keeps_its_proportions():
    for aspect, low, high in (
        ("", (0, 2), (4, 6)), ("xMinYMin", (0, 0), (4, 4)), ("xMidYMax meet", (0, 4), (4, 8)),
        ("none", (0, 0), (4, 8)), ("xMinYMid slice", (0, 0), (8, 8)),
    ):  # fmt: skip
        inner = f'viewBox="0 0 1 1" preserveAspectRatio="{aspect}"><rect width="1" height="1"/>'
        body = f'<svg width="4" height="8" {inner}</svg>'
        (ring,) = read_plane_shape(svg(body), "a.svg").rings
        corners = (ring * FLIPPED).min(0), (ring * FLIPPED).max(0)
        np.testing.assert_allclose(corners, (low, high), atol=1e-12)
    with pytest.raises(LevelsetError, match="has the width 3em: write it as a number"):
        read_plane_shape(svg(f'<svg width="3em" viewBox="0 0 1 1">{RECT}</svg>'), "a.svg")


def test_what_cuts_an_svg_off_is_said():
    clip = '<clipPath id="c"><rect width="2" height="4"/></clipPath>'
    for how in ('clip-path="url(#c)"', 'style="clip-path:url(#c)"', 'mask="url(#c)"'):
        shape = read_plane_shape(svg(f"{clip}<g {how}>{RECT}</g>"), "a.svg")
        assert "not applied: one element may reach too far" in shape.notes[0]
