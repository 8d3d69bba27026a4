"""The views Explorer and Train here as Streamlit runs them, without a browser."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.files import Classifier, load_classifier
from levelset_core.data.images import data_folder
from levelset_core.robustness.kinds.robust import LOOKS
from levelset_core.robustness.models import known_models
from levelset_core.runs import RunStore, work_here
from pages.robustness.training import start_training
from pages.server.arrays import store as arrays
from tests.digits import keep_upload, save_small, small_network

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("c") / "small.safetensors", small_network())


@pytest.fixture(autouse=True)
def quiet(checkpoint, monkeypatch, store, tmp_path):
    """One model, no data but the bundled ones; runs wait for nobody."""
    monkeypatch.setattr("levelset_core.robustness.models.CHECKPOINTS", checkpoint.parent)
    monkeypatch.setenv("LEVELSET_DEVICE", "cpu")
    monkeypatch.setenv("LEVELSET_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr(RunStore, "submit", lambda self, run: None)


@pytest.fixture
def shown(monkeypatch):
    """What the front ends were last given, by key."""
    found = {}

    class State:
        wanted = chosen = drawn = None

    def watch(name, state):
        def mount(*, key, data, **options):
            found[name] = data
            return state

        return mount

    import pages.robustness.explorer as attack
    import pages.robustness.gallery as gallery
    import pages.robustness.training as training

    monkeypatch.setattr(attack, "_explorer", watch("explorer", State()))
    monkeypatch.setattr(attack, "_section", watch("section", State()))
    monkeypatch.setattr(gallery, "IMAGES", 60)
    monkeypatch.setattr(gallery, "_component", watch("gallery", State()))
    monkeypatch.setattr(training, "_component", watch("training", State()))
    return found


def open_page(view, **address):
    at = AppTest.from_file(str(ROOT / "pages" / "robustness" / "page.py"), default_timeout=60)
    for name, value in {"view": view, **address}.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def frames(data):
    published = data["frames"]
    return np.frombuffer(arrays.get(published["name"]), np.float32).reshape(published["shape"])


def test_an_image_its_attack_and_its_plane(shown, store):
    at = open_page("explorer")
    data, section = shown["explorer"], shown["section"]
    path = frames(data)
    assert path.shape[1] == 784 and data["epsilon"] == 0.3 and len(data["margins"]) == 41
    assert np.abs(path[1:42] - path[0]).max() <= 0.3 + 1e-6
    assert path.min() >= 0 and path.max() <= 1
    assert data["margins"][-1] < data["margins"][0]
    assert len(section["path"]) == 41 and section["key"].startswith(data["key"][:40])
    assert section["path"][-1] == pytest.approx([0.3, 0.0], abs=1e-3)
    if (root := section["root"]) is not None:
        assert root[0] == pytest.approx(data["along"]["root"], abs=1e-4)
    # Another epsilon from the slider: a new attack, and a new plane once the slider rests.
    before = section["key"]
    at.session_state["explorer_1"] = {"wanted": {"epsilon": 0.1, "settled": False}}
    at.run()
    assert shown["explorer"]["epsilon"] == 0.1 and shown["section"]["key"] == before
    at.session_state["explorer_1"] = {"wanted": {"epsilon": 0.1, "settled": True}}
    at.run()
    assert shown["section"]["key"] != before and shown["section"]["epsilon"] == 0.1
    at.session_state["explorer_1"] = {"wanted": {"epsilon": 0.0, "settled": True}}
    at.session_state["explorer_start"] = "image"
    at.run()
    assert not at.exception and "There is no plane" in at.info[0].value
    assert not store.runs()  # nothing that takes long begins by itself


def test_the_address_is_written_and_read(shown, store):
    model = known_models(store)[0]
    at = open_page("explorer")
    assert shown["explorer"]["address"] == {
        "model": model.id, "images": "mnist_excerpt", "image": 0, "epsilon": 0.3,
    }  # fmt: skip
    at = open_page("explorer", model=model.id, images="mnist_excerpt", image="7", epsilon="0.2")
    assert shown["gallery"]["chosen"] == 7 and shown["explorer"]["epsilon"] == 0.2
    at.segmented_control(key="explorer_source").set_value("draw").run()
    at.session_state["digit_pad"] = {"drawn": {"edit": 1, "strokes": [[[0.5, 0.1], [0.5, 0.9]]]}}
    at.run()
    assert shown["explorer"]["address"]["images"] == "drawn"
    assert shown["explorer"]["address"]["image"] is None
    at = open_page("explorer", model=model.id, images="drawn")
    assert at.segmented_control(key="explorer_source").value == "draw"


def test_the_epsilon_of_the_address_is_for_its_model_alone(shown, store):
    network = make_classifier("convnet4b", (3, 32, 32), 10, seed=1).eval()
    keep_upload(Classifier(network, "convnet4b", (3, 32, 32), 10, {}), "Colour", {}, store)
    grey, colour = sorted(known_models(store), key=lambda model: model.shape)
    at = open_page("explorer", model=grey.id, epsilon="0.2")
    assert shown["explorer"]["epsilon"] == 0.2
    for k in range(20):
        place = data_folder() / "cifar10" / "test" / str(k % 10)
        place.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (12 * k, 0, 0)).save(place / f"{k}.png")
    at.selectbox(key="explorer_model").set_value(colour.id).run()
    assert not at.exception and shown["explorer"]["epsilon"] == 0.031


@pytest.mark.parametrize(
    "wrong", [{"image": "60"}, {"image": "-1"}, {"image": "x"}, {"images": "cifar10"}]
)
def test_an_address_that_does_not_fit_is_as_none(shown, wrong):
    address = {"model": "gone", "images": "mnist_excerpt", "image": "7", "epsilon": "nan", **wrong}
    open_page("explorer", **address)
    assert shown["gallery"]["chosen"] == 0 and shown["explorer"]["epsilon"] == 0.3


def test_both_losses_and_the_other_direction(shown):
    at = open_page("explorer")
    margin = shown["explorer"]["margins"]
    at.segmented_control(key="explorer_loss").set_value("xent").run()
    assert shown["explorer"]["margins"] != margin
    at.segmented_control(key="explorer_second").set_value("attack").run()
    assert not at.exception and shown["section"]["label_v"] == "margin attack"


def test_the_filters_know_what_the_survey_found(shown, store):
    at = open_page("explorer")
    everything = [index for index, _, _ in shown["gallery"]["shown"]]
    assert everything == list(range(60))
    at.selectbox(key="explorer_breaks").set_value("wrong").run()
    wrong = shown["gallery"]["shown"]
    assert 0 < len(wrong) < 60 and all(mark == "wrong" for _, mark, _ in wrong)
    at.selectbox(key="explorer_breaks").set_value("broken_margin").run()
    assert shown["gallery"]["shown"] == []
    at.button(key="explorer_survey").click().run()
    (run,) = store.runs()
    assert run.config.kind == "survey"
    work_here(store, run)
    at.run()
    broken = shown["gallery"]["shown"]
    assert len(broken) > 15 and all("boundary at" in title for _, _, title in broken[:5])
    at.slider(key="explorer_distance").set_value((0.0, 0.05)).run()
    near = shown["gallery"]["shown"]
    assert 0 < len(near) < len(broken)
    assert all(float(title.rsplit(" ", 1)[1]) <= 0.0505 for _, _, title in near)
    at.pills(key="explorer_classes_10").set_value([1]).run()
    assert all(title.startswith("1, ") for _, _, title in shown["gallery"]["shown"])


def test_a_survey_that_is_done_counts_more_than_one_that_was_cut_off(shown, store):
    at = open_page("explorer")
    at.button(key="explorer_survey").click().run()
    (run,) = store.runs()
    work_here(store, run)
    config = run.config
    store.create(
        "survey", config.settings, seed=1, device="cpu",
        inputs={path.name: path for path in run.inputs.iterdir()},
    )  # fmt: skip
    at.run()
    assert any("boundary at" in title for _, _, title in shown["gallery"]["shown"])
    assert not [b for b in at.button if b.key == "explorer_survey_go"]


def test_a_drawn_digit_and_an_uploaded_one(shown):
    at = open_page("explorer")
    at.segmented_control(key="explorer_source").set_value("draw").run()
    assert "Draw a digit" in at.info[0].value
    line = [[0.5, 0.1], [0.5, 0.9]]
    at.session_state["digit_pad"] = {"drawn": {"edit": 1, "strokes": [line]}}
    at.run()
    assert not at.exception
    drawn = frames(shown["explorer"])[0].reshape(28, 28)
    assert drawn[:, 13:16].sum() > 0.9 * drawn.sum()
    assert shown["explorer"]["label_name"] == "taken as"
    at.selectbox(key="explorer_class").set_value(1).run()
    assert (shown["explorer"]["label"], shown["explorer"]["label_name"]) == (1, "you say")
    at.segmented_control(key="explorer_source").set_value("upload").run()
    file = io.BytesIO()
    Image.fromarray(np.kron(255 - (255 * drawn).astype(np.uint8), np.ones((9, 9), np.uint8))).save(
        file, "PNG"
    )
    at.file_uploader(key="explorer_file").set_value(("1.png", file.getvalue(), "image/png")).run()
    uploaded = frames(shown["explorer"])[0].reshape(28, 28)
    moved = [np.roll(uploaded, k, axis=1) for k in (-1, 0, 1)]  # its middle may round otherwise
    assert max(np.corrcoef(m.ravel(), drawn.ravel())[0, 1] for m in moved) > 0.9
    at.file_uploader(key="explorer_file").set_value(("2.png", b"no", "image/png")).run()
    assert not at.exception and "no picture that can be read" in at.error[0].value


def test_the_explorer_is_as_it_was_left(shown, monkeypatch, tmp_path, store, checkpoint):
    keep_upload(load_classifier(checkpoint), "Other", {}, store)
    at = open_page("explorer")
    other = next(o for o in at.selectbox(key="explorer_model").options if o == "Other")
    at.selectbox(key="explorer_model").select(other).run()
    at.segmented_control(key="explorer_loss").set_value("xent").run()
    at.segmented_control(key="explorer_start").set_value("image").run()
    at.session_state["explorer_1"] = {"wanted": {"epsilon": 0.2, "settled": True}}
    at.run()
    assert shown["explorer"]["epsilon"] == 0.2
    at.segmented_control(key="robust_view").set_value("train").run()
    at.session_state["explorer_1"] = None  # the component begins anew
    at.segmented_control(key="robust_view").set_value("explorer").run()
    assert not at.exception and shown["explorer"]["epsilon"] == 0.2
    assert at.segmented_control(key="explorer_loss").value == "xent"
    assert at.segmented_control(key="explorer_start").value == "image"
    assert at.selectbox(key="explorer_model").value.startswith("upload-")


def test_a_training_starts_and_two_are_shown_over_each_other(shown, store):
    at = open_page("train")
    assert "Watch a decision boundary move" in "".join(m.value for m in at.markdown)
    at.selectbox(key="train_method").set_value("standard").run()
    at.number_input(key="train_epochs").set_value(2).run()
    at.button(key="train_start").click().run()
    assert not at.exception
    (run,) = store.runs()
    assert run.config.settings["method"] == "standard" and run.config.settings["watch"] == 100
    assert work_here(store, run).state == "done"
    at.run()
    (record,) = shown["training"]["runs"]
    assert record["epochs"] == [0.0, 1.0, 2.0]
    assert record["title"] == "Standard (2)"  # one is bundled
    assert record["clean"][-1] > record["clean"][0]
    other = start_training("madry", "convnet4a_narrow", 0.2, 2, 1, 0)
    (other.artifacts / LOOKS).write_bytes((run.artifacts / LOOKS).read_bytes())
    at.session_state["train_shown"] = [run.id, other.id]
    at.run()
    assert [r["title"] for r in shown["training"]["runs"]] == ["Standard (2)", "Madry 0.2"]
    # The finished one is a model of the page now.
    at = open_page("explorer")
    assert "Standard (2)" in at.selectbox(key="explorer_model").options
