"""The generalization experiment, on the bundled excerpt of MNIST."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from levelset_core import cli
from levelset_core.errors import LevelsetError
from levelset_core.experiments.binary_images import binary_images
from levelset_core.experiments.generalization import accuracy, result_table, run_group, train_group
from levelset_core.experiments.generalization_config import (
    CANDIDATES,
    TUNING,
    GeneralizationConfig,
    Unit,
    chosen_candidates,
    groups,
    repeat_units,
    shared,
    tuning_units,
)
from levelset_core.runs import RunStore
from tests.runs.support import wait

#: A candidate in the middle of the grid.
MIDDLE = 7
SMALL = GeneralizationConfig(
    data="mnist_excerpt", fractions=(0.03, 0.1), repeats=2, tuning=1, width=8, depth=1, steps=12,
    batch=16,
)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return binary_images("mnist_excerpt")


def test_classes_are_merged_and_images_held_out(data):
    assert data.total == 1000 and len(data.train) == 800 and len(data.held_out) == 200
    assert set(data.train_labels.tolist()) == {-1.0, 1.0}
    assert data.train.min() == -0.5 and data.train.max() == 0.5
    both = torch.cat([data.train, data.held_out])
    assert len(torch.unique(both, dim=0)) >= 995  # disjoint: no image twice


def test_a_part_depends_on_the_repeat_alone(data):
    x, y = data.draw(0.1, 3)
    again, _ = data.draw(0.1, 3)
    other, _ = data.draw(0.1, 4)
    assert x.shape == (100, 784) and y.shape == (100,)
    assert torch.equal(x, again) and not torch.equal(x, other)
    small, _ = data.draw(0.03, 3)
    assert torch.equal(small, x[:30])  # smaller parts lie in larger ones
    for fraction in (0.0001, 0.9):
        with pytest.raises(LevelsetError, match=f"fraction of {fraction:g}"):
            data.draw(fraction, 0)


@pytest.mark.parametrize("loss", ["xent", "hinge", "ours"])
def test_every_loss_learns(data, loss):
    config = GeneralizationConfig(data="mnist_excerpt", width=32, depth=1)
    network = train_group(config, [Unit(loss, 0.2, 0, MIDDLE)], data).member(0)
    x, y = data.draw(0.2, 0)
    assert accuracy(network, x, y) > 0.9
    assert accuracy(network, data.test, data.test_labels) > 0.7


@pytest.mark.parametrize("loss", ["xent", "ours"])
def test_trained_together_or_alone_a_unit_comes_out_alike(data, loss):
    units = [Unit(loss, 0.1, repeat, MIDDLE) for repeat in range(3)]
    if loss == "ours":  # another lambda may share a group, another rate may not
        units.append(Unit(loss, 0.1, 0, MIDDLE + 1))
    # In double precision: in single, a point on a kink of F may fall to either side.
    exact = replace(data, train=data.train.double(), train_labels=data.train_labels.double())
    together = train_group(SMALL, units, exact)
    for number, unit in enumerate(units):
        alone = train_group(SMALL, [unit], exact).member(0)
        pairs = zip(together.member(number).parameters(), alone.parameters(), strict=True)
        for a, b in pairs:
            torch.testing.assert_close(a, b)
    with pytest.raises(LevelsetError, match="same loss"):
        train_group(SMALL, [*units, Unit(loss, 0.1, 0, 0)], data)


def test_a_group_is_the_same_whenever_it_is_done():
    group = [Unit("ours", 0.03, 1, 0), Unit("ours", 0.03, 2, 0)]
    first = [found["accuracy"] for found in run_group(SMALL, group)]
    run_group(SMALL, [Unit("hinge", 0.1, 0, 0)])
    assert [found["accuracy"] for found in run_group(SMALL, group)] == first


def test_the_choice_never_sees_the_test_set(data):
    unit = Unit("xent", 0.1, TUNING, 0)
    network = train_group(SMALL, [unit], data).member(0)
    held_out = accuracy(network, data.held_out, data.held_out_labels)
    assert unit.tunes and run_group(SMALL, [unit])[0]["accuracy"] == held_out
    assert all(u.tunes for u in tuning_units(SMALL))
    assert len({len(c) for c in CANDIDATES.values()}) == 1  # no loss may choose among more


def test_groups_hold_every_unit_once_and_share_what_they_must():
    units = tuning_units(SMALL)
    found = groups(units)
    assert sorted(u.name for g in found for u in g) == sorted(u.name for u in units)
    assert all(len({shared(u) for u in g}) == 1 for g in found)
    assert {len(g) for g in found} == {1, 5}  # the lambdas of one rate together
    many = [Unit("ours", 0.1, repeat, 0) for repeat in range(23)]
    assert [len(g) for g in groups(many)] == [10, 10, 3]


def test_the_best_candidate_is_chosen_and_reported_in_pairs():
    accuracies = {u: 0.5 + 0.1 * (u.candidate == 1) for u in tuning_units(SMALL)}
    chosen = chosen_candidates(SMALL, accuracies)
    assert set(chosen.values()) == {1}
    offset = {"xent": 0.0, "hinge": -0.1, "ours": 0.02}
    for u in repeat_units(SMALL, chosen):
        accuracies[u] = 0.8 + 0.05 * u.repeat + offset[u.loss]
    row = result_table(SMALL, chosen, accuracies)[0]
    assert row["losses"]["ours"]["mean"] == pytest.approx(0.845)
    assert row["ours_minus"]["xent"]["mean"] == pytest.approx(0.02)
    assert row["ours_minus"]["hinge"]["sd"] < 1e-12
    del accuracies[Unit("ours", 0.1, 1, 1)]
    with pytest.raises(LevelsetError, match="not complete"):
        result_table(SMALL, chosen, accuracies)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"losses": ["xent", "l1"]}, "'l1'"), ({"fractions": [0.0]}, "Fractions"),
        ({"fractions": []}, "Fractions"), ({"repeats": 0}, "repeats"), ({"speed": 1}, "'speed'"),
        ({"seed": 50}, "seed"), ({"losses": []}, "loss"),
    ],
)  # fmt: skip
def test_bad_settings_are_one_sentence(values, what):
    with pytest.raises(LevelsetError, match=what):
        GeneralizationConfig.from_dict(values)


COMMAND = [
    "generalize", "--data", "mnist_excerpt", "--fractions", "0.03,0.1", "--repeats", "2",
    "--tuning", "1", "--width", "8", "--depth", "1", "--steps", "12", "--batch", "16",
]  # fmt: skip


def test_killed_in_the_middle_the_command_goes_on_to_the_same_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "whole"))
    assert cli.main([*COMMAND, "--json"]) == cli.DONE
    whole = json.loads(capsys.readouterr().out)
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "cut"))
    store = RunStore()
    process = subprocess.Popen(
        [sys.executable, "-m", "levelset_core", *COMMAND], stderr=subprocess.DEVNULL
    )

    def units():
        return sum(len(list((run.artifacts / "units").glob("*.json"))) for run in store.runs())

    wait(lambda: units() >= 3, "some units")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert 3 <= units() < whole["units"]
    (run,) = store.runs()
    assert run.status().state == "interrupted"
    assert cli.main([*COMMAND, "--json"]) == cli.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["run"] == run.id and found["rows"] == whole["rows"]
    assert cli.main([*COMMAND[:-10], "--fractions", "x"]) == cli.BAD_INPUT
