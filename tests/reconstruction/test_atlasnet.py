"""AtlasNet on a cloud: its loss by brute force, its fit of a sphere, its settings."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.data import PointCloud
from levelset_core.errors import LevelsetError
from levelset_core.reconstruction import ATLASES, AtlasNetConfig, AtlasNetTrainer


@pytest.fixture
def cloud() -> PointCloud:
    x = np.random.default_rng(0).normal(size=(1500, 3))
    return PointCloud(2 * x / np.linalg.norm(x, axis=1, keepdims=True) + [5.0, 0.0, -1.0])


def config(**changes) -> AtlasNetConfig:
    return AtlasNetConfig(**{"patches": 4, "width": 32, "batch": 400, **changes})


def test_the_loss_is_the_chamfer_distance(cloud):
    trainer = AtlasNetTrainer(config(steps=1), cloud, device=torch.device("cpu"))
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    batch = trainer.points[:70]
    to_cloud, from_cloud = trainer._chamfer(x, batch)
    torch.testing.assert_close(to_cloud, torch.cdist(x, trainer.points).amin(1).square().mean())
    torch.testing.assert_close(from_cloud, torch.cdist(x, batch).amin(0).square().mean())
    (to_cloud + from_cloud).backward()
    assert x.grad is not None and x.grad.abs().sum() > 0


def test_it_fits_a_sphere_in_the_clouds_own_units(cloud):
    trainer = AtlasNetTrainer(config(steps=150, template="sphere", patches=1), cloud)
    snapshots = list(trainer)
    assert [snapshot.step for snapshot in snapshots] == list(range(1, 151))
    assert snapshots[-1].fraction == 1.0
    assert snapshots[-1].loss < 0.05 * snapshots[0].loss
    last = snapshots[-1]
    assert last.loss == pytest.approx(last.to_cloud + last.from_cloud, rel=1e-5)
    mesh = trainer.extract_mesh(2000)
    radius = np.linalg.norm(mesh.vertices - [5.0, 0.0, -1.0], axis=1)
    assert np.median(np.abs(radius - 2)) < 0.15


def test_patches_stay_apart_in_the_mesh(cloud):
    trainer = AtlasNetTrainer(config(steps=1), cloud)
    mesh = trainer.extract_mesh(800)
    assert len(mesh.faces) == 4 * 200
    each = len(mesh.vertices) // 4
    assert (mesh.faces // each == (mesh.faces // each)[:, :1]).all()


def test_the_seed_decides_the_result(cloud):
    def weights(seed: int) -> torch.Tensor:
        trainer = AtlasNetTrainer(config(steps=3, seed=seed), cloud)
        for _ in trainer:
            pass
        return trainer.network.weights[0].detach()

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_a_budget_of_seconds_ends(cloud):
    steps = sum(1 for _ in AtlasNetTrainer(config(seconds=0.3), cloud))
    assert steps >= 1


def test_rows_of_table_2():
    assert AtlasNetConfig.row("atlasnet-1-sphere", seed=3).template == "sphere"
    assert AtlasNetConfig.row("atlasnet-1-sphere").seconds == 60
    assert AtlasNetConfig.row("atlasnet-1-sphere", steps=3).seconds is None
    assert [AtlasNetConfig.row(name).patches for name in ATLASES] == [1, 1, 25]


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: AtlasNetConfig(), "steps or of seconds"),
        (lambda: AtlasNetConfig(steps=0), "steps must be positive, got 0"),
        (lambda: AtlasNetConfig(steps=1, learning_rate=float("nan")), "got nan"),
        (lambda: AtlasNetConfig.row("atlasnet-2"), "'atlasnet-2'"),
        (
            lambda: AtlasNetTrainer(AtlasNetConfig(steps=1), PointCloud(np.eye(20, 3) * [1, 1, 0])),
            "one plane",
        ),
    ],
)
def test_impossible_requests(call, what):
    with pytest.raises(LevelsetError, match=what):
        call()
