"""Each of the small files that went wrong once: what is read, said, refused and kept apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.classifiers.files import load_classifier
from levelset_core.classifiers.looking import look_at
from levelset_core.classifiers.normalization import Normalization, given_normalization
from levelset_core.classifiers.uploads import classifier_from_bytes
from levelset_core.cli import main
from levelset_core.data.images import load_images
from levelset_core.robustness.models import known_models
from tests.digits import keep_upload

CASES = Path(__file__).parent / "cases"
MNIST = given_normalization([0.1307], [0.3081])


@pytest.fixture(scope="module")
def digits():
    return load_images("mnist_excerpt", "test")


def read(name):
    return classifier_from_bytes(f"{name}.pt2", (CASES / f"{name}.pt2").read_bytes())


@pytest.mark.parametrize("name", ["plain", "float_call", "detached", "softmax_sharp", "scaled_1e3"])
def test_networks_of_plain_pixels_stay_so(digits, name):
    look = look_at(read(name), digits)
    assert look.classifier.normalization is None and not look.warning
    assert look.accuracy == pytest.approx(0.947, abs=0.002)
    assert look.notes == (
        "Taken with pixels in [0, 1] as they are: of 1,000 images 94.70% are right so.",
    )


def test_a_normalization_is_found_said_and_kept(digits, store, tmp_path):
    look = look_at(read("expects_normalized"), digits)
    assert look.classifier.normalization == MNIST and look.accuracy == pytest.approx(0.947)
    assert look.notes == (
        "Taken with normalized pixels, MNIST's (mean 0.1307, std 0.3081): of 1,000 images 94.70% "
        "are right so, 65.80% with pixels in [0, 1] as they are.",
    )
    name = keep_upload(look.classifier, "Mine", {"method": None}, store)
    (kept,) = [m for m in known_models(store) if m.id == name]
    again = kept.load()
    x, _ = digits.batch(slice(3))
    assert again.normalization == MNIST
    assert torch.equal(again.network(x), look.classifier.network(x))
    assert look_at(again, digits).notes == ()  # nothing is left to find out


def test_a_wrong_normalization_is_said_with_one_that_fits(digits):
    plain = Normalization((0.0,), (1.0,))
    look = look_at(read("expects_normalized"), digits, plain)
    assert look.accuracy == pytest.approx(0.658)
    assert look.warning == (
        "Only 65.8% of 1,000 images of MNIST, bundled excerpt are right without an attack, where "
        "90% and more are usual. MNIST's (mean 0.1307, std 0.3081) would give 94.7%."
    )


def test_other_digits_are_told_from_a_wrong_normalization(digits):
    classifier = read("plain")
    mixed = digits.labels.roll(1)
    look = look_at(classifier, type(digits)(digits.name, digits.images, mixed, digits.classes))
    assert "No usual normalization gives more" in look.warning and look.accuracy < 0.3


def test_infinite_logits_decide_nothing(digits):
    look = look_at(read("overflow_inf"), digits)
    assert look.classifier.normalization is None
    assert look.accuracy == pytest.approx(0.937, abs=0.002)


def test_eight_outputs_are_one_sentence(digits):
    with pytest.raises(LevelsetError, match=r"^MNIST has 10 classes, this network 8:"):
        look_at(read("eight_outputs"), digits)
    few = load_images(str(CASES / "grey_folder"), "test")
    assert len(few.classes) == 8
    assert look_at(read("eight_outputs"), few).accuracy > 0.9


def test_grey_folders_have_one_channel():
    found = load_images(str(CASES / "grey_folder"), "test")
    assert found.shape == (1, 28, 28) and found.labels[:3].tolist() == [0, 2, 7]
    assert look_at(read("plain"), found).accuracy > 0.9


def test_graphs_with_the_same_weights_are_several_models(store):
    names = ["plain", "scaled_1e3", "softmax_sharp", "plain"]
    kept = [keep_upload(read(name), name, {"method": None}, store) for name in names]
    assert len(set(kept)) == 3 and kept[0] == kept[3]
    uploads = [m for m in known_models(store) if m.origin == "upload"]
    assert {m.id for m in uploads} == set(kept) and len({m.digest for m in uploads}) == 3


def attack(capsys, *words):
    code = main(
        ["attack", *map(str, words), "--data", "mnist_excerpt", "--limit", "20", "--attack",
         "clean", "--device", "cpu", "--threads", "1", "--json"]
    )  # fmt: skip
    out, err = capsys.readouterr()
    return (json.loads(out) if code == 0 else None), err


def test_the_command_line_says_the_same(capsys):
    file = CASES / "expects_normalized.pt2"
    found, said = attack(capsys, file)
    assert found["normalization"] == {"mean": [0.1307], "std": [0.3081], "title": "MNIST's"}
    assert "with normalized pixels, MNIST's" in said and found["note"] in said
    assert found["clean_accuracy"] >= 0.9
    found, said = attack(capsys, file, "--mean", 0.5, "--std", 0.5)
    assert found["normalization"]["mean"] == [0.5] and "Only 69.3%" in found["note"]
    assert "MNIST's (mean 0.1307, std 0.3081) would give 94.7%" in said
    _, said = attack(capsys, file, "--mean", 0.5, 0.5, "--std", 0.5)
    assert said.count("\n") == 1 and "as many means as deviations, got 2 and 1" in said
    _, said = attack(capsys, CASES / "eight_outputs.pt2")
    assert said.startswith("MNIST has 10 classes, this network 8")
    found, said = attack(capsys, CASES / "plain.pt2")
    assert found["normalization"] is None and "as they are" in said


def test_files_of_this_program_are_taken_as_they_are(tmp_path, digits, store):
    name = keep_upload(read("expects_normalized"), "As it is", {}, store)
    (kept,) = [m for m in known_models(store) if m.id == name]
    look = look_at(load_classifier(kept.path), digits)
    assert look.classifier.normalization is None and "65.8%" in look.warning
