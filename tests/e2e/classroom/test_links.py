"""A copy for each student, watch only, joint control: what each link lets its holder do."""

import json
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import until

# Minutes in all; `make slow` runs them.
pytestmark = pytest.mark.slow

#: Sends over the page's own live connection what its buttons would not.
FORGE = """window.WebSocket = new Proxy(WebSocket, { construct: (Real, args) => {
  const socket = new Real(...args);
  if (String(args[0]).includes("/levelset/live")) window.live = socket;
  return socket;
} });"""


KINDS = {"A copy for each student": "?s=", "Watch only": "?watch=", "Joint control": "?session="}


def link_of(page, kind):
    page.show("Share & keep")
    page.main.get_by_role("radio", name=kind).click()
    code = page.main.get_by_test_id("stCode").first
    expect(code).to_contain_text(KINDS[kind])
    expect(page.main.get_by_role("img", name="QR code of the link")).to_be_visible()
    return code.inner_text().strip()


def shows(page, loss):
    """Whether its newest widget shows this loss; one that goes may stand beside it for a moment."""
    values = page.page.get_by_role("combobox", name="Loss").evaluate_all(
        "all => all.map(i => i.value)"
    )
    return values == [loss]


def test_by_default_each_student_gets_a_copy(playground, browse):
    playground.pause()
    address = link_of(playground, "A copy for each student")
    expect(playground.main.get_by_role("radio", name="A copy for each student")).to_be_checked()
    student = browse(address)
    student.wait_for("the same points", points=200)
    student.clear()
    student.wait_for_address(lambda state: not len(state.points), "the student's empty plot")
    assert playground.text("points") == "200"
    ids = [page.address().split("session=")[1].split("&")[0] for page in (playground, student)]
    assert ids[0] != ids[1]


def test_a_copy_of_what_fits_no_link_is_copied_from_the_session(playground, browse):
    playground.slide("How many", "End")
    playground.wait_for("many points", points=1000)
    playground.click(0, 0)  # no preset's own points any more: each one has to be written out
    playground.wait_for("one more", points=1001)
    playground.wait_for_address(lambda state: not len(state.points), "settings without the points")
    playground.show("Share & keep")
    code = playground.main.get_by_test_id("stCode").first
    expect(code).to_contain_text("?copy=")
    student = browse(code.inner_text().strip())
    student.wait_for("the same points", points=1001)
    student.clear()
    assert playground.text("points") == "1001"


def test_who_watches_sees_everything_and_changes_nothing(playground, browse):
    playground.pause()
    address = link_of(playground, "Watch only")
    key = address.split("watch=")[1]
    student = browse(address, prepare=lambda page: page.add_init_script(FORGE))
    student.wait_for("the teacher's points", points=200)
    playground.wait_for("presence", watchers=1)
    expect(playground.root.locator(".people")).to_have_text("1 watching")
    expect(student.root.get_by_test_id("play")).to_be_hidden()
    expect(student.page.get_by_role("combobox", name="Loss")).to_have_count(0)
    expect(student.main.get_by_role("radio", name="Share & keep")).to_have_count(0)

    # Neither by hand, nor by messages of one's own, nor by the session's address.
    student.click(0.2, 0.2)
    forged = [{"op": "control", "action": "play"}, {"op": "points", "version": 99, "points": []}]
    for message in forged:
        student.page.evaluate("text => window.live.send(text)", json.dumps(message))
        expect(student.root.get_by_text("This link only watches")).to_be_visible()
        student.page.keyboard.press("Escape")
    assert playground.text("points") == student.text("points") == "200"
    assert playground.text("playing") == "false"
    html = student.page.content() + student.address()
    session = playground.address().split("session=")[1].split("&")[0]
    assert session not in html and key not in session

    # What the teacher does arrives: points, overlays, settings.
    playground.clear()
    student.wait_for("the teacher's empty plot", points=0)
    playground.press("overlay-balls")
    until(
        lambda: (
            student.root.get_by_test_id("overlay-balls").get_attribute("aria-pressed") == "true"
        ),
        "the teacher's overlays",
    )
    playground.choose("Loss", "Hinge")
    expect(student.sidebar.get_by_text("Hinge")).to_be_visible()

    student.page.get_by_role("button", name="Work on a copy of my own").click()
    student.wait_for("an own playground", points=0)
    until(lambda: "session=" in student.address(), "the copy's address")
    student.click(0.3, 0.3)
    student.wait_for("an own point", points=1)
    assert playground.text("points") == "0"
    playground.wait_for("nobody watching", watchers=0)


def test_in_joint_control_settings_follow_within_a_second(playground, browse):
    other = browse(link_of(playground, "Joint control"))
    expect(playground.root.locator(".people")).to_have_text("2 in control")
    playground.pause()
    playground.choose("Loss", "Hinge")
    begun = time.monotonic()
    until(lambda: shows(other, "Hinge"), "the other's loss")
    # A second on a machine that does nothing else; this one may be busy.
    assert time.monotonic() - begun < 5
    other.choose("Loss", "Cross-entropy")
    until(lambda: shows(playground, "Cross-entropy"), "the loss of the other")
    other.page.get_by_test_id("stSidebar").get_by_text("Compare: Figure 1").click()
    playground.wait_for("the four panels", panels=4)
    expect(playground.page.get_by_role("switch", name="Compare")).to_be_checked()


def test_a_link_to_a_session_that_has_ended_says_so(browse):
    for path in ("/playground?watch=gone", "/playground?copy=gone"):
        page = browse(path, ready=False)
        expect(page.page.get_by_text("has ended. Here is the default instead.")).to_be_visible()
        page.wait_for("the default", points=200)
