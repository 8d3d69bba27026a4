"""The verb attack: the page's figures, and what it keeps in a card."""

from __future__ import annotations

import json

import pytest

from levelset_core.attacks import over_epsilon, over_steps, paper_attack
from levelset_core.classifiers.files import read_card
from levelset_core.cli import main
from levelset_core.robustness.cells import add_to_card, all_cells
from levelset_core.robustness.models import known_models
from levelset_core.runs import RunStore
from tests.digits import save_small, small_network

FAST = ["--data", "mnist_excerpt", "--steps", "2", "--device", "cpu", "--json"]


@pytest.fixture(scope="module")
def network():
    return small_network()


@pytest.fixture
def model(tmp_path, network):
    return save_small(tmp_path / "m.safetensors", network)


def attack(capsys, *words):
    code = main(["attack", *map(str, words), *FAST])
    out, err = capsys.readouterr()
    return code, json.loads(out) if code == 0 else err


def test_a_slow_network_tells_how_long_it_takes_before_it_begins(model, capsys, monkeypatch):
    monkeypatch.setattr("levelset_core.cli.attack_time.SLOW", 0.0)
    assert main(["attack", str(model), "--limit", "4", *FAST]) == 0
    assert "4 images with 2 steps take at least" in capsys.readouterr().err
    monkeypatch.setattr("levelset_core.cli.attack_time.MOST", 0.0)
    code, told = attack(capsys, model, "--limit", 4)
    assert code == 2 and told.count("\n") == 1 and "ask for fewer (--limit, --steps)" in told


def test_figures_go_into_the_card_one_for_every_number_of_images(model, capsys):
    code, few = attack(capsys, model, "--limit", 20, "--card")
    assert code == 0 and few["images"] == 20 and few["interval"][0] <= few["robust_accuracy"]
    _, more = attack(capsys, model, "--limit", 40, "--card")
    _, again = attack(capsys, model, "--limit", 20, "--card")
    assert again["standing"] == few["standing"]
    _, other = attack(capsys, model, "--limit", 30, "--attack", "clean", "--card")
    assert other["robust_accuracy"] == other["clean_accuracy"]
    assert read_card(model)["cells"] == [more, again, other]
    add_to_card(model, {**again, "data": "Fashion-MNIST test, local files"})
    assert len(read_card(model)["cells"]) == 4
    assert read_card(model)["method"] == "standard"


def test_a_verdict_goes_into_the_card(model, capsys, tmp_path, network):
    another = save_small(tmp_path / "other.safetensors", network, method="ours")
    code, found = attack(capsys, model, "--limit", 8, "--examine", "--others", another, "--card")
    assert code == 0 and found["verdict"] and set(found["black_box"]) == {"ours"}
    assert read_card(model)["masking"] == found


@pytest.mark.parametrize("words", [["--examine"], ["--attack", "clean"], ["--eps", "0.1"]])
def test_curves_have_attacks_of_their_own(model, capsys, words):
    assert main(["attack", str(model), "--curves", *words]) == 2
    sentence = capsys.readouterr().err
    assert "--curves has attacks of its own" in sentence and sentence.count("\n") == 1


def test_a_missing_card_is_said_before_the_work(model, capsys):
    model.with_suffix(".json").unlink()
    code, sentence = attack(capsys, model, "--limit", 20, "--card")
    assert code == 2 and "There is no card" in sentence and sentence.count("\n") == 1


def test_curves_go_into_the_card_where_the_page_finds_them(model, capsys, monkeypatch, tmp_path):
    code = main(["attack", str(model), "--curves", "--limit", "6", "--data", "mnist_excerpt",
                 "--device", "cpu", "--card"])  # fmt: skip
    lines = capsys.readouterr().out.splitlines()
    assert code == 0 and len(lines) == len(read_card(model)["cells"]) == 49
    assert "after pgd-strong at 0, 50 steps from" in lines[0]
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", tmp_path)
    store = RunStore(tmp_path / "runs")
    cells = {c.attack: c for c in all_cells(store, known_models(store))}
    for loss in ("pgd-strong", "pgd-margin", "pgd-xent"):
        for curve in over_epsilon(loss, 1), over_steps(loss, 1):
            own = [cells[attack] for attack in curve.values()]
            assert all(c.images == 6 and c.machine and c.date for c in own)
        assert cells[paper_attack(loss, 1, 0.0)].standing == round(6 * accuracy(lines[0]))
        assert cells[paper_attack(loss, 1, 0.5)].standing == 0


def accuracy(line):
    return float(line.split("%")[0]) / 100
