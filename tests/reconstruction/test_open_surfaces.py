"""An open cloud becomes an open surface with one rim, a closed one is closed and tells its hole."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.data import PointCloud
from levelset_core.geometry import boundary_loops, components, distance_to, extract_mesh, soundness
from levelset_core.geometry.trimming import trim
from levelset_core.random import numpy_generator
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.reconstruction.boundary import at_data
from levelset_core.reconstruction.solid import Solid
from tests.reconstruction.zoo import box


def half_cylinder() -> np.ndarray:
    rng = numpy_generator(0)
    t, h = rng.uniform(0, np.pi, 2500), rng.uniform(0, 2, 2500)
    points = np.stack([np.cos(t), np.sin(t), h], axis=1)
    return 10 * points + 0.02 * rng.normal(size=points.shape)


def trained(points: np.ndarray, steps: int = 60, **changes: object) -> ReconstructionTrainer:
    config = ReconstructionConfig.preset(
        "quick", steps=steps, seconds=None, resolution=64, width=64, depth=3, octaves=3, **changes
    )
    device = torch.device("cpu")
    trainer = ReconstructionTrainer(config, PointCloud(points), device=device, threads=1)
    for _ in trainer:
        pass
    return trainer


def test_half_a_cylinder_is_a_sheet():
    points = half_cylinder()
    trainer = trained(points)
    assert trainer.prepared.survey.kind == "open" and trainer.prepared.open
    # Outside is where its sides bulge to: F starts from a sphere.
    axis = torch.from_numpy(trainer.normalization.apply(np.array([[0.0, 3.0, 10.0]]))).float()
    assert trainer.prior.sides.inside(axis).all() and trainer.network(axis) < 0
    solid = trainer.extract_solid()
    sound = soundness(solid.mesh)
    assert sound.euler == 1 and sound.shared_edges == 0
    assert len(boundary_loops(solid.mesh)) == 1
    assert solid.trimmed and "1 rim" in " ".join(solid.told)
    assert np.quantile(distance_to(points, solid.mesh), 0.95) < 0.6
    assert solid.mesh.area == pytest.approx(10 * np.pi * 20, rel=0.25)


def test_closed_or_open_is_the_persons_choice():
    rng = numpy_generator(0)
    points = rng.normal(size=(2500, 3))
    points *= 5 / np.linalg.norm(points, axis=1, keepdims=True)
    holed = points[np.linalg.norm(points - [0, 0, 5], axis=1) > 2]
    solid = trained(holed).extract_solid()
    assert soundness(solid.mesh).watertight and not solid.trimmed
    assert len(solid.empty) == 1 and "1 hole of the data closed" in " ".join(solid.told)
    np.testing.assert_allclose(solid.empty[0].center, [0, 0, 4.8], atol=0.7)
    assert solid.whole is solid.mesh and len(solid.away) == len(solid.mesh.vertices)
    off = np.linalg.norm(solid.mesh.vertices - [0, 0, 5], axis=1)
    assert solid.away[off < 1].min() > 1.5 and np.median(solid.away[off > 3]) < 0.8
    opened = trained(holed, surface="open").extract_solid()
    assert opened.trimmed and len(boundary_loops(opened.mesh)) == 1
    assert soundness(opened.whole).watertight  # to trim it anew, live
    areas = [trim(opened.whole, opened.away, most).area for most in (1.2, 1.5, 3.0, 1e9)]
    assert areas == sorted(areas) and areas[1] == pytest.approx(opened.mesh.area, rel=1e-3)
    assert areas[-1] == pytest.approx(opened.whole.area)


def between_sheets(gap: float) -> tuple[Solid, np.ndarray]:
    """Points of two parallel squares, and the box that a level set makes of them."""
    rng = numpy_generator(0)
    points = np.column_stack([rng.uniform(-0.5, 0.5, (4000, 2)), rng.choice([-gap, gap], 4000) / 2])
    mesh = extract_mesh(box((0.5, 0.5, gap / 2)), (-0.7, 0.7), 192)
    return Solid(mesh, (), (), 0, 1, 0.0), points


@pytest.mark.parametrize("gap", [0.1, 0.2])  # 4.5 and 9 spacings
def test_sheets_near_each_other_keep_their_rims(gap):
    solid, points = between_sheets(gap)
    found = at_data(solid, points, 1.5, open=True)
    assert len(components(found.mesh)) == 2 and len(boundary_loops(found.mesh)) == 2
    assert found.mesh.area == pytest.approx(2, rel=0.08) and found.genus == 0
    assert "2 rims" in " ".join(found.told) and "Doubtful" not in " ".join(found.told)
    assert at_data(solid, points, 1.5, open=False).mesh is solid.mesh


def test_sheets_too_near_are_not_called_open():
    solid, points = between_sheets(0.02)
    told = " ".join(at_data(solid, points, 1.5, open=True).told)
    assert "no rim was found" in told and "0 rims" not in told
