"""``train-robust`` and ``attack`` from the command line, on the bundled excerpt."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
import torch

from levelset_core import cli
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.files import load_classifier
from levelset_core.runs import RunStore

TRAIN = [
    "train-robust", "--method", "standard", "--data", "mnist_excerpt", "--limit", "512",
    "--epochs", "2", "--batch", "32", "--test-limit", "100", "--device", "cpu",
]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network of ``train-robust``, and what it printed."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEVELSET_RUNS", str(folder / "runs"))
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert cli.main([*TRAIN, "-o", str(folder / "m.safetensors"), "--json"]) == 0
        yield folder / "m.safetensors", json.loads(out.getvalue()), RunStore()


def test_a_training_writes_a_network_and_its_card(trained):
    file, said, _ = trained
    card = json.loads(file.with_suffix(".json").read_text())
    assert card == said["card"] and card["method"] == "standard" and card["epochs"] == 2
    assert "train-robust" not in card["machine"] and card["seed"] == 0
    assert said["clean_accuracy"] > 0.6  # 32 steps on 512 images
    assert 0 <= said["robust_accuracy"] < said["clean_accuracy"] and said["images"] == 100
    assert load_classifier(file).card["figures"] == card["figures"]


def test_an_attack_agrees_with_the_card(trained, capsys):
    file, said, _ = trained
    arguments = ["attack", str(file), "--data", "mnist_excerpt", "--device", "cpu", "--json"]
    assert cli.main([*arguments, "--limit", "100", "--threads", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["robust_accuracy"] == pytest.approx(said["robust_accuracy"], abs=0.02)
    assert found["clean_accuracy"] == said["clean_accuracy"]
    keys = {"clean_accuracy", "robust_accuracy", "images", "seconds", "epsilon", "steps", "seed"}
    assert keys <= set(found) and found["epsilon"] == 0.3 and found["steps"] == 40
    assert cli.main([*arguments, "--limit", "20", "--eps", "0", "--steps", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["robust_accuracy"] == found["clean_accuracy"] and found["images"] == 20


def test_a_state_dict_from_elsewhere(trained, tmp_path, capsys):
    file, _, _ = trained
    weights = load_classifier(file).network.state_dict()
    torch.save({f"module.{k}": v for k, v in weights.items()}, tmp_path / "other.pth")
    arguments = ["attack", str(tmp_path / "other.pth"), "--data", "mnist_excerpt", "--limit", "16"]
    arguments += ["--steps", "2", "--device", "cpu"]
    assert cli.main(arguments) == 0
    assert "Read as convnet4a, whose tensors fit" in capsys.readouterr().err
    assert cli.main([*arguments, "--arch", "convnet4a"]) == 0
    said = capsys.readouterr()
    assert "of 16 images are right" in said.out and "with ReLUs in its head" in said.err


def test_a_training_that_is_done_is_not_resumed_but_begun_anew(trained, tmp_path, capsys):
    file, said, store = trained
    before = len(store.runs())
    arguments = [*TRAIN, "-o", str(tmp_path / "n.safetensors"), "--resume", "--epochs", "1"]
    assert cli.main([*arguments, "--start-from", str(file), "--json"]) == 0
    done = capsys.readouterr()
    assert "a new one begins" in done.err
    card = json.loads(done.out)["card"]
    assert (card["epochs"], card["all_epochs"]) == (1, 1 + said["card"]["epochs"])
    assert card["started_from"] == file.name and said["card"]["started_from"] == "new weights"
    assert card["figures"]["clean_accuracy"] >= said["clean_accuracy"] - 0.05
    assert len(store.runs()) == before + 1


def test_half_precision_is_stored_and_measured(trained, tmp_path, capsys):
    file, _, _ = trained
    small = tmp_path / "half.safetensors"
    arguments = [*TRAIN, "-o", str(small), "--start-from", str(file), "--epochs", "1", "--half"]
    assert cli.main([*arguments, "--json"]) == 0
    card = json.loads(capsys.readouterr().out)["card"]
    assert card["stored_in"] == "half precision"
    assert small.stat().st_size < 0.55 * file.stat().st_size
    network = load_classifier(small).network
    assert all(p.dtype == torch.float32 and torch.equal(p, p.half().float())
               for p in network.parameters())  # fmt: skip
    assert cli.main(
        ["attack", str(small), "--data", "mnist_excerpt", "--limit", "100", "--threads", "1",
         "--device", "cpu", "--json"]
    ) == 0  # fmt: skip
    found = json.loads(capsys.readouterr().out)
    assert found["standing"] == card["figures"]["standing"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--method", "free", "-o", "x.safetensors"], "Unknown method 'free'"),
        (["--model", "vgg", "-o", "x.safetensors"], "Unknown model 'vgg'"),
        (["--preset", "slow", "-o", "x.safetensors"], "Unknown preset 'slow'"),
        (["-o", "x.pt"], "OUT must be a .safetensors file"),
        (["-o", "nowhere/x.safetensors"], "in a folder that exists"),
        (["--epochs", "0", "-o", "x.safetensors"], "epochs must be 1 to 10000, got 0"),
        (["--start-from", "none.safetensors", "-o", "x.safetensors"], "There is no file"),
        ([], "the following arguments are required: -o/--output"),
    ],
)
def test_bad_trainings_are_one_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train-robust", *arguments]) == cli.BAD_INPUT
    said = capsys.readouterr().err.strip()
    assert sentence in said and said.count("\n") == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.safetensors"], "There is no file none.safetensors"),
        (["bad.safetensors"], "bad.safetensors is damaged"),
        (["bad.pt", "--arch", "resnet18"], "bad.pt is damaged"),
        (["small.pt", "--arch", "convnet4a"], "it holds another network"),
        (["small.pt", "--arch", "vgg"], "Unknown model 'vgg'"),
        (["bad.pt", "--data", "imagenet"], "known data sets: mnist"),
    ],
)
def test_bad_attacks_are_one_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("bad.safetensors", "bad.pt"):
        (tmp_path / name).write_bytes(b"nonsense")
    small = make_classifier("convnet4a", (1, 20, 20), 3)
    torch.save(small.state_dict(), tmp_path / "small.pt")
    data = [] if "--data" in arguments else ["--data", "mnist_excerpt"]
    assert cli.main(["attack", *arguments, *data]) == cli.BAD_INPUT
    said = capsys.readouterr().err.strip()
    assert sentence in said and said.count("\n") == 0


@pytest.mark.slow
def test_several_processes_here_and_in_one_task_of_a_cluster(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "runs"))
    weights = []
    for name in ("there", "here"):
        if name == "here":
            monkeypatch.delenv("LEVELSET_CLUSTER")
        file = tmp_path / f"{name}.safetensors"
        short = ["--limit", "64", "--epochs", "1", "--test-limit", "20", "--processes", "2"]
        assert cli.main([*TRAIN, *short, "-o", str(file)]) == 0
        weights.append(load_classifier(file).network.state_dict())
    there, here = weights
    assert all(torch.equal(there[name], here[name]) for name in here)
    runs = RunStore().runs()
    assert [run.config.processes for run in runs] == [2, 2]
    assert not any((run.path / "task.json").exists() for run in runs)
