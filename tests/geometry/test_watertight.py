"""A closed level set is a closed mesh, whatever F does at the nodes; also in files."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
import trimesh
from scipy.ndimage import gaussian_filter, map_coordinates

from levelset_core.geometry import extract_mesh, mesh_bytes, soundness
from levelset_core.geometry.grid import Band, Grid, lattice
from levelset_core.geometry.marching import march
from levelset_core.geometry.meshes import Mesh
from levelset_core.random import numpy_generator

NODES = 22


def smooth(rng: np.random.Generator) -> np.ndarray:
    return gaussian_filter(rng.normal(size=(NODES,) * 3), 1.0)


def zeros_at_nodes(rng: np.random.Generator) -> np.ndarray:
    return np.round(10 * smooth(rng)) / 10


def barely_off(rng: np.random.Generator) -> np.ndarray:
    """Float32 noise around zero in a thick shell around the surface."""
    values = smooth(rng)
    near = np.abs(values) < 0.05
    return np.where(near, 1e-7 * rng.normal(size=values.shape), values)


def integers(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(-1, 2, (NODES,) * 3).astype(float)


def thin_sheet(rng: np.random.Generator) -> np.ndarray:
    """A plate thinner than a cell, in a random pose: torn, but each shred of it is closed."""
    x = np.stack(np.meshgrid(*[np.linspace(-1, 1, NODES)] * 3, indexing="ij"), axis=-1)
    axis = rng.normal(size=3)
    return np.abs(x @ (axis / np.linalg.norm(axis)) - 0.1 * rng.normal()) - rng.uniform(0, 0.06)


KINDS = [smooth, zeros_at_nodes, barely_off, integers, thin_sheet]


def closed(values: np.ndarray) -> np.ndarray:
    """Positive at the end of the grid: the level set cannot leave it."""
    values = np.pad(values[1:-1, 1:-1, 1:-1], 1, constant_values=1.0)
    return values.astype(np.float32)


def mesh_of(values: np.ndarray, level: float = 0.0) -> Mesh:
    grid = Grid.over((-1, 1), NODES, 3)
    return march(Band(values, lattice(np.array(values.shape) - 1), grid.size), grid, level)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", KINDS)
def test_fields_that_graze_cells_give_closed_meshes(kind, seed):
    values = closed(kind(numpy_generator(seed)))
    for level in (0.0, 0.1):
        mesh = mesh_of(values, level)
        assert len(mesh.faces) > 20
        assert soundness(mesh).watertight


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [smooth, zeros_at_nodes, thin_sheet])
def test_newton_steps_keep_it_closed_and_so_does_every_file(kind, seed):
    rng = numpy_generator(seed)
    values = closed(kind(rng))

    def f(x: torch.Tensor) -> torch.Tensor:
        places = 0.5 * (NODES - 1) * (x.detach().double().numpy().T + 1)
        value = torch.from_numpy(map_coordinates(values, places, order=1, mode="nearest"))
        slopes = np.gradient(values)
        slope = [map_coordinates(s, places, order=1, mode="nearest") for s in slopes]
        direction = 0.5 * (NODES - 1) * torch.from_numpy(np.stack(slope, axis=1))
        # The derivative by hand: value + <direction, x - x>.
        return (value + (direction * (x - x.detach())).sum(1)).to(x.dtype)

    mesh = extract_mesh(f, (-1, 1), NODES + 7)
    assert soundness(mesh).watertight
    mesh = mesh.moved(rng.uniform(0.1, 10), rng.normal(size=3))
    for kind_of_file in ("ply", "obj", "stl", "glb"):
        read = trimesh.load(
            io.BytesIO(mesh_bytes(mesh, kind_of_file)), file_type=kind_of_file, force="mesh"
        )
        read.merge_vertices(merge_norm=True, merge_tex=True)
        assert read.is_watertight and read.is_winding_consistent
        assert read.euler_number == soundness(mesh).euler
        assert (read.area_faces > 0).all()


def test_a_value_at_the_level_counts_as_below():
    values = np.ones((NODES,) * 3, dtype=np.float32)
    values[8:12, 8:12, 8:12] = 0.0
    mesh = mesh_of(values)
    assert soundness(mesh).watertight and soundness(mesh).euler == 2


def test_soundness_counts_what_is_wrong():
    ball = mesh_of(closed(np.linalg.norm(np.indices((NODES,) * 3) - 10.3, axis=0) - 6))
    assert soundness(ball).watertight
    holed = soundness(ball.select_faces(np.arange(1, len(ball.faces))))
    assert holed.open_edges == 3 and holed.euler == 1 and not holed.watertight
    faces = ball.faces.copy()
    faces[0] = faces[0, ::-1]
    assert soundness(Mesh(ball.vertices, faces)).turned_edges == 3
    doubled = np.concatenate([ball.faces, ball.faces[:1]])
    assert soundness(Mesh(ball.vertices, doubled)).shared_edges == 3


def test_a_surface_that_leaves_the_box_is_closed_there_if_asked():
    def ball(x: torch.Tensor) -> torch.Tensor:
        return (x - 0.6).norm(dim=1) - 0.7

    assert soundness(extract_mesh(ball, (-1, 1), 24)).open_edges > 0
    mesh = extract_mesh(ball, (-1, 1), 24, closed=True)
    assert soundness(mesh).watertight and soundness(mesh).euler == 2
    assert mesh.bounds[1].max() <= 1.0
    within = (np.abs(mesh.vertices) < 0.93).all(1)
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices[within] - 0.6, axis=1), 0.7, atol=1e-5)
