"""The verb attack: which images, several models, what is kept, what goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from levelset_core.attacks import AttackConfig, Evaluation
from levelset_core.attacks.blocks import BlockAttack
from levelset_core.classifiers.files import load_classifier
from levelset_core.cli import main
from levelset_core.data.images import load_images
from levelset_core.robustness.resume import Resumed
from tests.digits import save_small, small_network

STRONG = ["--data", "mnist_excerpt", "--attack", "pgd-strong", "--eps", "0.06", "--steps", "2",
          "--device", "cpu", "--json"]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("m") / "m.safetensors", small_network())


def attack(capsys, *words):
    code = main(["attack", *map(str, words), *STRONG])
    out, err = capsys.readouterr()
    return json.loads(out) if code == 0 else err


def test_a_drawn_subset_is_told_and_the_same_for_the_same_seed(model, capsys):
    one, again, other, first = (
        attack(capsys, model, "--limit", 30, *seed)
        for seed in (["--subset-seed", 4], ["--subset-seed", 4], ["--subset-seed", 5], [])
    )
    assert one["survivors"] == again["survivors"] != other["survivors"]
    assert one["subset_seed"] == 4 and "30 of 1,000 drawn by seed 4" in one["data"]
    assert max(one["survivors"]) >= 30 > max(first["survivors"])  # places in the whole set
    assert len(one["survivors"]) == one["standing"] and "subset_seed" not in first
    assert "say how many" in attack(capsys, model, "--subset-seed", 4)


def test_broken_images_are_kept(model, capsys, tmp_path):
    target = tmp_path / "x.npz"
    found = attack(capsys, model, "--limit", 30, "--save-images", target)
    arrays = np.load(target)
    assert found["saved"] == [str(target), str(target.with_suffix(".png"))]
    count = round(30 * found["clean_accuracy"]) - found["standing"]
    assert count == len(arrays["adversarial"]) > 0
    assert np.abs(arrays["adversarial"] - arrays["original"]).max() <= 0.06 + 1e-6
    network = load_classifier(model).network.eval()
    with torch.no_grad():
        seen = network(torch.from_numpy(arrays["adversarial"])).argmax(1).numpy()
    assert (seen == arrays["seen_as"]).all() and (seen != arrays["label"]).all()
    data = load_images("mnist_excerpt", "test")
    assert (data.labels[arrays["place"]].numpy() == arrays["label"]).all()
    with Image.open(target.with_suffix(".png")) as picture:
        assert picture.width > 80 and np.asarray(picture).std() > 10
    assert "saved as .npz" in attack(capsys, model, "--save-images", tmp_path / "x.png")


def test_several_models_are_ranked(model, capsys, tmp_path):
    other = save_small(tmp_path / "other.safetensors", small_network(), method="madry")
    found = attack(capsys, model, other, "--limit", 20)
    assert len(found["models"]) == 2 and found["ranks"][0]["p"] == 1.0
    assert "--resume takes one model" in attack(capsys, model, other, "--resume", tmp_path / "x")


def test_work_goes_on_where_it_was_cut_off(model, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("levelset_core.attacks.evaluation.BATCH", {"cpu": 10})
    whole = attack(capsys, model, "--limit", 50)
    data = load_images("mnist_excerpt", "test").first(30)
    config = AttackConfig("pgd-strong", epsilon=0.06, step=0.12, steps=2)
    cpu = torch.device("cpu")
    part = Evaluation(load_classifier(model).network, data, config, device=cpu, threads=1)
    next(part)
    file = tmp_path / "work.safetensors"
    Resumed(file, model, part).save(now=True)
    calls = []
    original = BlockAttack._strong
    monkeypatch.setattr(
        BlockAttack, "_strong", lambda self, *args: calls.append(1) or original(self, *args)
    )
    gone_on = attack(capsys, model, "--limit", 50, "--resume", file)
    assert gone_on["survivors"] == whole["survivors"]
    blocks = -(-round(50 * whole["clean_accuracy"]) // 10)
    assert len(calls) == blocks - 1 >= 2  # the first was there
    assert attack(capsys, model, "--limit", 50, "--resume", file)["standing"] == whole["standing"]
    assert len(calls) == blocks - 1  # nothing was left to do
    assert "about more images" in attack(capsys, model, "--limit", 30, "--resume", file)
    assert "work of another seed" in attack(capsys, model, "--seed", 1, "--resume", file)


class Noisy(nn.Module):
    """Noise on the input at every pass."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x + 0.3 * torch.randn_like(x))


def test_a_random_network_is_measured_over_draws():
    data = load_images("mnist_excerpt", "test").first(24)
    noisy, cpu = Noisy(small_network()), torch.device("cpu")

    def report(eot):
        config = AttackConfig("pgd-strong", epsilon=0.05, step=0.1, steps=2, eot=eot)
        evaluation = Evaluation(noisy, data, config, device=cpu)
        for _ in evaluation:
            pass
        return evaluation.report()

    single, mean, again = report(1), report(3), report(3)
    assert "answers the same image differently" in single.warnings[0]
    assert single.as_dict()["warnings"] and not mean.warnings
    assert mean.draws == 10 and mean.as_dict()["draws"] == 10
    assert mean.robust_accuracy == again.robust_accuracy < mean.clean_accuracy
    # A mean over draws, not a count of images.
    assert round(mean.clean_accuracy * 240) == pytest.approx(mean.clean_accuracy * 240)
    assert (mean.clean_accuracy * 24) % 1 > 0 or (mean.robust_accuracy * 24) % 1 > 0
