"""What can be taken away and brought back."""

import json
import subprocess
import sys
from xml.etree import ElementTree

from PIL import Image
from playwright.sync_api import expect


def download(playground, tmp_path, click):
    with playground.page.expect_download() as info:
        click()
    path = tmp_path / info.value.suggested_filename
    info.value.save_as(path)
    return path


def test_state_as_json_and_back(playground, tmp_path):
    playground.pause()
    playground.show("Share & keep")
    page = playground.page
    button = page.get_by_role("button", name="Download state (JSON)")
    kept = download(playground, tmp_path, button.click)
    assert json.loads(kept.read_text())["preset"][0] == "two_moons"

    playground.press("overlay-gradients")
    playground.clear()
    playground.choose("Loss", "Hinge")
    playground.wait_for("another state", titles="Hinge", points=0)
    playground.wait_for_address(lambda state: "gradients" in state.overlays, "the overlay")
    page.get_by_test_id("stFileUploader").first.locator("input").set_input_files(kept)
    playground.wait_for("the kept state", titles="Geometric SVM", points=200)
    chip = playground.root.get_by_test_id("overlay-gradients")
    expect(chip).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("combobox", name="Loss")).to_have_value("Geometric SVM")

    broken = tmp_path / "broken.json"
    broken.write_text('{"version": 1, "config": {"depth": 99}}')
    page.get_by_test_id("stFileUploader").first.locator("input").set_input_files(broken)
    expect(page.get_by_role("alert").filter(has_text="depth must be")).to_be_visible()
    assert playground.number("points") == 200


def test_weights_load_with_the_printed_snippet(playground, tmp_path):
    playground.trains(5)
    playground.show("Share & keep")
    button = playground.page.get_by_role("button", name="Download weights")
    path = download(playground, tmp_path, button.click)
    playground.main.get_by_text("Load it elsewhere").click()
    code = playground.main.get_by_test_id("stCode").filter(has_text="import torch")
    snippet = code.inner_text()
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=path.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("tensor([")
    assert done.stdout.count(",") == 1 and "nan" not in done.stdout


def test_picture_as_png(playground, tmp_path):
    path = download(playground, tmp_path, lambda: playground.press("png"))
    with Image.open(path) as image:
        assert image.format == "PNG" and image.size == (1920, 1240)
        assert len(image.convert("RGB").getcolors(1 << 22)) > 200


def test_picture_as_svg_with_its_legend(playground, tmp_path):
    for name in ("balls", "path", "motion"):
        playground.press(f"overlay-{name}")
    playground.trains(3)
    path = download(playground, tmp_path, lambda: playground.press("svg"))
    text = " ".join(ElementTree.parse(path).getroot().itertext())
    legend = ("class +1 (100)", "class −1 (100)", "S₀, the boundary", "misclassified", "F(x)")
    for entry in (*legend, "cut by S₀", "Newton |F|", "predicted motion", "Input margin"):
        assert entry in text, entry
