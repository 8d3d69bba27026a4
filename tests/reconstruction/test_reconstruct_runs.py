"""The kinds ``reconstruct`` and ``curve``, in processes of their own."""

import json
import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from levelset_core.data import PointCloud, read_geometry
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, soundness
from levelset_core.random import numpy_generator
from levelset_core.reconstruction import ReconstructionTrainer, budget
from levelset_core.reconstruction.boundary import trimmed
from levelset_core.reconstruction.budget import PLAN
from levelset_core.reconstruction.shapes import cloud_bytes, read_field, read_shape
from levelset_core.runs import get_kind, summary, work_here
from tests.runs.support import wait, wait_for_state

SMALL = {
    "depth": 2, "width": 16, "octaves": 2, "data_batch": 128, "projected": 128, "near": 128,
    "resolution": 24,
}  # fmt: skip
CURVE = {**SMALL, "outputs": 2, "near": 0, "octaves": 0, "warm_share": 0.0, "outliers": False}
SAME = ("mesh.ply", "curve.csv", "network.safetensors", "field.npz", "errors.npz")


def sphere(count=400, radius=3.0):
    x = numpy_generator(0).normal(size=(count, 3))
    return PointCloud(radius * x / np.linalg.norm(x, axis=1, keepdims=True) + 10.0)


def circle(count=80):
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return PointCloud(np.stack([np.cos(t), np.sin(t), 0.2 * np.sin(2 * t)], axis=1))


def create(store, kind="reconstruct", config=SMALL, cloud=None, **options):
    data = cloud_bytes(cloud or (sphere() if kind == "reconstruct" else circle()))
    return store.create(
        kind, {"config": config}, device="cpu", inputs={"cloud.npz": data}, **options
    )


def results(run):
    """What must be equal bit for bit."""
    files = {name: run.artifacts / name for name in SAME}
    found = {name: path.read_bytes() for name, path in files.items() if path.exists()}
    return found | {"metrics": (run.path / "metrics.jsonl").read_bytes()}


def kill_in_the_middle(store, run, step):
    store.submit(run)
    wait(lambda: run.checkpoint_file.exists() and run.status().step >= step, "some steps")
    os.kill(run.status().pid, signal.SIGKILL)
    assert wait_for_state(run, "interrupted").step >= step


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "config"), [("reconstruct", SMALL), ("curve", CURVE)])
def test_killed_and_resumed_it_ends_like_one_that_was_not(store, monkeypatch, kind, config):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")
    whole, cut = (create(store, kind, config, steps=400, seed=3) for _ in range(2))
    assert work_here(store, whole).state == "done"
    kill_in_the_middle(store, cut, 40)
    store.submit(cut)
    assert wait_for_state(cut, "done", "failed").state == "done"
    assert results(cut) == results(whole)
    assert len(results(cut)) >= 4


def test_an_open_surface_can_be_trimmed_anew(store):
    cloud = sphere(3000)
    half = cloud.select(cloud.points[:, 2] > 10.0)
    half = replace(half, colours=np.where(half.points[:, :1] > 10, [[255, 0, 0]], [[0, 0, 255]]))
    config = {**SMALL, "resolution": 40, "surface": "open", "warm_share": 0.6}
    run = create(store, config=config, cloud=half, steps=60)
    assert work_here(store, run).state == "done"
    shape = read_shape(run.artifacts / "shape.npz")
    assert soundness(shape.whole).watertight and len(shape.away) == len(shape.whole.vertices)
    assert not soundness(shape.meshes[0]).watertight
    assert shape.sheet is shape.whole and shape.whole.colours is not None
    most = np.nextafter(np.float32(run.config.settings["config"]["trim"]), np.float32(9))
    again = trimmed(shape.whole, shape.away, float(most))
    assert len(again.faces) == run.result()["faces"] and again.colours is not None
    assert trimmed(shape.whole, shape.away, np.inf) is shape.whole
    errors = np.load(run.artifacts / "errors.npz")
    assert len(errors["curvature"]) == len(shape.whole.vertices)


def test_a_closed_surface_knows_its_distance_to_the_data(store):
    run = create(store, config={**SMALL, "warm_share": 0.6}, steps=40)
    assert work_here(store, run).state == "done"
    shape = read_shape(run.artifacts / "shape.npz")
    assert shape.whole is None and len(shape.away) == len(shape.meshes[0].vertices)


def test_seconds_become_steps_once_and_for_all(store, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")
    cut = create(store, seconds=3.0, seed=3)
    kill_in_the_middle(store, cut, 5)
    planned = (cut.path / PLAN).read_text()
    store.submit(cut)
    assert wait_for_state(cut, "done", "failed").state == "done"
    assert (cut.path / PLAN).read_text() == planned
    counted = create(store, steps=json.loads(planned)["steps"], seed=3)
    work_here(store, counted)
    assert results(counted) == results(cut)


def test_a_slow_extraction_does_not_starve_the_training(store, monkeypatch):
    def slow(*_, **__):
        time.sleep(2.0)
        return Mesh.empty()

    monkeypatch.setattr(ReconstructionTrainer, "extract_mesh", slow)
    run = create(store, seconds=2.0)
    get_kind("reconstruct").build(run)
    planned = json.loads((run.path / PLAN).read_text())
    assert 0.7 * 2.0 < planned["steps"] * planned["seconds_per_step"] < 2.0


def test_too_few_steps_are_told(store, monkeypatch):
    monkeypatch.setattr(budget, "_step_seconds", lambda *_: 0.1)  # as on a busy machine
    run = create(store, seconds=2.0)
    status = work_here(store, run)
    assert (status.state, status.step) == ("done", 16)
    assert status.message == run.result()["note"] == summary(run)["message"]
    assert status.message.startswith("Only 16 steps fitted into 2 s")
    counted = create(store, steps=16)
    assert work_here(store, counted).message == "" and "note" not in counted.result()


def test_what_a_surface_leaves_behind(store):
    run = create(store, steps=300, seed=1)
    assert work_here(store, run).state == "done"
    mesh = read_geometry(run.artifacts / "mesh.ply")
    radius = np.linalg.norm(mesh.vertices - 10.0, axis=1)
    assert np.abs(radius - 3.0).max() < 0.3  # in the cloud's units
    shape = read_shape(run.artifacts / "shape.npz")
    assert len(shape.meshes[0].vertices) == len(mesh.vertices)
    assert np.allclose(np.ptp(shape.meshes[0].vertices, 0), np.ptp(mesh.vertices, 0), atol=1e-5)
    assert read_shape(run.artifacts / "preview.npz").meshes[0].vertices.size
    field = read_field(run.artifacts / "field.npz")
    assert field.values.shape[0] == 1 and (field.low < 7).all() and (field.high > 13).all()
    centre = tuple(n // 2 for n in field.values.shape[1:])
    assert field.values[0][centre] < 0 < field.values[0][0, 0, 0]
    result = run.result()
    assert result["components"] == 1 and result["steps"] == 300
    assert result["faces"] == len(mesh.faces)
    assert result["seconds"] == run.status().seconds > 0  # one truth wherever it is shown
    assert result["comparison"]["point_to_surface"] < 0.2
    rows = run.metrics()
    assert [row["step"] for row in rows[:3]] == [1, 2, 3] and 0 <= rows[-1]["converged"] <= 1


def test_the_snippet_gives_the_same_f(store, capsys):
    run = create(store, steps=20)
    work_here(store, run)
    weights = load_file(run.artifacts / "network.safetensors")
    assert all(torch.isfinite(w).all() for w in weights.values())
    space: dict = {}
    before = os.getcwd()
    os.chdir(run.artifacts)
    try:
        exec((run.artifacts / "network.py").read_text(), space)
    finally:
        os.chdir(before)
    field = read_field(run.artifacts / "field.npz")
    values = field.values[0]
    share = np.random.default_rng(0).uniform(0.25, 0.75, size=(50, 3))  # in the box of the training
    nodes = np.round(share * (np.array(values.shape) - 1)).astype(int)
    places = field.low + nodes / (np.array(values.shape) - 1) * (field.high - field.low)
    found = space["F"](torch.from_numpy(places).float())
    expected = torch.from_numpy(values[tuple(nodes.T)])
    assert torch.allclose(found.flatten(), expected, atol=1e-3)


def test_settings_and_inputs_that_do_not_fit(store):
    with pytest.raises(LevelsetError, match="Unknown setting 'speed'"):
        create(store, config={"speed": 3}, steps=5)
    with pytest.raises(LevelsetError, match="2 outputs"):
        create(store, config=CURVE, steps=5)
    run = create(store, steps=5, cloud=PointCloud(np.arange(60.0).reshape(20, 3)))
    assert "one line" in work_here(store, run).message
    run = create(store, steps=5)
    (run.inputs / "cloud.npz").write_bytes(b"PK no")
    assert work_here(store, run).message == "cloud.npz is damaged and cannot be read."


def test_a_run_from_before_the_side_term_goes_on_without_it(store):
    run = create(store, steps=5)
    assert get_kind("reconstruct").build(run).config.side_weight > 0
    written = json.loads((run.path / "config.json").read_text())
    del written["settings"]["config"]["side_weight"]
    (run.path / "config.json").write_text(json.dumps(written))
    assert get_kind("reconstruct").build(store.get(run.id)).config.side_weight == 0
