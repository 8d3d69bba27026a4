"""Ranks of classifiers on the same images: McNemar's exact test, in words and from cards."""

from __future__ import annotations

import json
from math import comb

import pytest

from levelset_core import LevelsetError
from levelset_core.attacks import AttackConfig
from levelset_core.cli import main
from levelset_core.robustness.cells import add_to_card
from levelset_core.robustness.ranks import compare_found, mcnemar, stored_figure
from tests.digits import save_small, small_network

ATTACK = AttackConfig("autoattack", epsilon=0.4)
FIGURE = {
    "clean_accuracy": 1.0, "robust_accuracy": 0.5, "images": 8, "seed": 0, "seconds": 2.0,
    "attack": "autoattack", "epsilon": 0.4, "step": 0.01, "steps": 40, "restarts": 1,
    "data": "first 1000 test images of MNIST, bundled", "survivors": [0, 1, 2, 3],
}  # fmt: skip


@pytest.mark.parametrize(("a", "b"), [(0, 0), (3, 3), (12, 15), (31, 12), (0, 6)])
def test_the_test_is_exact(a, b):
    tail = sum(comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b)
    assert mcnemar(a, b) == mcnemar(b, a) == pytest.approx(min(1.0, 2 * tail))


def figure(survivors, images=100, **more):
    return {"survivors": survivors, "images": images, **more}


def test_pairs_are_compared_on_the_same_images():
    found = compare_found({"A": figure(range(80)), "B": figure(range(10, 100))})
    (pair,) = found
    assert (pair.first, pair.only_first, pair.only_second) == ("B", 20, 10)
    assert pair.sentence == (
        "B cannot be told apart from A: 20 images only B gets right, 10 only A "
        "(p = 0.099, the same 100 images)."
    )
    (pair,) = compare_found({"A": figure(range(60)), "B": figure(range(5, 100), 120)})
    assert pair.images == 100 and pair.p < 0.001
    assert "B withstands more than A: 40 images" in pair.sentence and "p < 0.001" in pair.sentence


def test_figures_that_are_not_comparable_are_refused():
    with pytest.raises(LevelsetError, match="different images"):
        compare_found({"A": figure([1]), "B": figure([1], subset_seed=3)})
    with pytest.raises(LevelsetError, match="figure of A does not say which images stand"):
        compare_found({"A": {"images": 5}, "B": figure([1])})


@pytest.fixture
def cards(tmp_path):
    paths = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for path, method in zip(paths, ("madry", "ours"), strict=True):
        save_small(path, small_network(), method=method, settings={"epsilon": 0.32})
        add_to_card(path, FIGURE)
    add_to_card(paths[1], {**FIGURE, "images": 6, "survivors": [0, 4, 5]})
    return paths


def test_stored_figures_are_ranked_without_an_attack(cards, capsys):
    words = ["attack", *map(str, cards), "--data", "mnist_excerpt", "--attack", "autoattack",
             "--eps", "0.4", "--stored", "--json"]  # fmt: skip
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert [model["title"] for model in found["models"]] == ["Madry 0.32", "Level set 0.32"]
    (rank,) = found["ranks"]
    assert (rank["only_first"], rank["only_second"], rank["images"]) == (0, 0, 8)
    assert "cannot be told apart" in rank["sentence"]


def test_a_card_gives_the_figure_about_the_most_images(cards):
    assert stored_figure(cards[1], "mnist", ATTACK)["images"] == 8
    with pytest.raises(LevelsetError, match="has no figure of pgd-strong"):
        stored_figure(cards[0], "mnist", AttackConfig("pgd-strong"))
    add_to_card(cards[0], {**FIGURE, "images": 9, "subset_seed": 1})  # others than the first
    assert stored_figure(cards[0], "mnist_excerpt", ATTACK)["images"] == 8
