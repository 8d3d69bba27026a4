"""Explorer and Train here in a real browser: offline, on bundled data."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from levelset_core.classifiers.files import load_classifier
from levelset_core.robustness.models import known_models
from tests.digits import keep_upload, save_small, small_network
from tests.e2e.browsers import focus
from tests.e2e.servers import PATIENCE, run_store, until
from tests.e2e.test_robustness import offline


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("c") / "small.safetensors", small_network())


@pytest.fixture
def store(tmp_path, monkeypatch, checkpoint):
    """A store with one uploaded model."""
    own = {"LEVELSET_DATA": str(tmp_path / "no-data"), "LEVELSET_DEVICE": "cpu"}
    with run_store(monkeypatch, tmp_path / "runs", **own) as store:
        keep_upload(load_classifier(checkpoint), "Small", {"method": None}, store)
        yield store


def small(store) -> str:
    """The id of that model."""
    (model,) = (model.id for model in known_models(store) if model.title == "Small")
    return model


class Explorer:
    """A person at the explorer."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Locator = page.get_by_test_id("explorer")
        self.section: Locator = page.get_by_test_id("section")

    def value(self, name: str, part: Locator | None = None) -> str:
        return (part or self.root).get_attribute(f"data-{name}", timeout=1000 * PATIENCE) or ""

    def number(self, name: str) -> float:
        return float(self.value(name) or "nan")

    def press(self, slider: str, key: str, times: int = 1) -> None:
        focus(self.root.get_by_test_id(slider))
        for _ in range(times):
            self.page.keyboard.press(key)

    def pixels(self, name: str) -> list[int]:
        """Colours of a picture in the browser."""
        return self.root.get_by_test_id(name).evaluate(
            "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        )


@pytest.fixture
def explorer(store, serve, browse) -> Explorer:
    address = f"{serve().url}/adversarial?view=explorer&model={small(store)}"
    explorer = Explorer(browse(address, ready=False, prepare=offline).page)
    until(lambda: explorer.value("step") == "40", "the first attack")
    return explorer


def test_both_sliders_and_the_plane(explorer, store):
    page = explorer.page
    until(lambda: explorer.value("key", explorer.section), "the plane")
    # The step slider moves within the browser: the picture of the perturbation changes with it.
    last, picture = explorer.number("margin"), explorer.pixels("change")
    explorer.press("step", "Home")
    until(lambda: explorer.value("step") == "0", "step 0")
    assert explorer.number("margin") > last and explorer.pixels("change") != picture
    margins = []
    for k in range(1, 6):
        explorer.press("step", "ArrowRight")
        until(lambda k=k: explorer.value("step") == str(k), f"step {k}")
        margins.append(explorer.number("margin"))
    assert margins[-1] < margins[0]
    # Epsilon asks the server: another attack, then another plane.
    plane = explorer.value("key", explorer.section)
    explorer.press("epsilon", "ArrowLeft", 5)
    until(lambda: explorer.number("epsilon") == 0.25, "another attack")
    assert explorer.value("step") == "5"  # stays
    until(lambda: explorer.value("key", explorer.section) != plane, "another plane")
    explorer.press("epsilon", "Home")
    until(lambda: explorer.number("epsilon") == 0, "no attack")
    expect(page.get_by_text("There is no plane")).to_be_visible()
    explorer.press("epsilon", "ArrowRight", 20)
    until(lambda: explorer.number("epsilon") == 0.2, "an attack again")
    # Another image, by keyboard, and a filter.
    gallery = page.get_by_test_id("gallery")
    assert explorer.value("count", gallery) == "200"
    key = explorer.value("key")
    focus(gallery.get_by_role("listbox"))
    page.keyboard.press("ArrowRight")
    until(lambda: explorer.value("key") != key, "another image")
    assert explorer.value("chosen", gallery) == "1"
    # A survey in the background fills the filters in.
    page.get_by_role("button", name="Attack all 200").click()
    until(store.runs, "the survey to begin")
    (run,) = store.runs()
    until(lambda: run.status().state == "done", "the survey to end", 5 * PATIENCE)
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("combobox", name="What breaks them").click()
    page.get_by_role("option", name="Break under margin PGD", exact=True).click()
    until(lambda: 0 < int(explorer.value("count", gallery)) < 200, "a filtered gallery")
    assert not page.elsewhere
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_reload_brings_model_image_and_epsilon_back(explorer, store):
    page = explorer.page
    gallery = page.get_by_test_id("gallery")
    explorer.press("epsilon", "ArrowLeft", 5)
    until(lambda: explorer.number("epsilon") == 0.25, "another attack")
    first = explorer.value("key")
    focus(gallery.get_by_role("listbox"))
    page.keyboard.press("ArrowRight")
    until(lambda: explorer.value("key") != first, "another image")
    wanted = f"?view=explorer&model={small(store)}&images=mnist_excerpt&image=1&epsilon=0.25"
    until(lambda: page.evaluate("location.search") == wanted, "the address")
    key = explorer.value("key")
    entries = page.evaluate("history.length")
    page.reload()
    until(lambda: explorer.value("key") == key, "the same attack")
    assert explorer.value("chosen", gallery) == "1"
    # Other views take it out of the address, and Back, which knows of no image, brings it again.
    page.get_by_role("radio", name="Table").click()
    until(lambda: page.evaluate("location.search") == "?view=table", "the table's address")
    page.wait_for_timeout(1500)  # as long as a person needs, see kept.HEARD
    assert page.evaluate("history.length") == entries + 1
    page.go_back()
    until(lambda: explorer.value("key") == key, "the same attack once more")
    assert page.evaluate("location.search") == wanted


def test_a_digit_of_ones_own(explorer):
    page = explorer.page
    key = explorer.value("key")
    page.get_by_role("radio", name="Draw").click()
    expect(page.get_by_text("Draw a digit on the left")).to_be_visible()
    pad = page.get_by_test_id("pad")
    pad.hover()  # waits until the pad no longer moves
    box = pad.bounding_box()

    def at(x, y):
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    page.mouse.move(*at(0.5, 0.15))
    page.mouse.down()
    page.mouse.move(*at(0.5, 0.85), steps=12)
    page.mouse.up()
    until(lambda: explorer.value("key") not in ("", key), "the drawn digit's attack")
    ink = explorer.pixels("image")
    assert max(ink[0::4]) == 255 and ink[0] == 0
    first = explorer.value("key")
    page.mouse.move(*at(0.3, 0.3))
    page.mouse.down()
    page.mouse.move(*at(0.7, 0.6), steps=6)
    page.mouse.up()
    until(lambda: explorer.value("key") not in ("", first), "the second stroke")
    page.get_by_test_id("digit").get_by_test_id("undo").click()
    until(lambda: explorer.value("key") == first, "the first stroke alone again")
    until(lambda: "images=drawn" in page.evaluate("location.search"), "the address")
    page.reload()
    until(lambda: explorer.value("key") == first, "the drawn digit again")
    page.get_by_test_id("clear").click()
    expect(page.get_by_text("Draw a digit on the left")).to_be_visible()
    assert explorer.value("strokes", page.get_by_test_id("digit")) == "0"
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_training_is_watched_and_becomes_a_model(serve, browse, store):
    page = browse(f"{serve().url}/adversarial?view=train", ready=False, prepare=offline).page
    page.get_by_role("combobox", name="Method").click()
    page.get_by_role("option", name="Standard", exact=True).click()
    expect(page.get_by_text("Cross-entropy on the images as they are")).to_be_visible()
    page.get_by_text("More", exact=True).click()
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill("3")
    epochs.press("Enter")
    page.get_by_role("button", name="Train", exact=True).click()
    training = page.get_by_test_id("training")
    expect(training).to_have_attribute("data-last", "3", timeout=3000 * PATIENCE)
    (run,) = store.runs()
    until(lambda: run.status().state == "done", "the training to end", 3 * PATIENCE)
    focus(training.get_by_test_id("epoch"))
    page.keyboard.press("Home")
    expect(training).to_have_attribute("data-epoch", "0")
    expect(training.get_by_test_id("legend")).to_contain_text("Standard (2) clean")
    training.get_by_test_id("play").click()
    expect(training).to_have_attribute("data-epoch", "3")
    page.get_by_role("radio", name="Explorer").click()
    page.get_by_role("combobox", name="Model").click()
    expect(page.get_by_role("option", name="Standard (2)", exact=True)).to_be_visible()
    assert not page.elsewhere
    expect(page.get_by_test_id("stException")).to_have_count(0)
