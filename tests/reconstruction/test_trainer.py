"""The reconstruction trainer: shapes that are known, resuming, budgets, refusals."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.data import PointCloud
from levelset_core.geometry import components, remove_small_components
from levelset_core.random import numpy_generator
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.runs.checkpoints import load_checkpoint, save_checkpoint

SMALL = {"depth": 3, "width": 32, "octaves": 3, "data_batch": 256, "projected": 256, "near": 256}


def ball(n: int = 1500, radius: float = 2.0, noise: float = 0.0) -> PointCloud:
    rng = numpy_generator(0)
    points = rng.normal(size=(n, 3))
    points *= radius / np.linalg.norm(points, axis=1, keepdims=True)
    return PointCloud(points + noise * rng.normal(size=(n, 3)) + [5.0, 0.0, -3.0])


def circle(n: int = 200) -> PointCloud:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return PointCloud(np.stack([3 * np.cos(angle), 2 * np.sin(angle)], axis=1))


def small(cloud: PointCloud, *, threads: int = 1, preset: str = "quick", **changes):
    sizes = SMALL if preset == "quick" else {}
    settings = {"seconds": None, "steps": 40, "resolution": 48, **sizes, **changes}
    config = ReconstructionConfig.preset(preset, **settings)
    return ReconstructionTrainer(config, cloud, threads=threads)


def state(trainer) -> list[torch.Tensor]:
    return [*trainer.network.state_dict().values(), trainer.samples, trainer.generator.get_state()]


def test_a_ball_comes_out_in_the_clouds_own_units():
    trainer = small(ball(noise=0.01), steps=200)
    snapshots = list(trainer)
    assert [s.step for s in snapshots] == list(range(1, 201))
    assert [s.warm for s in snapshots] == [k < 24 for k in range(200)]
    mesh = remove_small_components(trainer.extract_mesh())
    assert len(components(mesh)) == 1
    radii = np.linalg.norm(mesh.vertices - [5.0, 0.0, -3.0], axis=1)
    assert abs(radii.mean() - 2) < 0.01 and np.abs(radii - 2).max() < 0.1
    last = snapshots[-1]
    assert last.fraction == 1.0 and last.data < 0.01 and last.converged > 0.5
    further = trainer.extract_mesh(level=0.3)
    assert abs(np.linalg.norm(further.vertices - [5.0, 0.0, -3.0], axis=1).mean() - 2.3) < 0.1


def test_the_prior_shows_itself_in_the_clouds_units():
    seen = []
    config = ReconstructionConfig.preset("quick", seconds=None, steps=1, **SMALL)
    ReconstructionTrainer(config, ball(), threads=1, look=seen.append)
    assert len(seen) == 2
    for mesh in seen:
        radii = np.linalg.norm(mesh.vertices - [5.0, 0.0, -3.0], axis=1)
        assert np.abs(radii - 2).max() < 0.3


def test_an_ellipse_in_the_plane_is_one_closed_line():
    trainer = small(circle(), preset="curve2d", steps=300, width=32, resolution=96)
    list(trainer)
    (line,) = trainer.extract_curve().polylines
    assert line.closed
    off = (line.points / [3, 2]) ** 2
    assert np.abs(np.sqrt(off.sum(1)) - 1).max() < 0.03


@pytest.mark.parametrize("at", [2, 12])
def test_a_resumed_run_is_the_same_bit_for_bit(at, tmp_path):
    whole = small(ball(), steps=25)
    rows = list(whole)
    first = small(ball(), steps=25)
    list(islice(first, at))
    save_checkpoint(tmp_path / "c.safetensors", first.checkpoint())
    first.extract_mesh(24)  # looking changes nothing
    list(islice(first, 2))  # nor does going on
    second = small(ball(), steps=25)
    second.restore(load_checkpoint(tmp_path / "c.safetensors"))
    rest = list(second)
    assert all(torch.equal(a, b) for a, b in zip(state(whole), state(second), strict=True))
    assert [s.loss for s in rest] == [s.loss for s in rows[at:]]


def test_threads_do_not_change_the_result():
    one, two = (small(ball(), steps=12, threads=threads, data_batch=700) for threads in (1, 2))
    list(one), list(two)
    assert all(torch.equal(a, b) for a, b in zip(state(one), state(two), strict=True))


def test_seconds_are_kept_and_leave_room_for_the_mesh():
    trainer = small(ball(), steps=None, seconds=3.0)
    steps = sum(1 for _ in trainer)
    assert steps >= 1
    assert trainer.budget.reserve > 0
    assert trainer.fraction == 1.0


def test_a_short_training_begins_warm_however_long_preparing_took():
    trainer = small(ball(), steps=None, seconds=2.0)
    trainer.budget.spent = trainer.budget.prepared = 1.9
    assert next(trainer).warm


def test_normals_are_used_only_if_asked():
    plain = ball()
    centred = plain.points - [5.0, 0.0, -3.0]
    cloud = PointCloud(plain.points, centred / 2)
    with_them, without = small(cloud, normals_weight=1.0, steps=3), small(cloud, steps=3)
    assert with_them.normals is not None and without.normals is None
    bare = small(plain, steps=3)
    assert [s.loss for s in without] == [s.loss for s in bare]
    assert [s.loss for s in with_them] != [s.loss for s in without]


def test_the_papers_steps_project_anew():
    trainer = small(ball(), preset="paper", width=32, depth=3, data_batch=200, projected=100,
                    near=100, steps=3)  # fmt: skip
    snapshots = list(trainer)
    assert all(not s.warm and s.projected is not None and s.near is not None for s in snapshots)


def test_what_it_refuses():
    with pytest.raises(LevelsetError, match="neither a surface nor a curve"):
        small(circle(), preset="quick", outputs=2, near=0)
    flat = ball()
    with pytest.raises(LevelsetError, match="in one plane"):
        small(PointCloud(flat.points * [1, 1, 0]))
    for changes, message in (
        ({"width": 3}, "width must be"),
        ({"activation": "step"}, "Unknown activation"),
        ({"steps": None, "seconds": None}, "steps or of seconds"),
        ({"near": 10, "outputs": 2}, "near must be 0"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"speed": 1}, "Unknown setting 'speed'"),
    ):
        with pytest.raises(LevelsetError, match=message):
            ReconstructionConfig.preset("quick", **changes)
    with pytest.raises(LevelsetError, match="Unknown preset"):
        ReconstructionConfig.preset("best")
    config = ReconstructionConfig.preset("paper")
    assert ReconstructionConfig.from_dict(config.to_dict()) == config
