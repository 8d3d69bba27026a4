"""Surveys of test images: what breaks them and how far the boundary is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core.attacks import AttackConfig, evaluate_attack, margin_of
from levelset_core.data.images import load_images
from levelset_core.robustness.kinds.survey import SURVEY
from levelset_core.robustness.measurements import measurements, start_measurement
from levelset_core.robustness.models import known_models
from levelset_core.runs import load_checkpoint, work_here
from levelset_core.runs.files import read_arrays
from tests.digits import save_small, small_network

ATTACK = AttackConfig(epsilon=0.1, step=0.03, steps=6)
IMAGES = 40


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("c") / "small.safetensors", small_network())


@pytest.fixture
def survey(store, checkpoint, monkeypatch):
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", checkpoint.parent)
    monkeypatch.setattr(type(store), "submit", lambda self, run: None)
    (model,) = known_models(store)
    run = start_measurement(
        store, "survey", [model], data="mnist_excerpt", images=IMAGES, attack=ATTACK
    )
    assert work_here(store, run).state == "done"
    return model, run


def test_a_survey_agrees_with_the_network_and_its_evaluation(survey, store):
    model, run = survey
    found = read_arrays(run.artifacts / SURVEY)
    data = load_images("mnist_excerpt", "test").first(IMAGES)
    network = model.load().network
    x, y = data.batch(slice(None))
    with torch.no_grad():
        logits = network(x)
    assert np.array_equal(found["predicted"], logits.argmax(1).numpy())
    np.testing.assert_allclose(found["margin"], margin_of(logits, y).numpy(), atol=1e-4)
    right = found["predicted"] == y.numpy()
    broken, distance = found["broken_margin"], found["distance"]
    assert broken[~right].all() and found["broken_xent"][~right].all()
    report = evaluate_attack(network, data, ATTACK, seed=0, device=torch.device("cpu"))
    standing = report.robust_accuracy * IMAGES
    assert abs(int((~broken).sum()) - standing) <= 3  # other starts
    known = ~np.isnan(distance)
    assert known.mean() > 0.8
    assert (distance[known & right] > 0).all() and (distance[known & ~right] < 0).all()
    # An image that stands may have its boundary anywhere; one that breaks has it within epsilon.
    near = distance[known & right & broken]
    assert len(near) and np.median(near) <= ATTACK.epsilon
    assert measurements(store, "survey", [model], data="mnist_excerpt", attack=ATTACK)[0].id
    assert run.result()["broken"]["broken_margin"] == int(broken.sum())


def test_what_is_done_shows_while_the_rest_works(survey):
    _, run = survey
    parts = load_checkpoint(run.checkpoint_file)["trainer"]
    assert [len(part["distance"]) for part in parts.values()] == [25, 15]
