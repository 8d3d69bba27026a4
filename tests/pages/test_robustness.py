"""The page Robustness as Streamlit runs it, without a browser."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from levelset_core import LevelsetError
from levelset_core.attacks import AttackConfig, paper_attack
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.files import Classifier, load_classifier, save_classifier, write_card
from levelset_core.glossary import GLOSSARY
from levelset_core.robustness.cells import Cell, all_cells, start_cells
from levelset_core.robustness.measurements import start_measurement
from levelset_core.robustness.models import known_models
from levelset_core.robustness.table import (
    COLUMNS,
    best_cell,
    curve_cells,
    missing_attacks,
    table_rows,
)
from levelset_core.robustness.table1 import TABLE, Reference, published_for
from levelset_core.runs import RunStore, work_here
from pages.robustness.charts import (
    black_box_figure,
    curve_figure,
    distance_figure,
    distances_with,
    read_distances,
    waterfall_figure,
)
from pages.robustness.export import csv_text, markdown
from pages.robustness.table import _row, cell_values, usual_images
from tests.digits import keep_upload, save_small, small_network

ROOT = Path(__file__).resolve().parents[2]
PGD = AttackConfig()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("c") / "std.safetensors", small_network())


@pytest.fixture(autouse=True)
def bundled(tmp_path, monkeypatch, store):
    """A folder of bundled checkpoints, empty at first; runs wait for nobody."""
    folder = tmp_path / "assets" / "checkpoints"
    folder.mkdir(parents=True)
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", folder)
    monkeypatch.setenv("LEVELSET_DEVICE", "cpu")
    monkeypatch.setenv("LEVELSET_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr(RunStore, "submit", lambda self, run: None)
    return folder


@pytest.fixture
def models(bundled, checkpoint, store):
    """Two of them."""
    card = {"figures": None}
    save_small(bundled / "std.safetensors", small_network(), **card)
    other = make_classifier("convnet4a", (1, 28, 28), 10, seed=1)
    save_small(bundled / "ours.safetensors", other, method="ours", settings={"epsilon": 0.4})
    return sorted(known_models(store), key=lambda model: model.title)


def open_page(view="table"):
    at = AppTest.from_file(str(ROOT / "pages" / "robustness" / "page.py"), default_timeout=60)
    at.query_params["view"] = view
    at.run()
    assert not at.exception
    return at


def texts(at):
    kinds = (at.markdown, at.caption, at.error, at.info, at.warning, at.success, at.code)
    return "\n".join(e.value for kind in kinds for e in kind)


def button(at, label):
    return next(b for b in at.button if label in b.label)


@pytest.mark.parametrize("view", ["table", "curves"])
def test_without_a_model_it_says_how_to_get_one(view):
    at = open_page(view)
    assert "No classifier yet" in texts(at) and "train-robust" in texts(at)


def test_a_cell_is_run_seen_and_extended(models, store):
    at = open_page()
    assert "Standard · Margin PGD" in texts(at)
    assert "Reference: 0.00% (Table 1 of the paper)" in texts(at)
    at.session_state["robust_grid"] = {"chosen": ["ours", "pgd-xent"]}
    at.run()
    assert "Level set 0.4 · Cross-entropy PGD" in texts(at)
    assert "Reference: 99.23% (Table 1" in texts(at)
    at.session_state["robust_grid"] = {"chosen": ["std", "pgd-margin"]}
    at.run()
    at.selectbox(key="robust_images_1000").set_value(50).run()
    button(at, "Run").click().run()
    assert not at.exception
    (run,) = store.runs()
    assert run.config.settings["images"] == 50
    assert run.config.settings["cells"][0]["attack"] == "pgd-margin"
    assert work_here(store, run).state == "done"
    at.run()
    cell = next(c for c in all_cells(store, models) if c.attack == PGD)
    assert f"{cell.standing} of 50 images withstood the attack" in texts(at) and run.id in texts(at)
    assert button(at, "Run").disabled and "Measured: choose more images" in texts(at)
    at.selectbox(key="robust_images_1000").set_value(100).run()
    button(at, "Extend to 100").click().run()
    assert (store.runs()[0].inputs / "earlier.safetensors").exists()
    at.segmented_control(key="robust_scope").set_value("row").run()
    assert "Run 5 cells" in button(at, "Run").label  # the one that was extended can be resumed


def test_the_table_is_as_it_was_left(models):
    at = open_page()
    at.session_state["robust_grid"] = {"chosen": ["ours", "pgd-worst"]}
    at.number_input(key="robust_epsilon_1").set_value(0.2).run()
    at.selectbox(key="robust_images_1000").set_value(500).run()
    at.number_input(key="robust_seed").set_value(3).run()
    assert "--eps 0.2" in texts(at) and "--limit 500 --seed 3" in texts(at)  # what Run would do
    at.segmented_control(key="robust_view").set_value("train").run()
    at.segmented_control(key="robust_view").set_value("table").run()
    assert not at.exception and "Level set 0.4 · Worst case" in texts(at)
    assert "--eps 0.2" in texts(at) and "--limit 500 --seed 3" in texts(at)
    assert at.number_input(key="robust_epsilon_1").value == 0.2


def test_an_upload_does_not_take_the_first_place(models, store, checkpoint):
    keep_upload(load_classifier(checkpoint), "Mine", {}, store)
    assert "Standard · Margin PGD" in texts(open_page())


def test_an_address_opens_the_tables_images_and_epsilon(models, store):
    network = make_classifier("convnet4b", (3, 32, 32), 10, seed=1).eval()
    keep_upload(Classifier(network, "convnet4b", (3, 32, 32), 10, {}), "Mine", {}, store)
    for images, epsilon, shown in (
        ("cifar10", "0.062", 0.062),
        ("cifar10", "7", 0.031),  # as any other that cannot be
        ("of no use", "0.2", 0.2),  # the first images
    ):
        at = AppTest.from_file(str(ROOT / "pages" / "robustness" / "page.py"), default_timeout=60)
        at.query_params["data"], at.query_params["eps"] = images, epsilon
        at.run()
        assert not at.exception
        assert [n.value for n in at.number_input if n.label.startswith("ε")] == [shown]


def test_what_an_uploaded_file_says_of_itself_is_no_figure(models, bundled, store, checkpoint):
    claims = {"robust_accuracy": 0.99, "clean_accuracy": 1.0, "images": 1000, **asdict(PGD)}
    card = {"method": None, "figures": claims, "cells": [claims]}
    keep_upload(load_classifier(checkpoint), "Claims", card, store)
    (model,) = [m for m in known_models(store) if m.origin == "upload"]
    assert model.card == {"name": "Claims"} and all_cells(store, [model]) == []
    save_small(bundled / "std.safetensors", small_network(), **card)
    assert all_cells(store, known_models(store)) != []  # a bundled one's card is this program's


def test_an_upload_brings_its_weights_and_nothing_else(models, store, tmp_path):
    claims = {"robust_accuracy": 0.99, "clean_accuracy": 1.0, "images": 1000, **asdict(PGD)}
    masking = {"epsilon": 0.3, "verdict": "Trust me."}
    file = save_small(tmp_path / "x.safetensors", small_network(seed=3), cells=[claims],
                      figures=claims, masking=masking)  # fmt: skip
    at = open_page("upload")
    at.file_uploader(key="robust_file").set_value((file.name, file.read_bytes(), "")).run()
    at.text_input(key="robust_name_x.safetensors").set_value("*Mine* $x$").run()
    at.button(key="robust_keep").click().run()
    assert not at.exception and "Mine x is among the models now" in texts(at)
    (model,) = [m for m in known_models(store) if m.origin == "upload"]
    assert model.title == "Mine x" and all_cells(store, [model]) == []
    assert model.card.keys() <= {"name", "file"} and "Trust me" not in texts(open_page())


def test_a_run_on_fewer_images_is_told_beside_the_figure_that_stays(models, store):
    for images in (60, 20):
        work_here(store, start_cells(store, models[1], [PGD], data="mnist_excerpt", images=images))
    rows = table_rows(models, all_cells(store, models), "mnist_excerpt", 0.3)
    entry = rows[1].entries["pgd-margin"]
    assert (entry.best.images, entry.latest.images) == (60, 20)
    own = f"{entry.latest.standing} of 20 right"
    assert cell_values(entry)["own"] == f"your run: {own}"
    assert cell_values(rows[0].entries["pgd-margin"])["own"] == ""
    told = texts(open_page())
    assert f"Your last run is done: **{own}**" in told and "agrees with the figure above" in told


def test_what_comes_before_a_run_is_said_beside_its_button(models, store, monkeypatch):
    assert "Other runs come first" not in texts(open_page())
    run = start_cells(store, models[1], [PGD], data="mnist_excerpt", images=20)
    monkeypatch.setattr(RunStore, "waiting", lambda self: [run])
    assert "Other runs come first: 1 in the queue." in texts(open_page())


def test_the_tables_words(models, store):
    run = start_cells(store, models[1], [PGD], data="mnist_excerpt", images=60)
    rows = table_rows(models, all_cells(store, models), "mnist_excerpt", 0.3)
    assert [row.model.title for row in rows] == ["Level set 0.4", "Standard"]
    waiting = cell_values(rows[1].entries["pgd-margin"])
    assert (waiting["state"], waiting["progress"]) == ("stopped", 0.0)
    work_here(store, run)
    rows = table_rows(models, all_cells(store, models), "mnist_excerpt", 0.3)
    entry = rows[1].entries["pgd-margin"]
    shown = cell_values(entry)
    assert shown["state"] == "known" and "60 images" in shown["text"]
    assert "–" in shown["interval"] and "*" not in shown["interval"] and not shown["note"]
    assert cell_values(entry, 1000)["interval"].startswith("* ")  # on fewer images than the others
    assert usual_images(rows) in (60, 200, 1000) and usual_images([]) == 0
    assert shown["value"] == f"{100 * entry.best.accuracy:.1f}"
    assert rows[1].entries["clean"].best.images == 60  # found on the way
    assert cell_values(rows[0].entries["autoattack"])["reference"] == "AutoAttack's list 90.85"
    lines = markdown(rows).splitlines()
    assert len(lines) == 4 and "(0.0 to" in lines[3] and "[97.35]" in lines[2]
    table = list(csv.DictReader(io.StringIO(csv_text(rows, "mnist_excerpt"))))
    assert len(table) == 12
    line = next(r for r in table if r["model"] == "Standard" and r["attack"] == "pgd-margin")
    assert float(line["low"]) <= float(line["accuracy"]) <= float(line["high"])
    assert "--limit 60 --seed 0 --json" in line["command"]
    # Another epsilon is another question, and nothing is published for it.
    other = table_rows(models, all_cells(store, models), "mnist_excerpt", 0.2)
    assert other[1].entries["pgd-margin"].best is None
    assert other[0].entries["pgd-margin"].reference is None
    # Nor is it for digits' networks on clothes.
    clothes = table_rows(models, all_cells(store, models), "fashion_mnist", 0.3)
    assert all(row.like is None for row in clothes)
    assert all(e.reference is None for row in clothes for e in row.entries.values())


def test_verdicts(models, store, monkeypatch):
    monkeypatch.setattr("pages.robustness.masking.IMAGES", 8)
    at = open_page()
    assert texts(at).count("Not examined yet") == 2
    button(at, "Examine 2 models").click().run()
    runs = [r for r in store.runs() if r.config.kind == "masking"]
    assert len(runs) == 2 and not at.exception
    for run in store.runs():
        assert work_here(store, run).state == "done"
    at.run()
    assert "Not examined yet" not in texts(at)
    assert button(at, "Examine").disabled
    assert {m.label for m in at.metric} >= {"Median size of a logit", "Right, black box"}


@pytest.mark.parametrize("curve", ["epsilon", "steps", "waterfall", "distances", "black-box"])
def test_curves_measure_what_is_missing(models, store, curve):
    at = AppTest.from_file(str(ROOT / "pages" / "robustness" / "page.py"), default_timeout=60)
    at.query_params["view"], at.query_params["curve"] = "curves", curve
    at.run()
    assert not at.exception
    button(at, "Measure").click().run()
    assert not at.exception
    kinds = {"distances": "distances", "black-box": "transfer"}
    runs = store.runs()
    assert {run.config.kind for run in runs} == {kinds.get(curve, "attack")}
    assert len(runs) == (1 if curve == "black-box" else 2)


def test_the_points_of_a_curve_are_about_as_many_images(models, store):
    base = Cell("d", PGD, "mnist_excerpt", 200, 100, 0, "done", 200, {}, 1.0)
    weak = replace(PGD, epsilon=0.1)
    model = replace(models[0], digest="d")
    attacks = {0.1: weak, 0.3: PGD, 0.5: replace(PGD, epsilon=0.5)}
    cells = [base, replace(base, images=1000, wanted=1000), replace(base, attack=weak)]
    line = curve_cells(cells, model, attacks, "mnist")
    assert {x: cell.images for x, cell in line.items()} == {0.1: 200, 0.3: 200}
    assert best_cell(cells, model, PGD, "mnist").images == 1000
    # Only what makes points of equally many images is measured, and all of it.
    two = {0.1: weak, 0.3: PGD}

    def missing(wanted, images):
        known = curve_cells(cells, model, wanted, "mnist")
        return missing_attacks(cells, model, wanted, "mnist", images, known)

    assert missing(two, 100) == []
    assert missing(two, 500) == [weak, PGD]
    assert missing(attacks, 200) == [attacks[0.5]]
    more = [*cells, *(replace(base, attack=a, images=500) for a in (weak, PGD))]
    assert {c.images for c in curve_cells(more, model, two, "mnist").values()} == {500}
    apart = [replace(base, attack=weak), replace(base, images=500)]  # none in common: the most
    assert curve_cells(apart, model, attacks, "mnist")[0.3].images == 500
    assert curve_cells([], model, attacks, "mnist") == {}


def test_the_charts(models, store):
    tiny = {"data": "mnist_excerpt", "images": 8}
    attack = AttackConfig(epsilon=0.3, steps=1)
    work_here(store, start_cells(store, models[1], [PGD], data="mnist_excerpt", images=20))
    transfer = start_measurement(store, "transfer", models, **tiny, attack=attack)
    work_here(store, transfer)
    distances = start_measurement(store, "distances", models[1:], **tiny)
    work_here(store, distances)
    colours = {m.id: k for k, m in enumerate(models)}
    cell = next(c for c in all_cells(store, models) if c.attack == PGD)
    figure = curve_figure(
        models, colours, {models[0].id: {}, models[1].id: {0.3: cell}}, "ε", 0.3, "margin"
    )
    (line,) = figure.data
    assert line.name == "Standard" and line.line.dash == "dash" and list(line.x) == [0.3]
    empty = curve_figure(models, colours, {m.id: {} for m in models}, "ε", 0.3, "margin")
    assert "Not measured yet" in empty.layout.annotations[0].text

    figure = black_box_figure(models, transfer.result(), "mnist_excerpt")
    assert len(figure.data) == 2
    texts = [text for part in figure.data for line in part.text for text in line]
    assert any("[97.34]" in t for t in texts) and not any("[99.04]" in t for t in texts[:1])
    whole = transfer.result()["matrix"]
    hidden = {**transfer.result(), "matrix": {name: [[0.9, 0.2], [0.9, 0.9]] for name in whole}}
    marked = black_box_figure(models, hidden, "mnist_excerpt").data
    marked = [text for part in marked for line in part.text for text in line]
    dark = [text for text in marked if "#ffffff" in text]  # light figures, on dark cells alone
    assert all("20.0" in text for text in dark) and len(dark) == 2
    assert sum("20.0 ▼" in text for text in marked) == sum("▼" in text for text in marked) == 2
    parts = black_box_figure(models[1:], transfer.result(), "mnist_excerpt").data
    for matrix, part in zip(whole.values(), parts, strict=True):
        assert np.array_equal(part.z, [[matrix[1][1]]])

    arrays = read_distances(distances)
    found = distances_with([distances], "least_linf")
    assert found is not None and found[0].id == distances.id
    right = arrays["right"].astype(bool)
    assert (arrays["least_linf"][right] <= arrays["newton_linf"][right]).all()
    assert distances_with([distances], "of older runs") is None
    figure = distance_figure([(models[1], arrays)], colours, "attack_linf", 0.3)
    share = sum(y for x, y in zip(figure.data[0].x, figure.data[0].y, strict=True)) / 2
    assert share == pytest.approx(1, abs=0.35)  # all but those that have no distance

    stages = {"apgd-ce": 0.9, "apgd-t": 0.8, "fab-t": 0.8, "square": 0.75}
    falls, low = waterfall_figure(
        [(models[1], replace(cell, stages=stages))], {models[1].id: replace(cell, standing=19)}
    )
    (bars,) = falls.data
    assert low == pytest.approx(0.6)
    assert list(bars.y) == pytest.approx([0.95, -0.05, -0.1, 0, -0.05, 0.75])
    assert list(bars.text) == ["95.0", "−5.0", "−10.0", "0", "−5.0", "75.0"]


def upload(at, name, content):
    at.file_uploader(key="robust_file").set_value((name, content, "application/octet-stream"))
    at.run()
    assert not at.exception
    return at


def test_a_state_dict_is_recognized_kept_and_removed(store, checkpoint):
    at = open_page("upload")
    weights = torch.nn.Module.state_dict(small_network())
    buffer = io.BytesIO()
    torch.save({f"net.{k}": v for k, v in weights.items()}, buffer)
    upload(at, "mine.pt", buffer.getvalue())
    assert "312,202 numbers" in texts(at) and "ReLUs in its head" in texts(at)
    at.text_input(key="robust_name_mine.pt").set_value("My net").run()
    button(at, "Add to the models").click().run()
    assert "My net is among the models now" in texts(at)
    (model,) = known_models(store)
    assert (model.title, model.origin) == ("My net", "upload")
    assert model.model in ("convnet4a", "convnet4a_linear")
    at.button(key=f"forget_{model.id}").click().run()
    assert not at.exception and not known_models(store)


@pytest.mark.parametrize("name", ["bad.pt", "bad.pth", "bad.safetensors", "bad.pt2", "bad.zip"])
def test_a_corrupted_file_is_one_sentence(checkpoint, name):
    at = open_page("upload")
    upload(at, name, checkpoint.read_bytes()[: len(checkpoint.read_bytes()) // 2])
    assert len(at.error) == 1 and name in at.error[0].value and "\n" not in at.error[0].value
    assert not [b for b in at.button if "Add" in b.label]


def test_a_card_about_other_images_is_no_figure_of_mnist(bundled, store):
    figures = {
        **asdict(PGD), "images": 100, "clean_accuracy": 0.9, "robust_accuracy": 0.5,
        "data": "Fashion-MNIST test, local files",
    }  # fmt: skip
    save_small(bundled / "std.safetensors", small_network(), figures=figures)
    found = known_models(store)
    cells = all_cells(store, found)
    by_data = {
        data: table_rows(found, cells, data, 0.3)[0].entries["pgd-margin"].best
        for data in ("mnist", "mnist_excerpt", "fashion_mnist")
    }
    assert by_data["mnist"] is None and by_data["mnist_excerpt"] is None
    assert by_data["fashion_mnist"].standing == 50


def test_images_that_are_not_here_are_offered_for_download(bundled, tmp_path, monkeypatch):
    network = make_classifier("convnet4b", (3, 32, 32), 10, seed=1)
    attack = paper_attack("pgd-margin", 3)
    figures = {
        **asdict(attack), "images": 100, "clean_accuracy": 0.7, "robust_accuracy": 0.3,
        "data": "CIFAR-10 test, torchvision",
    }  # fmt: skip
    card = {"method": "madry", "data": "CIFAR-10 train, torchvision", "figures": figures}
    path = bundled / "colour.safetensors"
    save_classifier(path, network, "convnet4b", (3, 32, 32), 10, card)
    write_card(path, card)

    found = known_models(RunStore())
    (row,) = table_rows(found, all_cells(RunStore(), found), "cifar10", attack.epsilon)
    assert row.entries["clean"].best.standing == 70
    assert row.entries["pgd-margin"].best.standing == 30

    for view, key in (("curves", "curves"), ("explorer", "explorer"), ("table", "table")):
        at = open_page(view)
        assert "The images of CIFAR-10 are not on this machine." in texts(at)
        assert at.button(key=f"download_{key}").label == "Download (170 MB)"
    assert "30 of 100 images withstood the attack" in texts(
        at
    )  # what its card knows is shown all the same
    assert "in another order" not in texts(at)
    assert at.button(key="robust_examine").disabled

    def refuse(*_, **__):
        raise LevelsetError("It is not there.") from OSError("no route to host")

    monkeypatch.setattr("pages.shared.image_data.load_images", refuse)
    at.button(key="download_table").click().run()
    assert not at.exception
    assert at.error[0].value.startswith("CIFAR-10 could not be downloaded (no route to host).")

    def download(*_, **__):
        for k in range(20):
            place = tmp_path / "nothing" / "cifar10" / "test" / str(k % 10)
            place.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), (12 * k, 0, 0)).save(place / f"{k}.png")

    monkeypatch.setattr("pages.shared.image_data.load_images", download)
    at.button(key="download_table").click().run()
    assert not at.exception and "not on this machine" not in texts(at)
    assert at.selectbox(key="robust_images_20").options == ["first 20"]
    # The card is about the original order; class folders take turns.
    assert "On this machine the images come in another order" in texts(at)


def test_an_uploaded_colour_model_is_offered_images_too(store):
    network = make_classifier("convnet4b", (3, 32, 32), 10, seed=1).eval()
    keep_upload(Classifier(network, "convnet4b", (3, 32, 32), 10, {}), "Mine", {}, store)
    for view in ("curves", "explorer", "table"):
        assert open_page(view).button(key=f"download_{view}").label == "Download (170 MB)"


def test_published_rows_are_found_from_cards(models):
    assert published_for("mnist", "convnet4a", "ours", 0.4).figure("autoattack") == 90.85
    rows = table_rows(models, [], "mnist_excerpt", 0.3)
    assert rows[0].entries["pgd-margin"].reference == Reference(97.35, TABLE, 0.4)


def test_names_of_the_table_are_explained_and_the_story_is_a_click_away(models, store):
    at = open_page()
    assert GLOSSARY["box"].sentence in texts(at)
    for column in COLUMNS:
        assert column.title == GLOSSARY[column.attack.replace("-", "_")].symbol
    row = _row(table_rows(models, [], "mnist_excerpt", 0.3)[0])
    assert GLOSSARY["level-set"].sentence in row["about"]
    assert GLOSSARY["convnet4"].sentence in row["about"]
    at.button(key="table_trust").click().run()
    assert not at.exception and "both look robust" in texts(at)


def test_can_you_trust_it(models, store):
    at = open_page("trust")
    for words in (
        "B is the better one", "AutoAttack", "exactly zero", "saturated logits", "90.85",
    ):  # fmt: skip
        assert not at.exception and words in texts(at), words
        at.button(key="trust_next").click().run()
    assert "both look robust" in texts(at)
    for _ in range(4):
        at.button(key="trust_next").click().run()
    assert at.button(key="trust_to_explorer")
    at.button(key="trust_to_table").click().run()
    assert not at.exception and "Can these figures be trusted?" in texts(at)
