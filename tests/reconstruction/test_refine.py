"""Local features take F to the points, not to their noise, and not into the training."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from levelset_core.data import PointCloud, thinned
from levelset_core.geometry import soundness
from levelset_core.networks import ImplicitMLP
from levelset_core.random import numpy_generator, torch_generator
from levelset_core.reconstruction.refine import local_features
from tests.reconstruction.test_trainer import ball, small, state

RADIUS = 0.7


class Sphere(ImplicitMLP):
    """|x| - r: a shape whose points F does not know."""

    def forward(self, x):
        value = torch.linalg.vector_norm(x, dim=1) - RADIUS
        return value if self.local is None else value - self.local(x)

    def value_and_jacobian(self, x):
        value, jacobian = self(x), x / torch.linalg.vector_norm(x, dim=1, keepdim=True)
        if self.local is not None:
            jacobian = jacobian - self.local.value_and_gradient(x)[1]
        return value, jacobian


def on_a_wavy_sphere(n: int, noise: float) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Points with noise, without it, and their spacing."""
    generator = torch_generator(0)
    x = torch.randn(n, 3, generator=generator)
    x = x / torch.linalg.vector_norm(x, dim=1, keepdim=True)
    radius = RADIUS + 0.01 * torch.sin(6 * x[:, :1])
    off = noise * torch.randn(n, 1, generator=generator)
    return x * (radius + off), x * radius, RADIUS * float(np.sqrt(4 * np.pi / n))


def test_f_is_taken_to_the_points():
    points, _, spacing = on_a_wavy_sphere(10_000, 0.0)
    f = Sphere(3, (4,))
    before = f(points).abs().mean()
    f.local = local_features(f, points, spacing, 0.0)
    assert f(points).abs().mean() < 0.05 * before
    far = torch.tensor([[0.0, 0.0, 0.1], [1.0, 0.0, 0.0]])
    assert torch.allclose(f(far), torch.tensor([0.1 - RADIUS, 1.0 - RADIUS]))


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_noise_is_averaged_not_followed(share):
    spacing = on_a_wavy_sphere(10_000, 0.0)[2]
    noise = share * spacing
    points, truth, _ = on_a_wavy_sphere(10_000, noise)
    f = Sphere(3, (4,))
    f.local = local_features(f, points, spacing, noise)
    assert f(truth).abs().mean() < 0.75 * noise * np.sqrt(2 / np.pi)


def test_points_far_from_the_level_set_pull_nothing():
    points, _, spacing = on_a_wavy_sphere(4000, 0.0)
    stray = 0.01 * torch.randn(20, 3, generator=torch_generator(1))
    stray += torch.tensor([0.0, 0.0, 0.2])
    f = Sphere(3, (4,))
    f.local = local_features(f, torch.cat([points, stray]), spacing, 0.0)
    assert torch.allclose(f(stray), torch.linalg.vector_norm(stray, dim=1) - RADIUS, atol=1e-3)


def test_the_surface_is_nearer_to_its_points():
    off = {}
    for refine in (False, True):
        trainer = small(ball(3000, noise=0.005), steps=60, refine=refine)
        list(trainer)
        mesh = trainer.extract_solid().mesh
        assert soundness(mesh).watertight and soundness(mesh).euler == 2
        off[refine] = np.abs(np.linalg.norm(mesh.vertices - [5.0, 0.0, -3.0], axis=1) - 2).mean()
    assert off[True] < 0.7 * off[False]


def test_all_points_of_a_thinned_cloud_average_out_their_noise():
    rng = numpy_generator(1)
    stray = 1e6 * rng.normal(size=(1, 3))  # far away, and no reason for a large table
    many = ball(12_000, noise=0.03)
    whole = thinned(PointCloud(np.concatenate([many.points, stray])), 2000, keep=True)
    assert len(whole) <= 2000 < len(whole.whole)
    part = thinned(many, 2000)
    off = []
    for cloud in (part, replace(part, whole=whole.whole)):
        trainer = small(cloud, steps=60)
        list(trainer)
        mesh = trainer.extract_solid().mesh
        assert soundness(mesh).watertight
        off.append(np.abs(np.linalg.norm(mesh.vertices - [5.0, 0.0, -3.0], axis=1) - 2).mean())
    assert off[1] < 0.95 * off[0]


def test_a_look_in_between_changes_no_weight():
    whole, looked = small(ball(), steps=20), small(ball(), steps=20)
    list(whole)
    list(islice(looked, 8))
    looked.extract_solid()
    assert looked.network.local is not None
    saved = looked.checkpoint()
    assert not any(name.startswith("local.") for name in saved["network"])
    looked.restore(saved)
    list(looked)
    assert all(torch.equal(a, b) for a, b in zip(state(whole), state(looked), strict=True))


def test_the_papers_preset_has_none():
    trainer = small(ball(), preset="paper", steps=2, width=16, depth=2, data_batch=64,
                    projected=64, near=64, resolution=24)  # fmt: skip
    list(trainer)
    trainer.refine()
    assert trainer.network.local is None


def test_sparse_points_are_followed_from_one_to_the_next():
    points, truth, spacing = on_a_wavy_sphere(20_000, 0.0)
    seen = torch.rand(len(points), generator=torch_generator(5)) < 1 / 60
    sparse = points[:, 0] > 0
    few, hidden = points[~sparse | seen], truth[sparse]
    between = RADIUS * hidden[::3] / torch.linalg.vector_norm(hidden[::3], dim=1, keepdim=True)
    off = []
    for options in ({}, {"between": between, "sparse": spacing * 60**0.5}):
        f = Sphere(3, (4,))
        f.local = local_features(f, few, spacing, 0.0, **options)
        off.append(float(f(hidden).abs().mean()))
        assert f(truth[~sparse]).abs().mean() < 1e-3 * RADIUS
    assert off[1] < 0.3 * off[0]
