"""Runs that attack and measure classifiers: resumed, extended, and found again as cells."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from levelset_core import LevelsetError
from levelset_core.attacks import AttackConfig, evaluate_attack, paper_attack
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.data.images import load_images
from levelset_core.robustness.cells import all_cells, attack_command, start_cells
from levelset_core.robustness.kinds.distances import DISTANCES
from levelset_core.robustness.measurements import measurements, newest, start_measurement
from levelset_core.robustness.models import known_models
from levelset_core.runs import RunStore, work_here
from levelset_core.runs.files import read_arrays
from tests.digits import save_small, small_network

ATTACK = AttackConfig(epsilon=0.06, step=0.02, steps=3)
FIGURES = {
    "clean_accuracy": 0.9, "robust_accuracy": 0.4, "images": 50, "seed": 0, "seconds": 2.0,
    "attack": "pgd-margin", "epsilon": 0.3, "step": 0.01, "steps": 40, "restarts": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def bundled(tmp_path_factory):
    """Two networks, as bundled ones."""
    folder = tmp_path_factory.mktemp("checkpoints")
    save_small(folder / "a.safetensors", small_network(), figures=FIGURES)
    save_small(
        folder / "b.safetensors", make_classifier("convnet4a", (1, 28, 28), 10, seed=1),
        method="madry", settings={"epsilon": 0.32},
    )  # fmt: skip
    return folder


@pytest.fixture
def models(bundled, store, monkeypatch):
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", bundled)
    monkeypatch.setenv("LEVELSET_DEVICE", "cpu")
    monkeypatch.setattr("levelset_core.attacks.evaluation.BATCH", {"cpu": 16})
    monkeypatch.setattr(RunStore, "submit", lambda self, run: None)  # by hand, here
    return known_models(store)


def test_an_attack_is_what_the_command_line_measures(store, models):
    run = start_cells(store, models[0], [ATTACK], data="mnist_excerpt", images=60, seed=3)
    queued = [c for c in all_cells(store, models) if c.run_id == run.id]
    assert [(c.state, c.images, c.wanted) for c in queued] == [("stopped", 0, 60)]
    assert work_here(store, run).state == "done"
    data = load_images("mnist_excerpt", "test").first(60)
    direct = evaluate_attack(models[0].load().network, data, ATTACK, seed=3)
    assert 0 < direct.standing < 60 * direct.clean_accuracy
    cell, clean = (c for c in all_cells(store, models) if c.run_id == run.id)
    assert (cell.standing, cell.images, cell.state, cell.seed) == (direct.standing, 60, "done", 3)
    assert clean.attack.attack == "clean" and clean.accuracy == direct.clean_accuracy
    low, high = cell.interval
    assert (
        low < cell.accuracy < high and cell.machine and cell.date and "excerpt" not in cell.source
    )
    command = attack_command("m.safetensors", cell.data, cell.attack, cell.images, cell.seed)
    assert command.endswith(
        "attack m.safetensors --data mnist_excerpt --attack pgd-margin --eps 0.06 --step 0.02 "
        "--steps 3 --restarts 1 --limit 60 --seed 3 --json"
    )


def test_cut_off_and_resumed(store, models, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0")
    attacks = [ATTACK, replace(ATTACK, attack="pgd-xent")]
    whole = start_cells(store, models[0], attacks, data="mnist_excerpt", images=60)
    work_here(store, whole)
    cut = start_cells(store, models[0], attacks, data="mnist_excerpt", images=60)
    steps = whole.status().steps
    assert steps == whole.status().step >= 4
    seen = []

    def after_two(status):
        seen.append(status)

    monkeypatch.setattr("levelset_core.runs.execution.HEARTBEAT", 0.0)
    original = type(cut).cancel_requested
    count = iter(range(10_000))
    monkeypatch.setattr(type(cut), "cancel_requested", property(lambda self: next(count) >= 2))
    assert work_here(store, cut, tell=after_two).state == "cancelled"
    cells = json.loads((cut.artifacts / "cells.json").read_text())["cells"]
    assert 0 < cut.status().step < steps and not cells[-1]["done"]
    active = [c for c in all_cells(store, models) if c.run_id == cut.id]
    assert {c.state for c in active} <= {"stopped", "done"} and active[0].images > 0
    monkeypatch.setattr(type(cut), "cancel_requested", original)
    assert work_here(store, cut).state == "done"
    keys = ("standing", "robust_accuracy", "clean_accuracy", "interval")
    a, b = (run.result()["cells"] for run in (whole, cut))
    assert [[c[k] for k in keys] for c in a] == [[c[k] for k in keys] for c in b]


def test_a_cell_is_extended_by_more_images(store, models):
    first = start_cells(store, models[0], [ATTACK], data="mnist_excerpt", images=40)
    assert not (first.inputs / "earlier.safetensors").exists()
    work_here(store, first)
    for other in (
        start_cells(store, models[0], [ATTACK], data="mnist_excerpt", images=80, seed=1),
        start_cells(store, models[1], [ATTACK], data="mnist_excerpt", images=80),
        start_cells(
            store, models[0], [paper_attack("pgd-xent", 1)], data="mnist_excerpt", images=80
        ),
    ):
        assert not (other.inputs / "earlier.safetensors").exists()
    more = start_cells(store, models[0], [ATTACK], data="mnist_excerpt", images=80)
    assert (more.inputs / "earlier.safetensors").exists()
    work_here(store, more)
    data = load_images("mnist_excerpt", "test").first(80)
    direct = evaluate_attack(models[0].load().network, data, ATTACK)
    assert more.result()["cells"][0]["standing"] == direct.standing


def test_the_same_work_is_not_queued_twice(store, models, monkeypatch):
    def queued(self, run):
        run.write_status(replace(run.status(), state="queued"))

    monkeypatch.setattr(RunStore, "submit", queued)
    common = {"data": "mnist_excerpt", "images": 20}
    for _ in range(2):
        start_cells(store, models[0], [ATTACK], **common)
        start_measurement(store, "distances", models[:1], **common)
    assert sorted(run.config.kind for run in store.runs()) == ["attack", "distances"]
    start_cells(store, models[0], [ATTACK], **common, seed=1)
    start_measurement(store, "distances", models[1:], **common)
    assert len(store.runs()) == 4


def test_figures_of_a_card(store, models):
    cells = [c for c in all_cells(store, models) if c.state == "card"]
    assert [(c.attack.attack, c.standing, c.images) for c in cells] == [
        ("pgd-margin", 20, 50), ("clean", 45, 50)
    ]  # fmt: skip


def test_masking_black_box_and_distances(store, models):
    attack = replace(ATTACK, steps=2)
    common = {"data": "mnist_excerpt", "images": 12, "attack": attack}
    masking = start_measurement(store, "masking", models, **common)
    assert work_here(store, masking).state == "done"
    found = masking.result()["masking"]
    assert found["verdict"] and found["black_box"].keys() == {models[1].title}
    assert set(found["by_steps"]) == {"1", "2"}

    transfer = start_measurement(store, "transfer", models, **common)
    assert work_here(store, transfer).state == "done"
    matrix = transfer.result()["matrix"]
    assert np.shape(matrix["pgd-xent"]) == np.shape(matrix["pgd-margin"]) == (2, 2)
    white = found["white_box"]
    # Both on itself, from another start.
    assert abs(matrix["pgd-margin"][0][0] - white) <= 2 / common["images"]
    assert matrix["pgd-margin"][0][1] == found["black_box"][models[1].title]

    distances = start_measurement(store, "distances", models[:1], **common)
    assert work_here(store, distances).state == "done"
    arrays = read_arrays(distances.artifacts / DISTANCES)
    right = arrays["right"].astype(bool)
    assert len(right) == 12 and right.any()
    assert (arrays["attack_linf"][right] <= arrays["attack_l2"][right] + 1e-6).all()

    assert newest(measurements(store, "masking", models[:1], data="mnist_excerpt", attack=attack))[
        0
    ]
    for some in (models[::-1], models[1:]):  # the matrix of all has theirs
        (run,) = measurements(store, "transfer", some, data="mnist")  # begins with the excerpt
        assert run.id == transfer.id
    stranger = replace(models[0], digest="other")
    assert not measurements(store, "transfer", [*models, stranger], data="mnist_excerpt")
    assert not measurements(store, "distances", models[1:], data="mnist_excerpt")


def test_steps_computed_in_different_ways_are_equal_and_short():
    attack = paper_attack("pgd-margin", 1, 0.35)
    assert attack == AttackConfig(epsilon=0.35, step=0.01 * 0.35 / 0.3)
    assert attack == replace(attack, step=0.011666666666666665)
    assert "--step 0.011666667 " in attack_command("m.safetensors", "mnist", attack, 10, 0)


def test_bad_settings_are_one_sentence(store, models):
    with pytest.raises(LevelsetError, match="no attack to do"):
        store.create("attack", {"cells": []})
    with pytest.raises(LevelsetError, match="A setting of an attack is unknown"):
        store.create("attack", {"cells": [{"power": 9}]})
    with pytest.raises(LevelsetError, match="unknown: 'colour'"):
        store.create("attack", {"cells": [{}], "colour": 1})
    with pytest.raises(LevelsetError, match="images must be of type int"):
        store.create("masking", {"models": [{}], "images": "many"})
    with pytest.raises(LevelsetError, match="no classifier to look at"):
        store.create("transfer", {"models": []})
    run = start_cells(store, models[0], [ATTACK], data="mnist_excerpt", images=20)
    (run.inputs / "model.safetensors").write_bytes(b"no")
    status = work_here(store, run)
    assert status.state == "failed" and "model.safetensors is damaged" in status.message
