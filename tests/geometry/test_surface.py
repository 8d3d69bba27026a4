"""Surfaces out of networks, against closed forms and against evaluation at every node."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from levelset_core import LevelsetError
from levelset_core.geometry import Mesh, components, extract_mesh
from levelset_core.geometry.grid import Grid, narrow_band
from levelset_core.networks import MLP
from levelset_core.random import torch_generator


def sphere(x: torch.Tensor) -> torch.Tensor:
    return x.norm(dim=1) - 0.7


def torus(x: torch.Tensor) -> torch.Tensor:
    return ((x[:, :2].norm(dim=1) - 0.6) ** 2 + x[:, 2] ** 2).sqrt() - 0.2


def blobs(x: torch.Tensor) -> torch.Tensor:
    """Two balls; the second is smaller than a cell of the coarsest grid."""
    small = (x - torch.tensor([0.71, 0.71, 0.7])).norm(dim=1) - 0.05
    return torch.minimum((x + 0.3).norm(dim=1) - 0.4, small)


def waves(x: torch.Tensor) -> torch.Tensor:
    """Far from a distance function: slopes of 0 to 15."""
    return torch.sin(9 * x).prod(1) + 0.4 * x.norm(dim=1) ** 3 - 0.2


def network(activation: str, seed: int = 0) -> MLP:
    return MLP(3, (32, 32), activation=activation, init="auto", generator=torch_generator(seed))


def euler(mesh: Mesh) -> int:
    edges = np.sort(np.concatenate([mesh.faces[:, [0, 1]], mesh.faces[:, 1:], mesh.faces[:, ::2]]))
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    return len(mesh.vertices) - len(edges) + len(mesh.faces)


def test_a_sphere_has_its_area_radius_and_normals():
    mesh = extract_mesh(sphere, (-1, 1), 64)
    radius = np.linalg.norm(mesh.vertices, axis=1)
    np.testing.assert_allclose(radius, 0.7, atol=1e-6)
    np.testing.assert_allclose(mesh.normals, mesh.vertices / radius[:, None], atol=1e-5)
    assert mesh.area == pytest.approx(4 * np.pi * 0.7**2, rel=2e-3)
    assert euler(mesh) == 2
    # Faces turn the same way as the normals: F grows outwards.
    assert (np.einsum("ij,ij->i", mesh.face_normals, mesh.normals[mesh.faces[:, 0]]) > 0).all()


def test_a_torus_has_genus_one():
    assert euler(extract_mesh(torus, (-1, 1), 48)) == 0


@pytest.mark.parametrize("level", [-0.1, 0.0, 0.05])
def test_levels_of_a_distance_are_offsets(level):
    mesh = extract_mesh(sphere, (-1, 1), 48, level)
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 0.7 + level, atol=1e-6)


@pytest.mark.parametrize("resolution", [17, 40, 65])
@pytest.mark.parametrize(
    "f", [sphere, torus, blobs, waves, network("relu"), network("sine"), network("softplus")]
)
def test_the_narrow_band_gives_the_dense_mesh(f, resolution):
    level = 0.0
    if isinstance(f, MLP):  # a level that the random network takes
        with torch.no_grad():
            level = f(torch.zeros(1, 3)).item() + 0.01
    box = ((-1, -1, -0.9), (1, 1, 1))
    sparse = extract_mesh(f, box, resolution, level, snap=False)
    dense = extract_mesh(f, box, resolution, level, snap=False, dense=True)
    assert len(dense.faces) > 100
    np.testing.assert_array_equal(sparse.faces, dense.faces)
    np.testing.assert_array_equal(sparse.vertices, dense.vertices)


@given(st.tuples(*[st.floats(-0.8, 0.8)] * 3), st.floats(0.06, 1.2), st.sampled_from([16, 33, 50]))
def test_balls_anywhere_are_found_whole(centre, radius, resolution):
    def ball(x: torch.Tensor) -> torch.Tensor:
        return (x - torch.tensor(centre)).norm(dim=1) - radius

    sparse = extract_mesh(ball, (-1, 1), resolution, snap=False)
    dense = extract_mesh(ball, (-1, 1), resolution, snap=False, dense=True)
    np.testing.assert_array_equal(sparse.faces, dense.faces)


def test_a_thread_between_two_balls_is_followed_where_the_criterion_alone_would_stop():
    def dumbbell(x: torch.Tensor) -> torch.Tensor:
        ends = torch.minimum(
            (x - torch.tensor([0.7, 0, 0])).norm(dim=1), (x + torch.tensor([0.7, 0, 0])).norm(dim=1)
        )
        thread = x[:, 1:].norm(dim=1) - 0.03
        d = torch.minimum(ends - 0.2, torch.maximum(thread, x[:, 0].abs() - 0.7))
        return d.clamp(-0.01, 0.01)  # flat away from the surface: no slope to go by

    sparse = extract_mesh(dumbbell, (-1, 1), 128, snap=False)
    dense = extract_mesh(dumbbell, (-1, 1), 128, snap=False, dense=True)
    assert len(components(dense)) == 1
    np.testing.assert_array_equal(sparse.faces, dense.faces)


def test_far_fewer_evaluations_than_nodes():
    grid = Grid.over((-1, 1), 128, 3)
    calls = 0

    def counted(x: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += len(x)
        return sphere(x)

    band = narrow_band(counted, grid)
    assert band.evaluations < grid.size / 7
    assert band.evaluations <= calls < 1.1 * band.evaluations + 10 * 2048  # padded chunks


def test_boxes_need_not_be_cubes():
    mesh = extract_mesh(sphere, ((-1, -0.8, -0.8), (0.0, 0.8, 0.8)), 40)
    assert mesh.bounds[1, 0] <= 0.05  # half a ball, open at the box
    np.testing.assert_allclose(mesh.bounds[0], -0.7, atol=2e-3)


def test_normals_and_vertices_stay_where_newton_fails():
    def step(x: torch.Tensor) -> torch.Tensor:
        return torch.sign(sphere(x))  # D_xF = 0 everywhere

    mesh = extract_mesh(step, (-1, 1), 32)
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 0.7, atol=0.08)
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1)


def test_no_level_set_no_mesh():
    mesh = extract_mesh(sphere, (-1, 1), 32, level=5.0)
    assert mesh.vertices.shape == (0, 3) and mesh.faces.shape == (0, 3)
    assert mesh.normals is not None and mesh.normals.shape == (0, 3)


def test_a_level_exactly_on_the_nodes():
    mesh = extract_mesh(lambda x: x[:, 0], (-1, 1), 17)
    np.testing.assert_allclose(mesh.vertices[:, 0], 0, atol=1e-6)
    assert (mesh.face_areas > 0).all()


def test_networks_in_float64_and_on_the_device(device):
    f = network("softplus").to(device, torch.float64) if device.type != "mps" else network("tanh")
    level = f(torch.zeros(1, 3, device=device, dtype=next(f.parameters()).dtype)).item() + 0.01
    mesh = extract_mesh(f, (-1, 1), 24, level)
    x = torch.tensor(mesh.vertices, device=device, dtype=next(f.parameters()).dtype)
    assert (f(x) - level).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"bounds": (1, -1)}, "above the lower"),
        ({"bounds": (0, float("inf"))}, "above the lower"),
        ({"bounds": ((0, 0), (1, 1))}, "each one number or 3"),
        ({"resolution": 2}, "got 2"),
        ({"resolution": 5000}, "got 5000"),
        ({"level": float("nan")}, "finite number, got nan"),
        ({"f": lambda x: x[:, :2]}, "2 outputs"),
        ({"f": lambda x: x[:1, 0]}, "one row|must map"),
        ({"f": lambda x: x[:, 0] / 0}, "not a finite number"),
    ],
)
def test_impossible_requests(arguments, what):
    settings = {"f": sphere, "bounds": (-1, 1), "resolution": 16, "level": 0.0, **arguments}
    with pytest.raises(LevelsetError, match=what):
        extract_mesh(**settings)
