"""The measurements of the bundled models that come with the program."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.attacks import AttackConfig, margin_of
from levelset_core.data.images import load_images
from levelset_core.robustness import bundle
from levelset_core.robustness.kinds.survey import SURVEY
from levelset_core.robustness.measurements import BUNDLED, measurements
from levelset_core.robustness.models import known_models
from levelset_core.runs import RunStore
from levelset_core.runs.files import read_arrays
from tests.digits import save_small, small_network


def test_they_are_about_the_bundled_weights_and_nothing_else_is_there(store):
    models = [m for m in known_models(store) if m.origin == "bundled"]
    used = set()
    for kind, own, data, attack in bundle.wanted(models):
        found = [
            run
            for run in measurements(store, kind, own, data=data)
            if AttackConfig(**run.config.settings["attack"]) == attack
        ]
        if data == "mnist_excerpt":
            assert found, f"{kind} of {own[0].title} is missing: `python -m {bundle.__name__}`"
        for run in found:
            used.add(run.id)
            assert run.status().state == "done" and run.result()["images"] == bundle.IMAGES
    assert used == {run.id for run in RunStore(BUNDLED).runs()}


@pytest.mark.parametrize("method", ["standard", "madry", "trades", "level_set"])
def test_a_survey_that_comes_along_is_of_these_images(store, method):
    (model,) = (m for m in known_models(store) if m.id == f"mnist_convnet4a_{method}")
    (run,) = measurements(store, "survey", [model], data="mnist")
    found = read_arrays(run.artifacts / SURVEY)
    data = load_images("mnist_excerpt", "test").first(bundle.IMAGES)
    x, y = data.batch(slice(None))
    with torch.no_grad():
        logits = model.load().network(x)
    assert np.array_equal(found["predicted"], logits.argmax(1).numpy())
    np.testing.assert_allclose(found["margin"], margin_of(logits, y).numpy(), atol=1e-3)
    standing = (~found["broken_margin"].astype(bool)).mean()
    assert standing == 0 if method == "standard" else standing > 0.9


def test_measuring_again_does_what_is_missing_and_removes_the_rest(store, tmp_path, monkeypatch):
    checkpoints, place = tmp_path / "checkpoints", tmp_path / "checkpoints" / "measurements"
    checkpoints.mkdir()
    save_small(checkpoints / "small.safetensors", small_network())
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", checkpoints)
    monkeypatch.setattr(bundle, "BUNDLED", place)
    monkeypatch.setattr(bundle, "IMAGES", 20)
    assert bundle.main() == 0
    first = {run.id: run.config.kind for run in RunStore(place).runs()}
    assert sorted(first.values()) == ["distances", "survey"]
    for run_id in first:
        assert not (place / run_id / "inputs").exists()
    assert bundle.main() == 0
    assert {run.id for run in RunStore(place).runs()} == set(first)
    save_small(checkpoints / "small.safetensors", small_network(seed=1))
    assert bundle.main() == 0
    second = {run.id: run.config.kind for run in RunStore(place).runs()}
    assert sorted(second.values()) == ["distances", "survey"] and not set(first) & set(second)
