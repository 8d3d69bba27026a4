"""Lessons in the browser: start, goals, before and after, progress, own files, in a frame."""

from __future__ import annotations

import http.server
import threading
from functools import partial

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import until

MINE = """---
title: Mine
start:
  preset: [blobs, 40, 0.0]
  config: {objective: cross_entropy, learning_rate: 0.01, depth: 1, width: 16}
goals:
  - do: Get them right.
    when: accuracy >= 0.9
    shows: "{accuracy:.0%} are right."
learned: They were easy.
---

Just *train*.
"""


def card(page):
    return page.page.locator(".st-key-lesson_card")


def pick(page, title):
    """Choose a lesson in the list: its radio button itself lies under its words."""
    page.show("Lessons")
    page.main.get_by_test_id("stRadio").get_by_text(title).click()
    # Its text is there before a button below is pressed: until then that is another lesson's.
    name = title.split(". ")[1]
    expect(page.main.locator("strong").get_by_text(name, exact=True)).to_be_visible()


def begin(page, title):
    pick(page, title)
    page.main.get_by_role("button", name="Start this lesson").click()
    expect(card(page).get_by_role("heading", name=title.split(". ")[1])).to_be_visible()


def upload(page, name, text):
    page.show("Lessons")
    page.main.get_by_text("Lessons of your own").click()
    chooser = page.main.locator(".st-key-lesson_file input[type=file]")
    chooser.set_input_files({"name": name, "mimeType": "text/markdown", "buffer": text.encode()})


def test_a_lesson_from_its_start_to_the_next(playground):
    begin(playground, "2. A line that closes")
    playground.wait_for("the lesson's points", points=120)
    expect(playground.page.get_by_role("slider", name="Hidden layers")).to_be_visible()
    expect(playground.page.get_by_role("combobox", name="Loss")).to_have_count(0)  # not shown
    expect(card(playground).get_by_text("of the points are right.")).to_be_visible()
    expect(card(playground).get_by_text("fresh points are right, wanted")).to_be_visible()
    playground.slide("Hidden layers", "ArrowRight", 2)
    expect(card(playground).get_by_text("Goal reached.")).to_be_visible()
    expect(card(playground).get_by_text("Without hidden layers F is a plane")).to_be_visible()
    card(playground).get_by_role("button", name="See before and after").click()
    dialog = playground.page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="Before your first change")).to_be_visible()
    expect(dialog.get_by_role("img", name="With the goal reached")).to_be_visible()
    playground.page.keyboard.press("Escape")
    expect(playground.main.get_by_text("1 of 9 done")).to_be_visible()

    # Progress is the browser's: a new page of it knows.
    playground.page.goto(playground.page.url.split("?")[0])
    playground.wait_for("a page", frames=lambda frames: frames > 0)
    playground.show("Lessons")
    expect(playground.main.get_by_text("1 of 9 done")).to_be_visible()
    titles = playground.main.locator(".st-key-lesson [role=radiogroup] p")
    expect(titles).to_have_count(9)
    ticks = titles.evaluate_all("all => all.map((p) => getComputedStyle(p, '::after').content)")
    assert ["✓" in tick for tick in ticks] == [False, True, *[False] * 7]


@pytest.mark.slow
def test_a_drawing_is_not_replaced_without_asking(playground):
    playground.clear()
    playground.click(0.5, 0.5)
    playground.wait_for_address(lambda state: len(state.points) == 1, "the drawing")
    address = playground.address()
    playground.show("Lessons")
    playground.main.get_by_role("button", name="Start this lesson").click()
    expect(playground.main.get_by_text("would replace your drawing")).to_be_visible()
    assert playground.text("points") == "1"
    playground.main.get_by_role("button", name="Cancel").click()
    expect(playground.main.get_by_text("would replace your drawing")).to_have_count(0)
    playground.main.get_by_role("button", name="Start this lesson").click()
    playground.main.get_by_role("button", name="Keep it, start beside it").click()
    playground.wait_for("the lesson's points", points=80)
    until(lambda: playground.address().split("&")[0] != address.split("&")[0], "a new session")
    playground.page.goto(address)
    playground.wait_for("the drawing", points=1)


@pytest.mark.slow
def test_own_lessons_are_opened_and_broken_ones_told(playground, browse, another_server):
    upload(playground, "broken.md", MINE.replace("accuracy >= 0.9", "accurracy >= 0.9"))
    told = playground.main.get_by_text("broken.md, line 8: There is no figure 'accurracy'")
    expect(told).to_be_visible()
    upload_again = playground.main.locator(".st-key-lesson_file input[type=file]")
    upload_again.set_input_files(
        {"name": "mine.md", "mimeType": "text/markdown", "buffer": MINE.encode()}
    )
    expect(playground.main.get_by_role("radio", name="10. Mine")).to_be_checked()
    playground.main.get_by_role("button", name="Start this lesson").click()
    expect(card(playground).get_by_text("They were easy.")).to_be_visible()

    # Its link holds all of it: another server, which has no such file, opens it.
    playground.main.get_by_role("button", name="Link and embed").click()
    link = playground.page.get_by_text("?lesson_text=").first.inner_text()
    student = browse(another_server.url + link[link.index("/playground") :])
    expect(card(student).get_by_role("heading", name="Mine")).to_be_visible()
    student.wait_for("the lesson's points", points=40)


@pytest.mark.slow
def test_the_editor_writes_a_lesson_from_what_is_there(playground):
    playground.show("Lessons")
    playground.main.get_by_text("Write a lesson from what is on the canvas").click()
    for label, text in {
        "Title": "Wide", "Text": "About width.", "What to do": "Make it wide.",
        "What has been learned": "It got wide.", "Reached when": "margin >= 1",
    }.items():  # fmt: skip
        field = playground.main.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Control+Enter" if label in ("Text", "What has been learned") else "Enter")
    expect(playground.main.get_by_text("There is no figure 'margin'")).to_be_visible()
    field = playground.main.get_by_label("Reached when", exact=True)
    field.fill("margin_min >= 0.1")
    field.press("Enter")
    expect(playground.main.get_by_text("preset:").first).to_be_visible()
    playground.main.get_by_role("button", name="Try it here").click()
    expect(playground.main.get_by_role("radio", name="10. Wide")).to_be_checked()


class Course(http.server.BaseHTTPRequestHandler):
    """A course page on another host, with a lesson in a frame."""

    def __init__(self, *args, page: str) -> None:
        self.page = page
        super().__init__(*args)

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<h1>Course</h1>{self.page}".encode())

    def log_message(self, *args) -> None: ...


@pytest.mark.slow
def test_a_lesson_runs_in_a_frame_of_another_site_without_cookies(
    browse, browser, serve, monkeypatch
):
    monkeypatch.setenv("LEVELSET_EMBED", "*")
    playground = browse(f"{serve().url}/playground?start=fast")
    pick(playground, "2. A line that closes")
    playground.main.get_by_role("button", name="Link and embed").click()
    snippet = playground.page.get_by_text("<iframe").first.inner_text()
    assert "lesson=a-closed-line" in snippet and "embed=true" in snippet
    # 127.0.0.1 and localhost are two sites; no cookie of the frame's site is taken.
    handler = partial(Course, page=snippet)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as course:
        threading.Thread(target=course.serve_forever, daemon=True).start()
        context = browser.new_context(viewport={"width": 1000, "height": 860})
        context.add_init_script(
            "if (self !== top) { for (const name of ['localStorage', 'sessionStorage'])"
            " Object.defineProperty(window, name,"
            " { get() { throw new DOMException('blocked', 'SecurityError'); } });"
            " Object.defineProperty(document, 'cookie', { get: () => '', set() {} }); }"
        )
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{course.server_port}/")
        frame = page.frame_locator("iframe")
        root = frame.get_by_test_id("playground")
        expect(root).to_have_attribute("data-points", "120")
        until(lambda: int(root.get_attribute("data-step") or 0) > 3, "training in the frame")
        expect(frame.get_by_role("radiogroup", name="Below the canvas")).to_have_count(0)
        expect(frame.get_by_role("heading", name="A line that closes")).to_be_visible()
        context.close()
        course.shutdown()


@pytest.mark.slow
def test_parts_are_hidden_by_the_address(browse):
    page = browse("/playground?embed=true&hide=below,objective,tools,status,nonsense")
    expect(page.page.get_by_role("radiogroup", name="Points", exact=True)).to_be_visible()
    expect(page.page.get_by_role("combobox", name="Loss")).to_have_count(0)
    expect(page.root.get_by_test_id("brush-plus")).to_be_hidden()
    expect(page.root.get_by_test_id("play")).to_be_visible()
    expect(page.root.locator(".status")).to_be_hidden()
    expect(page.page.get_by_text("The address hides nonsense")).to_be_visible()
    assert "hide=below" in page.address()
