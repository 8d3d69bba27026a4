"""Presentation: canvas and bars fill the window, type is large; the normal view uses the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import until

# Minutes in all; `make slow` runs them.
pytestmark = pytest.mark.slow

#: Px that a letter of 12 px must have at least on a screen of 1080 lines: a 2 m wide picture is
#: then read from 10 m.
LEGIBLE = 2.0


def share(box, size):
    return box["width"] * box["height"] / (size[0] * size[1])


def test_the_canvas_takes_its_part_of_a_large_screen(browse):
    size = (1920, 1080)
    page = browse(size=size)
    until(lambda: share(page.canvas.bounding_box(), size) >= 0.45, "45% of the screen")
    assert page.canvas.bounding_box()["y"] + page.canvas.bounding_box()["height"] <= size[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_at_820_px(browse, scheme):
    page = browse(size=(820, 1100), color_scheme=scheme)
    page.steady("panels")
    cut = page.page.evaluate("""() => {
      const root = document.querySelector('[data-testid=stMain]');
      return [...root.querySelectorAll('button, select, input, canvas, p, h1, h2')]
        .filter((node) => { const box = node.getBoundingClientRect();
          return box.width && (box.right > innerWidth + 1 || box.left < -1); })
        .map((node) => node.outerHTML.slice(0, 80));
    }""")
    assert cut == []
    sideways = "node => node.scrollWidth - node.clientWidth"
    assert page.main.evaluate(sideways) == 0
    box = page.canvas.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 820


def test_p_fills_the_window_and_escape_comes_back(browse):
    size = (1920, 1080)
    page = browse(size=size)
    page.pause()
    page.clear()
    before = page.canvas.bounding_box()
    page.page.keyboard.press("p")  # nothing is focused: the whole page listens
    until(lambda: share(page.canvas.bounding_box(), size) >= 0.7, "the canvas to fill the window")
    until(lambda: "view=present" in page.address(), "the address to say so")
    assert float(page.root.evaluate("root => root.currentCSSZoom ?? root.style.zoom")) >= LEGIBLE
    expect(page.page.get_by_test_id("stHeader")).to_be_hidden()
    expect(page.page.get_by_role("combobox", name="Loss")).to_be_hidden()

    # A point lands where the pointer is, although everything is enlarged.
    box = page.canvas.bounding_box()
    zoom = float(page.root.evaluate("root => root.style.zoom"))
    place = page.at(0.5, 0.5)
    page.page.mouse.move(box["x"] + zoom * place["x"], box["y"] + zoom * place["y"])
    expect(page.root.locator(".halo")).to_be_visible()
    page.page.mouse.down()
    page.page.mouse.up()
    page.wait_for_address(
        lambda state: len(state.points) == 1 and abs(state.points.xy - 0.5).max() < 0.02,
        "the point under the pointer",
    )

    page.root.get_by_test_id("drawer").click()
    expect(page.page.get_by_role("combobox", name="Loss")).to_be_visible()
    page.choose("Loss", "Hinge")
    page.wait_for_address(lambda state: state.config.objective == "hinge", "the drawer's choice")
    page.canvas.focus()
    page.page.keyboard.press("Escape")
    expect(page.page.get_by_role("combobox", name="Loss")).to_be_hidden()
    page.page.keyboard.press("Escape")
    until(lambda: page.canvas.bounding_box()["width"] == before["width"], "the page as before")
    assert "view=present" not in page.address()


def test_the_address_opens_the_presentation_and_typing_does_not(browse):
    page = browse("/playground?view=present", size=(1280, 720), color_scheme="dark")
    until(lambda: share(page.canvas.bounding_box(), (1280, 720)) >= 0.6, "the canvas to fill it")
    page.trains()
    page.page.keyboard.press("k")
    page.wait_for("a pause", playing="false")
    page.page.keyboard.press("p")
    expect(page.page.get_by_test_id("stHeader")).to_be_visible()
    page.show("Share & keep")
    field = page.main.get_by_label("Paste CSV")
    field.click()
    page.page.keyboard.type("pp")
    expect(field).to_have_value("pp")
    assert "view=present" not in page.address()
