"""Which classifiers are known: bundled, trained here, uploaded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.files import load_classifier, read_card
from levelset_core.robustness.models import (
    forget_upload,
    known_models,
    training_titles,
)
from tests.digits import keep_upload, save_small


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    folder = tmp_path / "assets" / "checkpoints"
    folder.mkdir(parents=True)
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", folder)
    return folder


def network(seed):
    return make_classifier("convnet4a", (1, 28, 28), 10, seed=seed)


def test_none(bundled, store):
    assert known_models(store) == []


def test_bundled_ones_and_their_titles(bundled, store):
    save_small(bundled / "x.safetensors", network(0), method="ours", settings={"epsilon": 0.4})
    save_small(bundled / "y.safetensors", network(1), method="ours", settings={"epsilon": 0.4})
    save_small(bundled / "z.safetensors", network(2))
    (bundled / "broken.safetensors").write_bytes(b"nothing")
    found = known_models(store)
    assert [m.title for m in found] == ["Standard", "Level set 0.4", "Level set 0.4 (2)"]
    assert len({m.digest for m in found}) == len({m.id for m in found}) == 3
    assert found[1].file == "assets/checkpoints/x.safetensors"
    assert found[0].network_title == "ConvNet-4a" and found[0].load().classes == 10
    (bundled / "z.json").write_text('{"method": "trades", "settings": {"epsilon": 0.3}}')
    assert known_models(store)[0].title == "TRADES 0.3"  # the card beside it counts


def test_titles_name_data_that_are_not_mnist(bundled, store, tmp_path):
    card = {"method": "madry", "settings": {"epsilon": 0.1}}
    save_small(
        bundled / "x.safetensors", network(0), data="Fashion-MNIST train, local files", **card
    )
    assert [m.title for m in known_models(store)] == ["Madry 0.1, Fashion-MNIST"]
    settings = {"method": "madry", "epsilon": 0.1}
    for data in ("mnist", "mnist_excerpt", "cifar10", str(tmp_path / "MNIST-C")):
        store.create("robust", {**settings, "data": data})
    titles = set(training_titles(store).values())
    assert titles == {"Madry 0.1", "Madry 0.1 (2)", "Madry 0.1, CIFAR-10", "Madry 0.1, MNIST-C"}


def test_uploads_are_kept_once_and_removed(bundled, store, tmp_path):
    path = save_small(tmp_path / "mine.safetensors", network(3))
    classifier = load_classifier(path)
    card = {"method": None}
    assert keep_upload(classifier, "Mine", card, store) == keep_upload(
        classifier, "Mine again", card, store
    )
    keep_upload(load_classifier(save_small(path, network(4))), "Other", card, store)
    found = known_models(store)
    assert sorted(m.title for m in found) == ["Mine again", "Other"]
    assert {m.origin for m in found} == {"upload"}
    assert store.runs() == []
    forget_upload(found[0])
    assert len(known_models(store)) == 1


def test_trainings_are_called_by_the_epsilon_they_are_to_stand(bundled, store):
    def training(**settings):
        return store.create("robust", {"method": "ours", "data": "mnist_excerpt", **settings})

    first = training(epsilon=0.2667, watch=10, watch_epsilon=0.2)
    second = training(epsilon=0.2)
    third = training(epsilon=0.2, method="standard")
    assert training_titles(store) == {
        first.id: "Level set 0.2", second.id: "Level set 0.2 (2)", third.id: "Standard"
    }  # fmt: skip
    save_small(first.artifacts / "model.safetensors", network(5), method="ours",
               settings={"epsilon": 0.2667})  # fmt: skip
    assert known_models(store) == []  # it is not done
    first.write_status(replace(first.status(), state="done"))
    assert [m.title for m in known_models(store)] == ["Level set 0.2"]


def test_trainings_called_as_a_bundled_one_have_titles_of_their_own(bundled, store):
    save_small(bundled / "x.safetensors", network(0), method="madry", settings={"epsilon": 0.3})
    runs = [store.create("robust", {"method": "madry", "epsilon": 0.3}) for _ in range(2)]
    for seed, run in enumerate(runs, 1):
        save_small(run.artifacts / "model.safetensors", network(seed), method="madry",
                   settings={"epsilon": 0.3})  # fmt: skip
        run.write_status(replace(run.status(), state="done"))
    titles = training_titles(store)
    assert [titles[run.id] for run in runs] == ["Madry 0.3 (2)", "Madry 0.3 (3)"]
    assert [m.title for m in known_models(store)] == ["Madry 0.3", *titles.values()]


def test_old_names_of_bundled_files_lead_on(tmp_path):
    path = save_small(tmp_path / "mnist_level_set.safetensors", network(0), method="ours")
    old = path.with_stem("mnist_ours")
    assert load_classifier(old).classes == 10 and read_card(old) == read_card(path)
    save_small(old, network(1))
    assert read_card(old) != read_card(path)  # a file that is there is taken as it is
