"""The network drawn: its units, and the data sets by picture."""

from playwright.sync_api import expect

from levelset_core.live.state import SUITED_SETTINGS
from levelset_core.playground import PlaygroundConfig


def test_units_are_drawn_and_told_when_pointed_at(playground):
    playground.trains(2)
    playground.show("Network")
    view = playground.page.get_by_test_id("network")
    canvas = view.get_by_test_id("network-canvas")
    expect(canvas).to_be_visible()
    expect(view).to_have_attribute("data-units", "2,12,12,12,1")
    playground.pause()
    canvas.focus()
    playground.page.keyboard.press("ArrowLeft")
    expect(view.locator("p")).to_contain_text("in layer 3")
    playground.page.keyboard.press("ArrowRight")
    expect(view.locator("p")).to_contain_text("F, the output")
    playground.well()


def test_data_sets_are_chosen_by_their_picture(playground):
    group = playground.page.get_by_role("radiogroup", name="Points")
    pictures = group.locator("img")
    expect(pictures).to_have_count(7)
    loaded = "images => images.every((image) => image.complete && image.naturalWidth > 0)"
    assert pictures.evaluate_all(loaded)
    playground.pick("Points", "Circles")
    playground.wait_for_address(lambda state: state.preset.name == "circles", "the circles")
    usual = PlaygroundConfig().lam
    for name, lam in (("XOR", SUITED_SETTINGS["xor"]["lam"]), ("Blobs", usual)):
        playground.pick("Points", name)
        playground.wait_for_address(lambda state, lam=lam: state.config.lam == lam, "its lambda")


def test_the_largest_margin_is_marked_on_its_slider_and_warned_beyond(playground):
    playground.pick("Points", "Figure 1")
    playground.choose("Loss", "Margin L∞")
    expect(playground.sidebar.locator(".levelset-marks")).to_contain_text("L∞")
    expect(playground.sidebar.get_by_text("No boundary can keep")).to_have_count(0)
    playground.slide("Wanted margin ε", "ArrowRight", times=6)
    expect(playground.sidebar.get_by_text("No boundary can keep")).to_be_visible()
