"""Vertices that are straight, and faces that are flat, up to the digits of their coordinates."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
import shapely
import torch
import trimesh

from benchmarks.exact_networks import rectangular_comb, winding
from levelset_core.errors import LevelsetError
from levelset_core.exact import exact_polygon, exact_polyhedron
from levelset_core.exact.rings import without_straight
from levelset_core.exact.shapes import prism
from levelset_core.exact.sign_check import check_signs, plane_reference, solid_reference
from levelset_core.exact.tolerance import last_place, tolerance_of
from tests.exact.strategies import box, comb
from tests.exact.test_polygon import L_SHAPE

BOX = box((0, 0, 0), (1, 2, 3))
TURN = trimesh.transformations.random_rotation_matrix(np.array([0.3, 0.7, 0.2]))


def wrong_in_the_plane(ring: np.ndarray) -> int:
    e = exact_polygon([ring])
    *_, tally = check_signs(e.network, plane_reference([ring]), points=2000, batch=2000)
    return tally.wrong


def dense(ring: np.ndarray, n: int) -> np.ndarray:
    """n vertices an edge."""
    t = np.linspace(0, 1, n, endpoint=False)[:, None]
    ends = zip(ring, np.roll(ring, -1, axis=0), strict=True)
    return np.concatenate([a + t * (b - a) for a, b in ends])


def test_a_vertex_almost_on_a_line_is_left_out_and_told():
    e = exact_polygon([[0, 0], [1, 0], [2, 1e-12], [3, 0], [3, 3], [0, 3]])
    assert (e.planes, e.merged) == (4, 2) and "2 vertices were left out" in e.note
    assert exact_polygon([[0, 0], [3, 0], [3, 3], [0, 3]]).note == ""


@pytest.mark.parametrize("seed", range(20))
def test_a_dense_square_at_utm_coordinates_in_any_rotation(seed):
    angle = np.random.default_rng(seed).uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ring = dense(300 * np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), 10) @ turn + [5e5, 5.4e6]
    e = exact_polygon([ring])
    assert e.planes == 4 and e.merged == 36
    assert wrong_in_the_plane(ring) == 0


@pytest.mark.parametrize("noise", [1e-15, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-6, 1e-4])
def test_no_noise_on_straight_edges_crashes_or_misleads(noise):
    rng = np.random.default_rng(0)
    for _ in range(4):
        turn = np.linalg.qr(rng.normal(size=(2, 2)))[0]
        ring = dense(np.array([[0.0, 0], [3, 0], [2, 2], [0, 1]]), 8) @ turn
        assert wrong_in_the_plane(ring + noise * rng.normal(size=ring.shape)) == 0


def test_a_fine_curve_does_not_wear_away():
    a = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
    circle = np.column_stack([np.cos(a), np.sin(a)])
    assert len(without_straight(circle, tolerance_of(circle))) == 4096
    coarse = without_straight(circle, 1e-3)
    away = shapely.distance(shapely.Polygon(coarse).exterior, shapely.points(circle))
    assert len(coarse) < 200 and away.max() <= 1e-3


def test_the_digits_of_coordinates_set_the_tolerance():
    points = np.random.default_rng(0).normal(size=(200, 3))
    assert tolerance_of(points) < 1e-11
    assert 1e-8 < tolerance_of(points.astype(np.float32).astype(float)) < 1e-5
    assert 1e-6 < tolerance_of(np.round(points, 6)) < 1e-5
    # Round numbers are no rounded ones, and of too few digits nothing is said.
    assert tolerance_of(np.round(points * 8) / 8) < 1e-11
    assert tolerance_of(np.array([[0, 0], [4, 0], [4, 0.0625], [0, 3.5]])) < 1e-11
    assert tolerance_of(np.round(1000 * points)) < 1e-8
    assert tolerance_of(np.round(points, 1)) < 1e-11
    assert tolerance_of(points, 1e-3) == 1e-3 * np.ptp(points, axis=0).max()
    with pytest.raises(LevelsetError, match=r"between 0 and 0\.1"):
        tolerance_of(points, 2.0)


@pytest.mark.parametrize("places", [2, 3, 4, 6])
@pytest.mark.parametrize("corner", [(0, 0), (5e5, 5.4e6)])
def test_the_last_place_of_coordinates_is_found(places, corner):
    points = np.random.default_rng(0).normal(size=(200, 2)) * 57 + corner
    rounded = np.round(points, places)
    assert last_place(rounded) == pytest.approx(10.0**-places)
    assert last_place(rounded / 1000) == pytest.approx(10.0 ** -(places + 3))  # in other units
    if not corner[0] and places < 4:
        assert last_place(rounded.astype(np.float32).astype(float)) == pytest.approx(10.0**-places)
        text = [float(f"{x:.{places + 2}g}") for x in points.ravel()]  # as C's %g writes
        assert last_place(np.reshape(text, points.shape)) == pytest.approx(10.0 ** (1 - places))


@pytest.mark.parametrize("places", [3, 4])
@pytest.mark.parametrize("corner", [(0, 0), (5e5, 5.4e6)])
def test_straight_edges_of_few_decimals_are_straight(places, corner):
    for seed, ring in enumerate((L_SHAPE, rectangular_comb(6) / 10, np.array(L_SHAPE) * 30)):
        angle = np.random.default_rng(seed).uniform(0, np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        drawn = np.round(dense(np.array(ring, dtype=float), 8) @ turn + corner, places)
        e = exact_polygon([drawn])
        assert e.merged == 7 * len(ring)
        assert f"the coordinates are rounded to {10.0**-places:g}" in e.note
        assert wrong_in_the_plane(drawn) == 0


def as_file(mesh: trimesh.Trimesh, kind: str) -> trimesh.Trimesh:
    """As a person gets it: written with the digits of the format, and read again."""
    data = mesh.export(file_type=kind)
    data = data.encode() if isinstance(data, str) else data
    return trimesh.load(io.BytesIO(data), file_type=kind, process=False)


def checked(mesh: trimesh.Trimesh):
    e = exact_polyhedron(mesh)
    reference = solid_reference(mesh, e.tolerance if e.merged else 0.0)
    *_, tally = check_signs(e.network, reference, points=3000, batch=3000)
    assert tally.wrong == 0
    assert tally.on_boundary <= max(1e-12, 4 * e.tolerance)
    return e


def gear() -> trimesh.Trimesh:
    turns = 2 * np.pi * (np.arange(16) // 2 + np.tile([0.0, 0.4], 8)) / 8
    corners = []
    for angle, inner in zip(turns, np.tile([True, False], 8), strict=True):
        for radius in (1.0, 1.4) if inner else (1.4, 1.0):
            corners.append((radius * np.cos(angle), radius * np.sin(angle)))
    return prism(shapely.Polygon(corners), 0.5)


@pytest.mark.parametrize("kind", ["stl", "obj", "ply"])
def test_flat_faces_of_a_rotated_file_are_one_plane(kind):
    cube = trimesh.creation.box((1, 1, 1)).subdivide().subdivide()
    for mesh in (cube, gear()):
        straight = exact_polyhedron(mesh)
        turned = mesh.copy()
        turned.apply_transform(TURN)
        e = checked(as_file(turned, kind))
        assert (e.planes, e.depth) == (straight.planes, straight.depth)
        assert e.weights <= 2 * straight.weights
        assert "flat within" in e.note


@pytest.mark.parametrize("places", [3, 4])
@pytest.mark.parametrize("size", [1, 57])
def test_flat_faces_of_few_decimals_are_flat(places, size):
    cube = trimesh.creation.box((1, 1, 1)).subdivide().subdivide()
    bars = trimesh.util.concatenate(TOUCHING["crossed bars"][0])
    for mesh, planes in ((cube, 6), (gear(), 34), (bars, 11)):
        turned = mesh.copy()
        turned.apply_transform(TURN)
        turned.vertices = np.round(turned.vertices * size, places)
        e = checked(turned)
        assert e.planes <= planes
        assert e.weights <= 2 * exact_polyhedron(mesh).weights
        assert e.merged == 0 or f"the coordinates are rounded to {10.0**-places:g}" in e.note
        assert e.rounded == pytest.approx(10.0**-places)


def test_a_plate_thinner_than_its_coordinates_say_stays_one():
    plate = trimesh.creation.box((1, 1, 0.003))
    plate.apply_transform(TURN)
    plate.vertices = np.round(plate.vertices, 3)
    e = exact_polyhedron(plate)
    assert e.tolerance < 1e-11 and e.note == ""
    *_, tally = check_signs(e.network, solid_reference(plate), points=3000, batch=3000)
    assert tally.wrong == 0


@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e-9, 1e9, 1e100, 1e150])
def test_solids_and_polygons_of_any_size(scale):
    for mesh in (BOX, gear(), trimesh.util.concatenate([BOX, box((0.2, 0.2, 0.2), (0.4, 1, 1))])):
        one = exact_polyhedron(mesh)
        large = trimesh.Trimesh(mesh.vertices * scale, mesh.faces, process=False)
        e = exact_polyhedron(large)
        assert (e.planes, e.widths) == (one.planes, one.widths)
        *_, tally = check_signs(e.network, solid_reference(large), points=500, batch=500)
        assert tally.wrong == 0 and tally.on_boundary <= 1e-14 * np.ptp(large.vertices)
    assert exact_polygon([np.array(L_SHAPE) * scale]).planes == 6


def boxes(*places: tuple[float, float, float], size=(1, 1, 1)) -> list[trimesh.Trimesh]:
    return [
        trimesh.creation.box(size, trimesh.transformations.translation_matrix(p)) for p in places
    ]


TOUCHING = {
    "two boxes that share a face": (boxes((0, 0, 0), (1, 0, 0)), 6),
    "a row": (boxes(*((k, 0, 0) for k in range(5))), 6),
    "voxels": (boxes(*(p for p in itertools.product((0, 1), repeat=3) if 0 in p)), 9),
    "an L": (boxes((0, 0, 0), (1, 0, 0), (1, 1, 0)), 8),
    "a small one on a big one": ([*boxes((0, 0, 0), size=(2, 2, 1)), *boxes((0.2, 0.1, 1))], 11),
    "a shifted stack": (boxes((0, 0, 0), (0.7, 0.6, 1), size=(2, 2, 1)), 11),
    "crossed bars": ([*boxes((0, 0, 0), size=(3, 1, 1)), *boxes((0, 0, 1), size=(1, 3, 1))], 11),
}  # fmt: skip


@pytest.mark.parametrize("name", TOUCHING)
@pytest.mark.parametrize("kind", [None, "stl"])
@pytest.mark.parametrize("turned", [False, True])
def test_parts_that_share_a_face_are_one_solid(name, kind, turned):
    parts, planes = TOUCHING[name]
    mesh = trimesh.util.concatenate(parts)
    if turned:
        mesh.apply_transform(TURN)
    e = checked(as_file(mesh, kind) if kind else mesh)
    assert e.planes == planes


def test_the_same_solid_twice_is_refused_as_the_same_ring_twice_is():
    with pytest.raises(LevelsetError, match="are the same"):
        exact_polyhedron(trimesh.util.concatenate(boxes((0, 0, 0), (0, 0, 0))))
    ring = [[0, 0], [1, 0], [0, 1]]
    with pytest.raises(LevelsetError, match="are the same"):
        exact_polygon([ring, ring])


@pytest.mark.parametrize("ring", [rectangular_comb(250), winding(1024, 10)], ids=["comb", "spiral"])
def test_a_thousand_edges_are_built(ring):
    assert wrong_in_the_plane(ring) == 0


@pytest.mark.parametrize(
    "ring", [rectangular_comb(64), winding(200, 4), comb(200, np.random.default_rng(0))]
)
def test_balanced_networks_are_the_same_function_at_little_depth(ring):
    deep, flat = exact_polygon([ring]), exact_polygon([ring], form="balanced")
    assert flat.depth <= 2 * np.log2(len(ring)) + 1 and flat.depth <= deep.depth
    x = np.random.default_rng(0).uniform(ring.min(0) - 1, ring.max(0) + 1, (2000, 2))
    with torch.no_grad():
        one, other = (e.network(torch.from_numpy(x)) for e in (deep, flat))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-11)
    assert flat.form == "balanced" and flat.planes == deep.planes


def test_balanced_solids():
    for mesh in (BOX, gear(), trimesh.util.concatenate(TOUCHING["crossed bars"][0])):
        e = exact_polyhedron(mesh, form="balanced")
        assert e.depth <= exact_polyhedron(mesh).depth
        *_, tally = check_signs(e.network, solid_reference(mesh), points=3000)
        assert tally.wrong == 0
    with pytest.raises(LevelsetError, match="form"):
        exact_polyhedron(BOX, form="flat")
