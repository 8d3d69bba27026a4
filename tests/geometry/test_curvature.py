"""Mean curvature against closed forms."""

import numpy as np
import pytest
import torch

from levelset_core.geometry import Mesh, extract_mesh
from levelset_core.geometry.analysis import mean_curvature


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sphere_has_one_over_its_radius_everywhere(sign):
    mesh = extract_mesh(lambda x: sign * (x.norm(dim=1) - 0.4), (-1, 1), 24)
    np.testing.assert_allclose(mean_curvature(mesh), sign / 0.4, rtol=1e-4)


def test_a_torus_varies_with_the_distance_to_its_axis():
    def torus(x):
        return torch.hypot(torch.hypot(x[:, 0], x[:, 1]) - 0.6, x[:, 2]) - 0.25

    mesh = extract_mesh(torus, (-1, 1), 64)
    rho = np.hypot(*mesh.vertices[:, :2].T)
    expected = (1 / 0.25 + (rho - 0.6) / 0.25 / rho) / 2
    error = np.abs(mean_curvature(mesh) - expected)  # expected: 0.58 to 2.59
    assert error.mean() < 0.02 and error.max() < 0.2


def test_a_plane_has_none_and_an_empty_mesh_no_vertices():
    square = Mesh(
        np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]), np.array([[0, 1, 2], [1, 3, 2]])
    )
    np.testing.assert_allclose(mean_curvature(square), 0, atol=1e-12)
    assert mean_curvature(Mesh.empty()).shape == (0,)
