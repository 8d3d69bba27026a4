"""The page Robustness: ranks, images drawn at random, L2, images to take away, strong curves."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from levelset_core.attacks import AttackConfig, paper_attack
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.robustness.cells import Cell, all_cells, start_cells
from levelset_core.robustness.models import known_models
from levelset_core.robustness.table import autoattack_points, table_rows
from levelset_core.runs import RunStore, work_here
from pages.robustness.curves import end_sentence
from pages.robustness.gallery import _known_elsewhere
from pages.robustness.keeping import _content
from pages.robustness.ranks import comparisons
from tests.digits import save_small, small_network

ROOT = Path(__file__).resolve().parents[2]
STRONG = paper_attack("pgd-strong", 1)
AUTO = AttackConfig("autoattack")


@pytest.fixture(autouse=True)
def bundled(tmp_path, monkeypatch, store):
    folder = tmp_path / "assets" / "checkpoints"
    folder.mkdir(parents=True)
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", folder)
    monkeypatch.setenv("LEVELSET_DEVICE", "cpu")
    monkeypatch.setenv("LEVELSET_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr(RunStore, "submit", lambda self, run: None)
    return folder


@pytest.fixture
def models(bundled, store):
    """Two whose cards say which images stand under AutoAttack."""
    for method, survivors in (("madry", range(60)), ("trades", range(10, 100))):
        figure = {
            "clean_accuracy": 1.0, "robust_accuracy": len(survivors) / 100, "images": 100,
            "seed": 0, "seconds": 1.0, "attack": "autoattack", "epsilon": 0.3, "step": 0.01,
            "steps": 40, "restarts": 1, "survivors": list(survivors),
            "data": "first 1000 test images of MNIST, bundled",
        }  # fmt: skip
        settings = {"epsilon": 0.32}
        save_small(
            bundled / f"{method}.safetensors",
            small_network() if method == "madry" else make_classifier("convnet4a", (1, 28, 28), 10),
            method=method, settings=settings, cells=[figure],
        )  # fmt: skip
    return sorted(known_models(store), key=lambda model: model.title)


def open_page(**address):
    at = AppTest.from_file(str(ROOT / "pages" / "robustness" / "page.py"), default_timeout=120)
    for name, value in address.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def texts(at):
    return "\n".join(e.value for kind in (at.markdown, at.caption, at.code) for e in kind)


def test_the_rows_of_a_column_are_ranked(models, store):
    at = open_page()
    assert not [e for e in at.expander if "told apart" in e.label or "withstands more" in e.label]
    at.session_state["robust_grid"] = {"chosen": [models[0].id, "autoattack"]}
    at.run()
    (ranks,) = [e for e in at.expander if "withstands more than" in e.label]
    assert ranks.label == "AutoAttack: TRADES 0.32 withstands more than Madry 0.32"
    assert "40 images only TRADES 0.32 gets right, 10 only Madry 0.32" in texts(at)


def test_drawn_images_are_not_ranked_nor_mixed(models, store):
    cells = all_cells(store, models)
    drawn = [replace(c, subset_seed=3, images=200) for c in cells if c.digest == models[0].digest]
    rows = table_rows(models, drawn + cells, "mnist_excerpt", 0.3)
    assert comparisons(rows, "autoattack") == []
    assert comparisons(table_rows(models, cells, "mnist_excerpt", 0.3), "autoattack")[0].images
    assert autoattack_points(drawn, models[0], "mnist_excerpt", "linf") == {}
    assert list(autoattack_points(cells, models[0], "mnist", "linf")) == [0.3]


def test_a_drawn_cell_is_run_and_says_so(models, store):
    at = open_page()
    at.checkbox(key="robust_drawn").check().run()
    at.number_input(key="robust_seed").set_value(7).run()
    assert "--seed 7 --subset-seed 7" in texts(at)
    at.selectbox(key="robust_images_1000").set_value(50).run()
    next(b for b in at.button if b.label == "Run").click().run()
    (run,) = store.runs()
    assert run.config.settings["subset_seed"] == 7 and run.config.settings["images"] == 50
    assert work_here(store, run).state == "done"
    at.run()
    assert "images drawn by seed 7 withstood the attack" in texts(at)


def test_l2_is_a_table_of_its_own(models, store):
    at = open_page(norm="l2")
    assert [n.value for n in at.number_input if n.label == "ε (L2 ball)"] == [2.0]
    assert "in L2" in texts(at) and "--norm l2" in texts(at)
    at.selectbox(key="robust_norm").set_value("linf").run()
    assert [n.value for n in at.number_input if n.label.startswith("ε")] == [0.3]
    assert "--norm l2" not in texts(at)


def test_broken_images_are_taken_away(models, store):
    attack = replace(paper_attack("pgd-margin", 1, 0.1), steps=2, step=0.1)
    run = start_cells(store, models[0], [attack], data="mnist_excerpt", images=20)
    work_here(store, run)
    cell = next(c for c in all_cells(store, models) if c.attack == attack)
    rows = table_rows(models, [cell], "mnist_excerpt", 0.1)
    entry = replace(rows[0].entries["pgd-margin"], attack=attack, best=cell)
    arrays = np.load(io.BytesIO(_content(store, run.id, entry, "npz")))
    clean = next(c for c in all_cells(store, models) if c.attack.attack == "clean" and c.run_id)
    assert len(arrays["adversarial"]) == clean.standing - cell.standing > 0
    assert np.abs(arrays["adversarial"] - arrays["original"]).max() <= 0.1 + 1e-6
    with Image.open(io.BytesIO(_content(store, run.id, entry, "png"))) as sheet:
        assert sheet.format == "PNG"


def test_the_gallery_takes_what_the_table_knows(models):
    digest = models[0].digest
    unknown = np.full(6, np.nan)
    assert np.isnan(_known_elsewhere(models[0], "mnist_excerpt", 6, unknown)).all()
    card = dict(models[0].card)
    strong = {**card["cells"][0], "attack": "pgd-strong", "step": 0.6, "steps": 50}
    model = replace(models[0], card={**card, "cells": [{**strong, "survivors": [0, 2]}]})
    assert model.digest == digest
    found = _known_elsewhere(model, "mnist_excerpt", 6, unknown)
    assert found.tolist() == [0, 1, 0, 1, 1, 1]


def test_what_is_left_at_the_end_of_a_curve_is_explained(models):
    cell = Cell("d", STRONG, "mnist", 200, 0, 0, "card", 200, {}, 1.0)
    one, other = (model.id for model in models)
    gone = {one: {0.3: replace(cell, standing=180), 0.5: cell}, other: {0.5: cell}}
    assert end_sentence(models, gone) == "At ε = 0.5 nothing is left."
    left = {one: {0.5: replace(cell, standing=30)}, other: {0.5: cell}}
    assert "30 of 200 of Madry 0.32" in end_sentence(models, left)
    assert "attack is blind" in end_sentence(models, left)
    short = {one: {0.2: replace(cell, standing=30)}, other: {}}
    assert "ends before every image" in end_sentence(models, short)
    assert end_sentence(models, {one: {}, other: {}}) == ""
