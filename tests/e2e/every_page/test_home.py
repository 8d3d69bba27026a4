"""The first page: a film that anybody can stop, pictures, and symbols that explain themselves."""

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import PATIENCE, until

TOOLS = ["Draw", "Reconstruct", "Build", "Attack", "Compare", "Follow"]
OVERFLOW = """() => [
  document.scrollingElement, ...document.querySelectorAll('[data-testid=stMain]'),
].filter((box) => box.scrollWidth > box.clientWidth).length"""


MENU = """() => getComputedStyle(
  document.querySelector('[data-testid=stExpandSidebarButton]'), '::after').content"""
#: The last step of the film.
LAST = "1500"


def step(film):
    return int(film.get_attribute("data-step") or 0)


def test_the_film_plays_without_the_server_and_can_be_stopped(browse):
    sockets, asked = [], []

    def listen(page):
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.on("request", lambda request: asked.append(request.url))

    page = browse("/", ready=False, prepare=listen).page
    film = page.get_by_test_id("hero")
    until(lambda: film.count() and step(film) > 0, "the film to play")
    now = step(film)
    until(lambda: step(film) != now, "another frame")
    film.get_by_role("button", name="Pause the film").click()
    expect(film).to_have_attribute("data-state", "paused")
    now = step(film)
    page.wait_for_timeout(1000)
    assert step(film) == now
    film.get_by_role("slider", name="Training step").press("Home")
    expect(film).to_have_attribute("data-step", "0")
    assert not [url for url in sockets if "levelset/live" in url]
    here = page.url.split("/")[2]  # not even the tab's icon comes from elsewhere
    assert not [url for url in asked if url.startswith("http") and url.split("/")[2] != here]


def test_who_wants_no_motion_sees_the_end_and_may_play(browse):
    page = browse("/", ready=False, prepare=lambda p: p.emulate_media(reduced_motion="reduce")).page
    film = page.get_by_test_id("hero")
    expect(film).to_have_attribute("data-step", LAST, timeout=1000 * PATIENCE)
    page.wait_for_timeout(1000)
    expect(film).to_have_attribute("data-state", "paused")
    assert step(film) == int(LAST)
    film.get_by_role("button", name="Play the film").click()
    until(lambda: 0 < step(film) < int(LAST), "the film from its begin")


def test_each_tool_has_a_picture_and_one_verb_that_opens_it(browse):
    page = browse("/", ready=False, size=(1440, 900)).page
    expect(page.locator(".levelset-picture")).to_have_count(len(TOOLS))
    for picture in page.locator(".levelset-picture").all():
        picture.scroll_into_view_if_needed()
        until(lambda p=picture: p.evaluate("(p) => p.naturalWidth") > 0, "the picture")
        assert picture.get_attribute("alt")
    for verb in TOOLS:
        expect(page.get_by_role("link", name=verb, exact=True)).to_be_visible()
    page.get_by_role("link", name="Build", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Exact networks")).to_be_visible()


def test_a_symbol_says_what_it_is_on_focus(browse):
    page = browse("/", ready=False).page
    symbol = page.locator(".levelset-formula .levelset-term").filter(has_text="ε").first
    said = symbol.get_by_role("tooltip", include_hidden=True)
    expect(said).to_be_hidden()
    symbol.focus()
    expect(said).to_be_visible()
    expect(said).to_be_in_viewport(ratio=1)
    expect(said).to_contain_text("boundary")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_reads_at_every_width(browse, scheme):
    page = browse("/", ready=False, size=(360, 740), color_scheme=scheme).page
    film = page.get_by_test_id("hero")
    expect(film).to_be_visible(timeout=1000 * PATIENCE)
    assert "Menu" in page.evaluate(MENU)  # on a phone the pages lie behind it
    for width, height in ((360, 740), (820, 1180), (1280, 720), (1440, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        assert page.evaluate(OVERFLOW) == 0, width
        if width >= 1280:  # the whole film in the first screen
            canvas = film.get_by_test_id("film").bounding_box()
            assert canvas["y"] + canvas["height"] <= height, width
