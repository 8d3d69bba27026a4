from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from hypothesis import HealthCheck, given, settings
from torch import nn

from levelset_core.errors import LevelsetError
from levelset_core.exact import exact_polyhedron
from levelset_core.exact.shapes import prism
from levelset_core.exact.sign_check import check_signs, solid_reference
from levelset_core.exact.solid import winding_number
from levelset_core.exact.uploads import uploaded_solid
from tests.exact.strategies import box, bumpy, polyhedra, ring_prism, shell
from tests.exact.test_polygon import L_SHAPE, Polygon


@torch.no_grad()
def values(network: nn.Module, x: np.ndarray) -> np.ndarray:
    return network(torch.from_numpy(np.ascontiguousarray(x)))[:, 0].numpy()


def oriented(mesh: trimesh.Trimesh) -> np.ndarray:
    """Triangles such that the windings of all surfaces add up to 1 inside and 0 outside."""
    parts = mesh.split(only_watertight=True)
    triangles = []
    for part in parts:
        depth = sum(
            winding_number(other.triangles, part.vertices[:1])[0] * np.sign(other.volume) > 0.5
            for other in parts if other is not part
        )  # fmt: skip
        right = (part.volume > 0) == (depth % 2 == 0)
        triangles.append(part.triangles if right else part.triangles[:, ::-1])
    return np.concatenate(triangles)


def distance_to(triangles: np.ndarray, x: np.ndarray) -> np.ndarray:
    best = np.full(len(x), np.inf)
    for triangle in triangles:
        pairs = np.broadcast_to(triangle, (len(x), 3, 3))
        nearest = trimesh.triangles.closest_point(pairs, x)
        best = np.minimum(best, np.linalg.norm(nearest - x, axis=1))
    return best


def plane_points(triangles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points on the planes of all faces, on their common lines, and where three of them meet."""
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    offsets = (normals * triangles[:, 0]).sum(1)
    size = np.ptp(triangles, axis=(0, 1)).max()
    centre = triangles.mean((0, 1))
    found = []
    for count in (1, 2, 3):
        pick = np.array([rng.choice(len(normals), count, replace=False) for _ in range(300)])
        a, b = normals[pick], offsets[pick]
        start = centre + rng.uniform(-0.8, 0.8, (300, 3)) * size
        gram = a @ a.transpose(0, 2, 1)
        good = np.linalg.det(gram) > 1e-6
        residual = (b - np.einsum("nkd,nd->nk", a, start))[good]
        shift = np.linalg.solve(gram[good], residual[..., None])[..., 0]
        x = start[good] + np.einsum("nk,nkd->nd", shift, a[good])
        found.append(x[np.abs(x - centre).max(1) < 3 * size])
    return np.concatenate(found)


def check(mesh: trimesh.Trimesh) -> None:
    """No wrong sign off the surface, |F| <= 1e-12 on it, F 1-Lipschitz and below the distance."""
    e = exact_polyhedron(mesh)
    rng = np.random.default_rng(0)
    triangles = oriented(mesh)
    low, high = mesh.bounds
    size = (high - low).max()
    x = rng.uniform(low - 0.2 * size, high + 0.2 * size, (500, 3))
    x = np.concatenate([x, plane_points(triangles, rng)])
    f = values(e.network, x)
    distance = distance_to(triangles, x)
    off = distance > 1e-9 * size
    inside = winding_number(triangles, x) > 0.5
    wrong = off & np.where(inside, f >= 0, f <= 0)
    assert not wrong.any(), f"wrong at {x[wrong][:3].tolist()}: F = {f[wrong][:3]}"
    assert (np.abs(f) <= distance + 1e-12).all()
    weight = rng.dirichlet(np.ones(3), (len(triangles), 20))
    on = np.einsum("fnk,fkd->fnd", weight, triangles).reshape(-1, 3)
    assert np.abs(values(e.network, np.concatenate([on, mesh.vertices]))).max() <= 1e-12
    y = x + rng.normal(size=x.shape) * size * 10 ** rng.uniform(-4, 0, (len(x), 1))
    step = np.linalg.norm(y - x, axis=1)
    assert (np.abs(values(e.network, y) - f) <= step + 1e-12).all()


SLOWLY = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])


@SLOWLY
@given(polyhedra())
def test_a_hundred_random_polyhedra(mesh):
    check(mesh)


def test_surfaces_face_to_face_on_one_plane_with_another_between():
    """A union of squares whose walls at x = -3 face both ways without touching."""
    ring = [(-2, 0), (-2, 1), (-4, 1), (-4, 6), (-3, 6), (-3, 4), (-2, 4), (-2, 3), (1, 3), (1, 0),
            (2, 0), (2, -1), (-3, -1), (-3, 0)]  # fmt: skip
    check(prism(Polygon(ring)))


def test_eighty_planes_in_general_position():
    check(bumpy(np.random.default_rng(0), subdivisions=1))


@pytest.mark.parametrize(
    ("mesh", "planes", "depth", "weights"),
    [
        (box((0, 0, 0), (1, 1, 1)), 6, 3, 90),
        (prism(Polygon(L_SHAPE)), 8, 4, 315),
        (prism(Polygon(box((0, 0, 0), (3, 3, 1)).vertices[[0, 4, 6, 2], :2],
                       [[[1, 1], [2, 1], [2, 2], [1, 2]]])), 10, 6, 4400),
        (trimesh.util.concatenate([box((0, 0, 0), (3, 3, 3)), box((1, 1, 1), (2, 2, 2))]),
         12, 8, 38_700),
    ],
    ids=["cube", "L-prism", "square torus", "shell"],
)  # fmt: skip
def test_no_larger_than_the_star_cover(mesh, planes, depth, weights):
    """The figures of the recipe that covers the solid by stars of the plane arrangement."""
    e = exact_polyhedron(mesh)
    assert e.planes == planes and e.depth <= depth and e.weights <= weights
    assert e.widths[0] == 3 and e.widths[-1] == 1 and len(e.widths) == e.depth + 2
    check(mesh)


def test_a_convex_solid_of_any_size_is_one_max():
    sphere = trimesh.creation.icosphere(subdivisions=3)
    e = exact_polyhedron(sphere)
    assert e.planes == 1280 and e.depth == 11  # log2
    x = np.random.default_rng(0).uniform(-1.1, 1.1, (300, 3))
    f = (x @ sphere.face_normals.T - (sphere.face_normals * sphere.triangles[:, 0]).sum(1)).max(1)
    np.testing.assert_allclose(values(e.network, x), f, atol=1e-14)


def test_turned_faces_and_loose_triangles_are_put_right():
    mesh = prism(Polygon(L_SHAPE))
    soup = trimesh.Trimesh(
        mesh.triangles.reshape(-1, 3), np.arange(len(mesh.faces) * 3).reshape(-1, 3), process=False
    )
    turned = trimesh.Trimesh(mesh.vertices, mesh.faces[:, ::-1], process=False)
    mixed = mesh.faces.copy()
    mixed[::3] = mixed[::3, ::-1]
    for other in (soup, turned, trimesh.Trimesh(mesh.vertices, mixed, process=False)):
        assert exact_polyhedron(other).widths == exact_polyhedron(mesh).widths
        assert values(exact_polyhedron(other).network, np.array([[0.5, 0.5, 0.5]]))[0] < 0


def test_parts_that_touch_face_to_face_are_merged():
    stack = trimesh.util.concatenate([box((0, 0, 0), (2, 2, 1)), box((0.5, 0.5, 1), (1, 1, 2))])
    e = exact_polyhedron(stack)
    assert values(e.network, np.array([[0.7, 0.7, 1.0]]))[0] < -0.1
    assert values(e.network, np.array([[0.2, 0.7, 1.0], [1.5, 1.5, 1.0]])) == pytest.approx([0, 0])
    assert values(e.network, np.array([[0.2, 0.7, 1.1], [0.7, 0.7, 2.1]])).min() > 0.05


def test_the_winding_number_of_a_box():
    x = np.random.default_rng(0).uniform(-1, 2, (500, 3))
    inside = ((x > 0) & (x < 1)).all(1)
    turns = winding_number(box((0, 0, 0), (1, 1, 1)).triangles, x)
    np.testing.assert_allclose(turns, inside, atol=1e-12)
    on = np.array([[0.3, 0.4, 1.0], [1.0, 0.2, 0.6]])
    np.testing.assert_allclose(winding_number(box((0, 0, 0), (1, 1, 1)).triangles, on), 0.5)


# -- errors ----------------------------------------------------------------------------------

CUBE = box((0, 0, 0), (1, 1, 1))


def with_fin() -> trimesh.Trimesh:
    a, b = CUBE.faces[0][:2]
    faces = np.vstack([CUBE.faces, [[a, b, len(CUBE.vertices)]]])
    return trimesh.Trimesh(np.vstack([CUBE.vertices, [[5, 5, 5]]]), faces, process=False)


def knot() -> trimesh.Trimesh:
    """A closed surface that passes through itself: a vertex pulled through the opposite face."""
    mesh = trimesh.creation.icosphere(subdivisions=1)
    vertices = mesh.vertices.copy()
    vertices[0] *= -1.5
    return trimesh.Trimesh(vertices, mesh.faces, process=False)


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        (trimesh.Trimesh(CUBE.vertices, CUBE.faces[1:], process=False),
         r"not watertight: the edge of vertices \d and \d, from .* has 1 face"),
        (with_fin(), "not a manifold: the edge of vertices .* has 3 faces"),
        (trimesh.util.concatenate([box((0, 0, 0), (1, 1, 1)), box((0.5, 0.5, 0.5), (2, 2, 2))]),
         "Surfaces 0 and 1 of the mesh cross near"),
        (trimesh.Trimesh(CUBE.vertices * [1, 1, 0], CUBE.faces, process=False), "no volume"),
        (trimesh.Trimesh(), "no triangles"),
        (trimesh.Trimesh(np.where(CUBE.vertices == 1, np.inf, 0), CUBE.faces, process=False),
         "Vertex .* not finite"),
        (bumpy(np.random.default_rng(0), subdivisions=3), "1280 distinct planes, more than the"),
        (knot(), "passes through itself near"),
    ],
)  # fmt: skip
def test_bad_meshes_are_told_in_a_sentence(mesh, message):
    with pytest.raises(LevelsetError, match=message):
        exact_polyhedron(mesh)


def with_t_junctions(cut: int) -> trimesh.Trimesh:
    """A box whose bottom has its edges cut in so many pieces, and no other face does."""
    corners = np.array([(0, 0, 0), (3, 0, 0), (3, 2, 0), (0, 2, 0)], dtype=float)
    t = np.arange(cut)[:, None] / cut
    ring = np.concatenate(
        [a + t * (b - a) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    )
    whole = box((0, 0, 0), (3, 2, 1))
    rest = whole.triangles[whole.face_normals[:, 2] > -0.5]
    fan = [[ring[k], np.array([1.5, 1, 0]), ring[(k + 1) % len(ring)]] for k in range(len(ring))]
    triangles = np.concatenate([rest, fan])
    return trimesh.Trimesh(triangles.reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3))


@pytest.mark.parametrize("cut", [2, 3, 7])
@pytest.mark.parametrize("turned", [False, True])
def test_t_junctions_are_split_and_told(cut, turned):
    mesh = with_t_junctions(cut)
    if turned:
        mesh.apply_transform(trimesh.transformations.random_rotation_matrix(np.full(3, 0.3)))
    e = exact_polyhedron(mesh)
    assert e.planes == 6 and e.split == 4 * (cut - 1)
    assert f"{e.split} vertices lie within edges of other faces (T-junctions)" in e.note
    *_, tally = check_signs(e.network, solid_reference(mesh), points=2000)
    assert tally.wrong == 0


def test_a_mesh_that_no_picture_can_show_is_refused_by_the_page_alone():
    large = box((0, 0, 0), (1e60, 1e60, 1e60))
    with pytest.raises(LevelsetError, match="its size is 1e\\+60"):
        uploaded_solid("a.obj", large.export(file_type="obj").encode(), "deep")
    assert exact_polyhedron(large).planes == 6


def test_a_hole_beside_t_junctions_is_still_a_hole():
    mesh = with_t_junctions(3)
    mesh.update_faces(np.arange(len(mesh.faces)) > 0)
    with pytest.raises(LevelsetError, match="not watertight"):
        exact_polyhedron(mesh)


def test_a_handle_keeps_its_hole():
    mesh = ring_prism(np.random.default_rng(3))
    assert mesh.euler_number == 0
    check(mesh)


def test_planes_that_are_nearly_parallel_do_not_make_rounding_grow():
    """h_i - h_j is then a short functional: no other affine part may be read from its unit."""
    check(shell(np.random.default_rng(740)))
