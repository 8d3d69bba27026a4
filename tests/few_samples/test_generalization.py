"""The generalization experiment, on the bundled excerpt of MNIST."""

import contextlib
import io
import itertools
import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from joblib.externals.loky import get_reusable_executor

from levelset_core import cli
from levelset_core.data.images import is_here
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import binary_images
from levelset_core.few_samples.config import (
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
from levelset_core.few_samples.gallery import Gallery
from levelset_core.few_samples.results import RESULTS, chosen_numbers, read_results, result_table
from levelset_core.few_samples.training import accuracy, run_group, train_group
from levelset_core.runs import RunStore
from tests.children import child
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
    network = train_group(config, [Unit(loss, 0.2, 0, MIDDLE)], data)[0].network
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
        alone = train_group(SMALL, [unit], exact)[0].network
        pairs = zip(together[number].network.parameters(), alone.parameters(), strict=True)
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
    network = train_group(SMALL, [unit], data)[0].network
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


def test_the_groups_that_take_longest_are_the_first():
    config = GeneralizationConfig(fractions=(0.002, 0.01), repeats=12)
    chosen = {(loss, f): MIDDLE for loss in config.losses for f in config.fractions}
    order = sorted(groups(repeat_units(config, chosen)), key=config.work_of, reverse=True)
    seen = [(g[0].loss, g[0].fraction, len(g)) for g in order]
    assert seen[0] == ("ours", 0.01, 10) and seen[-1] in (("xent", 0.002, 2), ("hinge", 0.002, 2))
    assert {loss for loss, _, _ in seen[:3]} == {"ours"}


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


def test_known_choices_are_taken_and_nothing_is_tuned():
    chosen = {loss: [1, 2] for loss in SMALL.losses}
    config = replace(SMALL, chosen=chosen)
    assert tuning_units(config) == []
    assert chosen_candidates(config, {}) == {
        (loss, f): k for loss in SMALL.losses for f, k in zip((0.03, 0.1), (1, 2), strict=True)
    }
    for bad in ({}, {**chosen, "ours": [1]}, {**chosen, "ours": [1, 99]}):
        with pytest.raises(LevelsetError, match="chosen"):
            replace(SMALL, chosen=bad)


COMMAND = [
    "generalize", "--data", "mnist_excerpt", "--fractions", "0.03,0.1", "--repeats", "2",
    "--tuning", "1", "--width", "8", "--depth", "1", "--steps", "12", "--batch", "16",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The sweep in one go and one process: its answer, where it is stored, and its run."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEVELSET_RUNS", str(folder / "runs"))
        code, answer = ask(
            [*COMMAND, "--store", str(folder / "stored"), "--gallery", str(folder / "stored/g.npz")]
        )
        (run,) = RunStore().runs()
    assert code == cli.DONE
    return answer, folder / "stored", run


def ask(command):
    """Exit code and JSON of the command line."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = cli.main([*command, "--json"])
    return code, json.loads(out.getvalue())


@pytest.fixture
def no_workers_left():
    """joblib keeps its processes for a while: end them with the test."""
    yield
    get_reusable_executor().shutdown(wait=True)


@pytest.mark.usefixtures("no_workers_left")
def test_two_processes_make_the_table_of_one(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    code, found = ask([*COMMAND, "--jobs", "2"])
    assert code == cli.DONE and found["rows"] == whole[0]["rows"]


def test_a_cluster_makes_the_table_of_one(whole, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    code, found = ask(COMMAND)
    assert code == cli.DONE and found["rows"] == whole[0]["rows"]


def test_killed_in_the_middle_the_command_goes_on_to_the_same_table(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    store = RunStore()

    def units():
        return sum(len(list((run.artifacts / "units").glob("*.json"))) for run in store.runs())

    command = [sys.executable, "-m", "levelset_core", *COMMAND]
    with child(command, stderr=subprocess.DEVNULL):
        wait(lambda: units() >= 3, "some units", patience=300)
    assert 3 <= units() < whole[0]["units"]
    (run,) = store.runs()
    assert run.status().state == "interrupted"
    code, found = ask(COMMAND)
    assert code == cli.DONE
    assert found["run"] == run.id and found["rows"] == whole[0]["rows"]


def test_one_fraction_alone_gives_the_cell_of_the_whole_table(whole, tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    file = whole[1] / "generalization_mnist_excerpt.json"
    place = COMMAND.index("--fractions") + 1
    _, found = ask([*COMMAND[:place], "0.1", *COMMAND[place + 1 :], "--hyper-from", str(file)])
    assert found["rows"] == whole[0]["rows"][1:]


def test_what_is_stored_says_where_it_comes_from(whole):
    answer, folder, run = whole
    result = read_results(folder)["mnist_excerpt"]
    assert result["rows"] == answer["rows"]
    assert result["command"] == "python -m levelset_core " + " ".join(COMMAND)
    assert result["labels"]["+1"] == ["5", "6", "7", "8", "9"] and result["total"] == 1000
    assert result["machine"]["cpu"] and result["cpu_seconds"] > 0
    text = (folder / "generalization.md").read_text()
    assert text.count("\n| 0.") == 2 and "excerpt" in text
    chosen = chosen_numbers(result)
    hyper = [row["losses"]["ours"]["hyper"] for row in result["rows"]]
    assert [CANDIDATES["ours"][k] for k in chosen["ours"]] == hyper
    # The same command with --store takes the finished run as it is.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEVELSET_RUNS", str(run.path.parent))
        assert ask([*COMMAND, "--store", str(folder)])[1]["run"] == run.id


def test_the_gallery_holds_what_the_networks_say(whole, data):
    gallery = Gallery.load(whole[1] / "g.npz")
    torch.testing.assert_close(
        torch.from_numpy(gallery.images), data.test[torch.from_numpy(gallery.index)] + 0.5,
        rtol=0, atol=0.003,
    )  # fmt: skip
    for loss, view in gallery.views.items():
        assert ((view.value > 0) == (gallery.label > 0)).tolist() == view.right.tolist()
        gap = abs(gallery.images - view.boundary)
        assert abs(gap.max(1) - view.linf).max() < 0.01
        others = set(gallery.views) - {loss}
        assert any(gallery.rows(loss, other) for other in others)
    for right, wrong in itertools.permutations(gallery.views, 2):
        rows = gallery.rows(right, wrong)
        assert gallery.views[right].right[rows].all()
        assert not gallery.views[wrong].right[rows].any()


def test_bad_options_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    assert cli.main(["generalize", "--fractions", "x"]) == cli.BAD_INPUT
    assert cli.main(["generalize", "--hyper-from", str(tmp_path / "none")]) == cli.BAD_INPUT
    (tmp_path / "generalization_mnist.json").write_text("{")
    with pytest.raises(LevelsetError, match="damaged"):
        read_results(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(read_results()))
def test_a_stored_cell_comes_out_again(name, tmp_path, monkeypatch):
    """With the full data at $LEVELSET_DATA: the mean lies within the stored interval."""
    if not is_here(name):
        pytest.skip(f"{name} is not on this machine")
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    stored = read_results()[name]["rows"][1]
    file = RESULTS / f"generalization_{name}.json"
    _, found = ask(
        ["generalize", "--data", name, "--repeats", "20", "--hyper-from", str(file),
         "--fractions", f"{stored['fraction']:g}"]
    )  # fmt: skip
    for loss, one in found["rows"][0]["losses"].items():
        assert stored["losses"][loss]["low"] <= one["mean"] <= stored["losses"][loss]["high"]
