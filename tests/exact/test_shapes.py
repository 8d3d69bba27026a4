from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
import torch

from levelset_core.errors import LevelsetError
from levelset_core.exact import Chain, exact_polygon, exact_polyhedron
from levelset_core.exact.files.plane import read_plane_shape
from levelset_core.exact.shapes import PLANE_SHAPES, SOLIDS, solid
from levelset_core.exact.sign_check import check_signs, plane_reference, quick, solid_reference


@pytest.mark.parametrize("name", PLANE_SHAPES)
def test_every_example_in_the_plane_has_an_exact_network(name):
    shape = PLANE_SHAPES[name]()
    assert np.abs(np.concatenate([*shape.rings, *shape.chains])).max() <= 1.5
    e = exact_polygon([*shape.rings, *map(Chain, shape.chains)])
    reference = plane_reference(shape.rings, shape.chains)
    *_, tally = check_signs(e.network, reference, points=20_000)
    assert (tally.points, tally.wrong) == (20_000, 0) and tally.on_boundary <= 1e-12


@pytest.mark.parametrize("name", SOLIDS)
def test_every_example_in_space_has_an_exact_network(name):
    mesh = solid(name)
    *_, tally = check_signs(exact_polyhedron(mesh).network, solid_reference(mesh), points=20_000)
    assert tally.wrong == 0 and tally.on_boundary <= 1e-12


def test_networks_of_mostly_zeros_are_evaluated_without_them():
    a = 2 * np.pi * np.arange(60) / 60
    flower = (1 + 0.3 * np.cos(5 * a))[:, None] * np.column_stack([np.cos(a), np.sin(a)])
    network = exact_polygon([flower], form="shallow").network
    f = quick(network)
    x = torch.from_numpy(np.random.default_rng(0).uniform(-2, 2, (300, 2)))
    assert f is not network and f(x).shape == (300, 1)
    with torch.no_grad():
        torch.testing.assert_close(f(x), network(x), rtol=0, atol=1e-12)
    small = exact_polygon([flower]).network
    assert quick(small) is small


def test_a_check_finds_what_is_wrong():
    shape = PLANE_SHAPES["L"]()
    e = exact_polygon(shape.rings)
    tallies = list(check_signs(lambda x: -e.network(x), plane_reference(shape.rings), points=4000,
                               batch=1000))  # fmt: skip
    assert [t.points for t in tallies] == [1000, 2000, 3000, 4000]
    assert tallies[-1].wrong == 4000 and len(tallies[-1].places) == 400
    shifted = check_signs(lambda x: e.network(x + 0.1), plane_reference(shape.rings), points=4000)
    *_, tally = shifted
    area = (
        shapely.Polygon(shape.rings[0])
        .symmetric_difference(shapely.Polygon(shape.rings[0] - 0.1))
        .area
    )
    assert tally.wrong / 4000 == pytest.approx(area / 3.0**2, abs=0.02)
    assert 0.05 < tally.on_boundary <= 0.15


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.mark.parametrize(
    "content",
    [
        [SQUARE],
        {"rings": [SQUARE]},
        {"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]},
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[SQUARE]]}},
    ],
)
def test_json_in_all_its_forms(content):
    shape = read_plane_shape(json.dumps(content).encode(), "a.json")
    assert exact_polygon(shape.rings).planes == 4


def test_json_chains():
    shape = read_plane_shape(b'{"chains": [[[1, 1], [0, 0], [1, -1]]]}', "a.json")
    assert (len(shape.chains), shape.edges) == (1, 2)


def test_svg_outlines_with_transforms_and_curves():
    svg = b"""<svg xmlns="http://www.w3.org/2000/svg"><g transform="translate(10 0)">
      <polygon points="0,0 4,0 4,4 0,4"/><path d="M1 1h2v2h-2z"/><circle cx="9" cy="2" r="1"/>
    </g></svg>"""
    shape = read_plane_shape(svg, "a.svg")
    assert [len(ring) for ring in shape.rings][:2] == [4, 4]
    outer, inner, circle = map(shapely.Polygon, shape.rings)
    assert outer.bounds == (10, -4, 14, 0) and inner.area == pytest.approx(4)
    assert circle.area == pytest.approx(np.pi, rel=0.01)
    assert exact_polygon(shape.rings).planes > 8


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"{", "a.json", "no readable JSON"),
        (b"{}", "a.json", "no rings"),
        (b'{"rings": 3}', "a.json", "must be a list"),
        (b'[[["a"]]]', "a.json", "ring 0 is no list"),
        (b"[[1, 2, 3]]", "a.json", r"ring 0 must have shape \(n, 2\), got \(3,\)"),
        (b"<svg", "a.svg", "no readable SVG"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg", "no closed outline"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><svg/>', "a.svg", "entities"),
        (b"", "a.txt", "not .txt"),
        (b" " * (5 << 20), "a.json", "larger than 4 MB"),
    ],
)
def test_bad_files_are_told_in_a_sentence(data, name, message):
    with pytest.raises(LevelsetError, match=message):
        read_plane_shape(data, name)


def test_a_missing_file(tmp_path):
    with pytest.raises(LevelsetError, match=r"x.json: there is no such file"):
        read_plane_shape(tmp_path / "x.json")


RING = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
HOLE = [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 0.5]]
POLYGON = {"type": "Polygon", "coordinates": [RING, HOLE]}
MOVED = {"type": "Polygon", "coordinates": [[[x + 5, y] for x, y in r] for r in (RING, HOLE)]}


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ({"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {}, "geometry": POLYGON},
            {"type": "Feature", "properties": None, "geometry": None},
        ]}, 2),
        ({"type": "GeometryCollection", "geometries": [POLYGON, MOVED]}, 4),
        ({"type": "FeatureCollection", "features": [
            {"type": "Feature", "geometry": {"type": "GeometryCollection", "geometries": [
                {"type": "MultiPolygon", "coordinates": [[RING]]}, MOVED]}}]}, 3),
    ],
)  # fmt: skip
def test_every_geojson_of_polygons_is_read(content, count):
    shape = read_plane_shape(json.dumps(content).encode(), "a.geojson")
    assert len(shape.rings) == count and shape.notes == ()


def test_heights_are_left_out_and_said():
    ring = [[0, 0, 7.0], [1, 0, 7.0], [0, 1, 7.0], [0, 0, 7.0]]
    contents = ({"type": "Polygon", "coordinates": [ring]}, {"rings": [ring[:3]]})
    for content in contents:
        shape = read_plane_shape(json.dumps(content).encode(), "a.json")
        assert shape.rings[0].shape[1] == 2 and "Heights" in shape.notes[0]
        assert exact_polygon(shape.rings).planes == 3
    shape = read_plane_shape(b"POLYGON Z ((0 0 1, 1 0 1, 0 1 1, 0 0 1))\n", "a.wkt")
    assert shape.rings[0].shape == (4, 2) and "Heights" in shape.notes[0]


def test_wkt_one_geometry_a_line():
    text = b"""POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))
SRID=4326;POLYGON ((5 0, 6 0, 6 1, 5 0))
"""
    assert len(read_plane_shape(text, "a.wkt").rings) == 3
    with pytest.raises(LevelsetError, match="no readable WKT"):
        read_plane_shape(b"POLYGON ((0 0", "a.wkt")
    with pytest.raises(LevelsetError, match="no polygon and no closed line: there is only 1 point"):
        read_plane_shape(b"POINT (0 0)", "a.wkt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"type": "Polygon", "coordinates": None}, "no polygon"),
        ({"type": "Polygon", "coordinates": [[["a", "b"]]]}, "Polygon are no numbers"),
        ({"type": "Polygon"}, "Polygon are no numbers"),
        ({"type": "FeatureCollection", "features": None}, "features .* must be a list"),
        ({"type": "FeatureCollection", "features": [3]}, "GeoJSON object was expected, got '3'"),
        ({"type": "Point", "coordinates": [0, 0]}, "only 1 point in it"),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "only 1 open line in it"),
        ({"type": 3}, "no type of GeoJSON"),
        ({"type": "Feature", "geometry": None}, "no polygon"),
    ],
)
def test_damaged_geojson_is_told_in_a_sentence(content, message):
    with pytest.raises(LevelsetError, match=message):
        read_plane_shape(json.dumps(content).encode(), "a.geojson")


def svg(body: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg">{body}</svg>'.encode()


def test_open_lines_of_an_svg_are_not_closed_without_a_word():
    box = '<rect x="0" y="0" width="4" height="4"/>'
    line = '<polyline points="6,0 9,0 9,3" fill="none" stroke="black"/>'
    shape = read_plane_shape(svg(box + line), "a.svg")
    assert len(shape.rings) == 1 and shape.notes == ("Left out: 1 open line without a fill.",)
    filled = read_plane_shape(svg(box + line.replace('fill="none"', "")), "a.svg")
    assert len(filled.rings) == 2 and "Closed, as SVG fills them" in filled.notes[0]
    with pytest.raises(LevelsetError, match="1 open line without a fill"):
        read_plane_shape(svg(line), "a.svg")


@pytest.mark.parametrize(
    ("rule", "inner", "holes"),
    [
        ("nonzero", "M1 1h2v2h-2z", 0),  # the same way round: filled all over
        ("nonzero", "M1 1v2h2v-2z", 1),
        ("evenodd", "M1 1h2v2h-2z", 1),
        ("evenodd", "M1 1v2h2v-2z", 1),
    ],
)
def test_the_fill_rule_of_an_svg_is_kept(rule, inner, holes):
    path = f'<path fill-rule="{rule}" d="M0 0h4v4h-4z {inner}"/>'
    shape = read_plane_shape(svg(path), "a.svg")
    assert len(shape.rings) == 1 + holes
    middle = exact_polygon(shape.rings).network(torch.tensor([[2.0, -2.0]]).double())
    assert (middle > 0) == bool(holes)


def test_shapely_polygons_serve_as_rings():
    region = shapely.Polygon(RING, [HOLE])
    expected = exact_polygon([np.array(RING), np.array(HOLE)])
    for rings in (region, [region], shapely.MultiPolygon([region]), [region.exterior, HOLE]):
        assert exact_polygon(rings).widths == expected.widths
    with pytest.raises(LevelsetError, match="no polygon and no closed line: there is only 1 point"):
        exact_polygon([shapely.Point(0, 0)])
