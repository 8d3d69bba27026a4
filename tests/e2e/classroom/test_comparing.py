"""A and B: a state pinned beside another, and two students' links side by side."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.classroom.test_links import link_of

# Minutes in all; `make slow` runs them.
pytestmark = pytest.mark.slow


def test_a_pin_stays_while_the_canvas_goes_on(playground):
    playground.pause()
    playground.show("A and B")
    playground.main.get_by_role("button", name="Pin what is on the canvas").click()
    table = playground.main.get_by_role("table", name="A and B in figures")
    expect(table.get_by_role("row")).to_have_count(3)
    expect(playground.main.get_by_role("img", name="A: Pin 1")).to_be_visible()
    playground.choose("Loss", "Hinge")
    expect(table.get_by_role("row", name="B: What is on the canvas now")).to_contain_text("Hinge")
    expect(table.get_by_role("row", name="A: Pin 1")).to_contain_text("Geometric SVM")
    playground.main.get_by_role("button", name="Put A on the canvas").click()
    playground.wait_for_address(
        lambda state: state.config.objective == "geometric_svm", "the pinned settings"
    )


def test_two_students_links_side_by_side(playground, browse):
    links = []
    for loss in ("Hinge", "Cross-entropy"):
        student = browse()
        student.choose("Loss", loss)
        student.wait_for("the loss", titles=loss)
        links.append(link_of(student, "Watch only"))
    playground.show("A and B")
    field = playground.main.get_by_label("Add the picture behind a shared link")
    for link in links:
        field.fill(link)
        field.press("Enter")
        expect(field).to_have_value("")
    table = playground.main.get_by_role("table", name="A and B in figures")
    expect(table.get_by_role("row", name="A: Link 1")).to_contain_text("Hinge")
    expect(table.get_by_role("row", name="B: Link 2")).to_contain_text("Cross-entropy")
    expect(playground.main.get_by_role("img", name="B: Link 2")).to_be_visible()
    field.fill("http://localhost/elsewhere")
    field.press("Enter")
    expect(playground.main.get_by_text("This is no link to a playground")).to_be_visible()
