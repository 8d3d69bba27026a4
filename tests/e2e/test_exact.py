"""Drawing polygons and turning solids into exact networks, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browsers import focus
from tests.e2e.servers import PATIENCE, until

L_SHAPE = [(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)]
CHECKED = "Wrong signs among 1,000,000 random points"


class Drawing:
    """A person at the exact networks page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Locator = page.get_by_test_id("polygon")
        self.canvas: Locator = self.root.get_by_test_id("drawing")

    def text(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}", timeout=1000 * PATIENCE) or ""

    def at(self, x: float, y: float) -> dict[str, float]:
        size = self.canvas.evaluate("canvas => canvas.clientWidth")
        return {"x": 8 + (x + 1.5) / 3 * (size - 16), "y": 8 + (1.5 - y) / 3 * (size - 16)}

    def click(self, x: float, y: float, **options) -> None:
        self.canvas.click(position=self.at(x, y), **options)

    def clear(self) -> None:
        self.root.get_by_test_id("clear").click()
        until(lambda: self.text("rings") == "0", "an empty drawing")

    def draw(self, corners: list[tuple[float, float]]) -> None:
        for corner in corners:
            self.click(*corner)
        self.click(*corners[0])

    def figure(self, label: str) -> Locator:
        metric = self.page.get_by_test_id("stMetric").filter(has_text=label)
        return metric.get_by_test_id("stMetricValue")


@pytest.fixture
def drawing(browse) -> Drawing:
    page = browse("/exact_networks", ready=False).page
    drawing = Drawing(page)
    expect(drawing.figure(CHECKED)).to_have_text("0")
    until(lambda: drawing.text("pictured") == "true", "the network's picture")
    return drawing


def test_a_drawn_l_shape_has_no_wrong_sign(drawing):
    drawing.clear()
    expect(drawing.page.get_by_test_id("stMetric")).to_have_count(0)
    drawing.draw(L_SHAPE)
    drawn = ("1", "6")  # shown with the next picture
    until(lambda: (drawing.text("rings"), drawing.text("vertices")) == drawn, "the ring")
    expect(drawing.figure("Lines")).to_have_text("6")
    expect(drawing.figure(CHECKED)).to_have_text("0")
    boundary = float(drawing.figure("Largest |F|").inner_text())
    assert boundary <= 1e-12
    until(lambda: drawing.text("pictured") == "true", "the field's picture")
    graph = drawing.page.get_by_test_id("graph")
    assert graph.get_attribute("data-widths") == "2-4-5-3-1"


def test_a_hole_by_keyboard_and_a_crossing_that_is_refused(drawing):
    focus(drawing.canvas)
    keys = drawing.page.keyboard
    keys.press("ArrowLeft")
    for move in ("ArrowDown", "ArrowLeft", "ArrowUp"):
        keys.press("Space")
        keys.press(move)
    keys.press("Space")
    keys.press("Enter")
    until(lambda: drawing.text("rings") == "2", "a second ring")
    expect(drawing.figure("Lines")).to_have_text("9")  # one of the hole's lies on an edge's line
    expect(drawing.figure(CHECKED)).to_have_text("0")
    drawing.clear()
    drawing.draw([(-1, -1), (1, 1), (1, -1), (-1, 1)])
    expect(drawing.root.locator(".error")).to_contain_text("Ring 1 intersects itself at (0, 0)")
    expect(drawing.root).to_have_attribute("data-crossing", "0 0")
    drawing.root.get_by_test_id("undo").click()
    drawing.root.get_by_test_id("undo").click()
    expect(drawing.root.locator(".error")).to_be_hidden()


def test_a_click_that_snaps_to_the_first_vertex_closes_the_ring(drawing):
    drawing.clear()
    for corner in [(-1, -1), (1, -1), (0, 1), (-0.9, -0.9)]:
        drawing.click(*corner)
    until(lambda: (drawing.text("rings"), drawing.text("vertices")) == ("1", "3"), "the ring")


def test_one_weight_changed_breaks_it_and_restoring_mends_it(drawing):
    page = drawing.page
    page.get_by_role("button", name="Random weight").click()
    expect(page.get_by_text("points have the wrong sign now")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("points have the wrong sign now")).to_be_hidden()
    expect(drawing.figure(CHECKED)).to_have_text("0")


def test_the_same_line_can_be_chosen_again_after_another_shape(drawing):
    page = drawing.page
    graph = page.get_by_label("The network as a graph")
    for shape in (None, "Star", "L"):
        if shape is not None:
            page.get_by_text(shape, exact=True).first.click()
        expect(page.get_by_text("Click a line of the graph")).to_be_visible()
        expect(page.get_by_role("slider")).to_be_disabled()
        focus(graph)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("slider")).to_be_enabled()


def test_a_solid_and_its_files(drawing):
    page = drawing.page
    page.get_by_role("radio", name="Space").click()
    expect(page.get_by_test_id("viewer")).to_be_visible()
    expect(drawing.figure("Planes")).to_have_text("8")
    page.get_by_text("Shell with a cavity", exact=True).click()
    expect(drawing.figure("Planes")).to_have_text("12")
    page.get_by_role("radio", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download model (ONNX)").click()
    assert download.value.suggested_filename == "exact_network.onnx"
    expect(page.get_by_test_id("stException")).to_have_count(0)
