"""Few samples in a real browser: a sweep is run, and its figures are looked at."""

from __future__ import annotations

import pytest
import torch
from playwright.sync_api import expect

from levelset_core.data.image_files import write_idx
from levelset_core.few_samples.config import GeneralizationConfig
from tests.e2e.servers import PATIENCE, run_store


@pytest.fixture
def store(tmp_path, monkeypatch):
    with run_store(monkeypatch, tmp_path / "runs") as store:
        yield store


def test_images_that_come_stay_chosen(store, serve, browse, tmp_path, monkeypatch):
    data = tmp_path / "data"
    monkeypatch.setenv("LEVELSET_DATA", str(data))
    page = browse(f"{serve().url}/generalization?view=run", ready=False).page
    page.get_by_role("combobox", name="Images").click()
    page.get_by_role("option", name="Fashion-MNIST (not on this machine)").click()
    download = page.get_by_role("button", name="Download (31 MB)")
    expect(download).to_be_visible()
    place = data / "fashion_mnist"  # so that the download finds them there
    place.mkdir(parents=True)
    for split in ("train", "test"):
        write_idx(place, split, torch.zeros(10, 1, 28, 28, dtype=torch.uint8), torch.arange(10))
    download.click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    expect(page.get_by_text("--seed 7")).to_be_visible()
    expect(page.get_by_text("--data fashion_mnist")).to_be_visible()


def test_a_sweep_runs_beside_the_page_and_its_figures_appear(store, serve, browse):
    settings = {
        "data": "mnist_excerpt", "fractions": [0.03, 0.1], "repeats": 3, "width": 16, "depth": 1,
        "steps": 60, "chosen": {loss: [7, 7] for loss in ("xent", "hinge", "ours")},
    }  # fmt: skip
    run = store.create(
        "generalize", GeneralizationConfig.from_dict(settings).to_dict(), device="cpu",
        name="Generalization, MNIST, bundled excerpt",
    )  # fmt: skip
    page = browse(f"{serve().url}/generalization?view=run", ready=False).page
    expect(page.get_by_role("heading", name="Few samples")).to_be_visible()
    expect(page.get_by_text("Run more repeats here")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).last.click()
    show = page.get_by_role("button", name="See its figures")
    expect(show).to_be_visible(timeout=1000 * (PATIENCE + 60))
    show.click()
    expect(page.locator(".js-plotly-plot .legendtext").first).to_be_visible()
    legend = page.locator(".js-plotly-plot .legendtext").all_text_contents()
    assert legend == ["Geometric SVM", "Cross-entropy", "Hinge"]
    expect(page.get_by_text("--data mnist_excerpt --fractions 0.03,0.1").first).to_be_visible()
    assert run.id in page.evaluate("location.href")

    page.get_by_role("radio", name="Repeat by repeat").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    page.get_by_role("radio", name="Images they differ on").click()
    expect(page.get_by_text("Flips when pixels change").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
