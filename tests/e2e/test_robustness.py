"""The page Robustness in a real browser: offline, a cell that fills in, a file that is refused."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from levelset_core.classifiers.files import load_classifier
from tests.digits import keep_upload, save_small, small_network
from tests.e2e.servers import PATIENCE, run_store, until

CASES = Path(__file__).resolve().parents[1] / "robustness" / "cases"


@pytest.fixture
def store(tmp_path, monkeypatch):
    own = {"LEVELSET_DATA": str(tmp_path / "no-data"), "LEVELSET_DEVICE": "cpu"}
    with run_store(monkeypatch, tmp_path / "runs", **own) as store:
        yield store


@pytest.fixture
def checkpoint(tmp_path):
    return save_small(tmp_path / "small.safetensors", small_network())


def offline(page: Page) -> None:
    """Only the server answers; whatever else is asked for fails the test."""

    def answer(route):
        if urlsplit(route.request.url).hostname == "localhost":
            route.continue_()
        else:
            page.elsewhere.append(route.request.url)
            route.abort()

    page.elsewhere = []
    page.route("**/*", answer)


def cell(page: Page, model: str, attack: str) -> Locator:
    """A place of the table."""
    table = page.get_by_test_id("robust-table")
    return table.get_by_role("button", name=re.compile(f"^{model}, .*{attack}"))


def test_a_cell_runs_in_the_background_and_fills_in(store, checkpoint, serve, browse):
    keep_upload(load_classifier(checkpoint), "Small", {"method": None}, store)
    page = browse(f"{serve().url}/adversarial", ready=False, prepare=offline).page
    small = cell(page, "Small", "PGD on margin, ε = 0.3, 40 steps")
    expect(small).to_have_attribute("data-state", "empty")
    small.click()
    expect(page.get_by_role("heading", name="Small · Margin PGD")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(small).to_have_attribute("data-state", re.compile("queued|running"))
    expect(small).to_have_attribute("data-state", "known", timeout=3000 * PATIENCE)
    expect(page.get_by_text("of 200 images withstood the attack")).to_be_visible()
    (run,) = store.runs()
    until(lambda: run.status().state == "done", "the run to end")
    standing = run.result()["cells"][0]["standing"]
    expect(small).to_have_attribute("data-value", f"{standing / 2:.1f}")
    clean = cell(page, "Small", "no attack")
    expect(clean).to_have_attribute("data-state", "known")
    small.press("ArrowLeft")
    expect(cell(page, "Small", "PGD on cross-entropy")).to_be_focused()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("| Model | Clean |")).to_be_visible()
    # A reload opens the same images and epsilon.
    epsilon = page.get_by_role("spinbutton", name="ε (L∞ box)")
    epsilon.fill("0.2")
    epsilon.press("Enter")
    until(lambda: page.evaluate("location.search") == "?eps=0.2", "the address")
    page.reload()
    expect(epsilon).to_have_value("0.200")
    page.get_by_role("radio", name="Curves").click()
    until(lambda: page.evaluate("location.search") == "?view=curves", "the curves' address")
    assert not page.elsewhere
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_corrupted_checkpoint_is_one_sentence_and_a_good_one_is_kept(
    store, checkpoint, serve, browse
):
    page = browse(f"{serve().url}/adversarial", ready=False, prepare=offline).page
    page.get_by_role("radio", name="Your model").click()
    content = checkpoint.read_bytes()
    bad = {"name": "broken.safetensors", "mimeType": "", "buffer": content[: len(content) // 2]}
    page.locator("input[type=file]").set_input_files(bad)
    sentence = "broken.safetensors is damaged or holds more than tensors: it cannot be read."
    expect(page.get_by_role("alert").get_by_text(sentence)).to_be_visible()
    page.locator("input[type=file]").set_input_files(checkpoint)
    page.get_by_role("button", name="Add to the models").click()
    expect(page.get_by_text("small is among the models now")).to_be_visible()
    page.get_by_role("radio", name="Table").click()
    expect(cell(page, "small", "AutoAttack")).to_have_attribute("data-state", "empty")
    assert "view=" not in page.evaluate("location.search") or "table" in page.url
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_normalization_is_found_and_the_network_examined(store, serve, browse):
    page = browse(f"{serve().url}/adversarial", ready=False, prepare=offline).page
    page.get_by_role("radio", name="Your model").click()
    page.locator("input[type=file]").set_input_files(CASES / "expects_normalized.pt2")
    found = (
        "Taken with normalized pixels, MNIST's (mean 0.1307, std 0.3081): of 1,000 images 94.70%"
    )
    expect(page.get_by_text(found)).to_be_visible(timeout=3000 * PATIENCE)
    page.get_by_role("button", name="Add to the models").click()
    expect(page.get_by_text("expects_normalized is among the models now")).to_be_visible()
    page.get_by_role("radio", name="Table").click()
    expect(cell(page, "expects_normalized", "AutoAttack")).to_have_attribute("data-state", "empty")
    page.get_by_role("button", name=re.compile("^Examine")).click()
    until(lambda: store.runs() and store.runs()[0].status().state == "done", "the examination")
    expect(page.get_by_text("Not examined yet")).to_have_count(0, timeout=3000 * PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)
