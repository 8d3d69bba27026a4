"""Drawing points, sharing them, and pasting them."""

import time
from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.e2e.browsers import focus
from tests.e2e.servers import until


def draw_two_classes(page):
    """Three blue and seven orange points, with both brushes, right clicks and a drag."""
    page.click(-0.8, 0.5)
    page.click(-1.0, -0.3)
    page.click(0.7, 0.3, button="right")
    page.press("brush-minus")
    page.click(0.8, -0.4)
    page.click(0.6, 0.9)
    page.click(-0.6, 0.0, button="right")
    page.drag((0.7, -0.9), (1.1, -0.9))
    page.acknowledged()


def test_draw_play_separate_and_share(browse, another_server):
    begun = time.monotonic()
    playground = browse()
    opening = time.monotonic() - begun
    playground.pause()
    playground.clear()
    draw_two_classes(playground)
    count = int(playground.number("points"))
    assert count >= 8
    playground.pick("Distance d", "L2")
    playground.wait_for_address(
        lambda state: len(state.points) == count and state.config.distance == "l2", "the drawing"
    )
    labels = [row[2] for row in playground.state().points.to_rows()]
    assert labels.count(1) == 3 and labels[:6] == [1, 1, -1, -1, -1, 1]
    expect(playground.page.get_by_role("radio", name="My drawing")).to_be_checked()

    playground.play()
    # Wide enough that it stays so: early on a few points are separated and lost again.
    playground.wait_for(
        "the boundary to separate the classes", accuracy=1, margin_min=lambda margin: margin > 0.1
    )
    until(lambda: "Accuracy 100.0%" in " ".join(playground.status().split()), "the line to say so")
    assert "held-out" not in playground.status()  # nothing to test a drawing on

    # The link in a new browser: the same points and settings, the session goes on.
    state, step = playground.state(), playground.number("step")
    begun = time.monotonic()
    guest = browse(playground.address())
    guest.wait_for("the running session", step=lambda now: now > step, points=count)
    # Within 3 s on a machine that does nothing else; this one may be busy.
    assert time.monotonic() - begun < max(10, 3 * opening)
    expect(guest.page.get_by_role("radio", name="L2")).to_be_checked()
    guest.wait_for_address(lambda theirs: theirs.points.to_rows() == state.points.to_rows(), "them")
    guest.pause()
    playground.wait_for("the pause of the guest", playing="false")

    # And on a server that does not know the session: rebuilt from the link.
    address = urlsplit(guest.address())
    elsewhere = address._replace(netloc=urlsplit(another_server.url).netloc).geturl()
    heir = browse(elsewhere)
    heir.wait_for("training from the start", points=count, playing="true", step=lambda now: now > 0)
    until_renamed = f"session={address.query.split('session=')[1].split('&')[0]}"
    heir.wait_for_address(lambda theirs: theirs.to_dict() == state.to_dict(), "the same state")
    assert until_renamed not in heir.address()
    expect(heir.page.get_by_role("radio", name="L2")).to_be_checked()


def test_undo_redo_erase_and_move(playground):
    playground.pause()
    playground.clear()
    playground.press("undo")
    playground.wait_for("the points back", points=200)
    playground.press("redo")
    playground.wait_for("an empty plot", points=0)
    playground.click(0.5, 0.5)
    playground.click(-0.5, -0.5)
    playground.press("move")
    playground.drag((0.5, 0.5), (0.9, -0.2))
    playground.press("erase")
    playground.click(-0.5, -0.5)
    playground.acknowledged()
    playground.wait_for_address(lambda state: len(state.points) == 1, "one point")
    x, y, label = playground.state().points.to_rows()[0]
    assert abs(x - 0.9) < 0.02 and abs(y + 0.2) < 0.02 and label == 1


def test_malformed_csv_keeps_the_points(playground):
    playground.show("Share & keep")
    page = playground.page
    page.get_by_label("Paste CSV").fill("x,y,label\n0.1,0.2,1\n0.3,two,-1\n")
    page.get_by_role("button", name="Use these points").click()
    alert = page.get_by_role("alert").filter(has_text="Line")
    expect(alert).to_contain_text("Line 3: y must be a number, not 'two'.")
    expect(alert).to_contain_text("unchanged")
    assert playground.number("points") == 200

    page.get_by_label("Paste CSV").fill("x,y,label\n0.1,0.2,1\n0.3,-0.4,-1\n-0.5,0.6,1\n")
    page.get_by_role("button", name="Use these points").click()
    playground.wait_for("the pasted points", points=3)
    expect(alert).to_have_count(0)
    expect(page.get_by_role("radio", name="My drawing")).to_be_checked()
    playground.trains()


def test_no_click_of_a_burst_is_lost(playground):
    playground.clear()
    places = [(-1.2 + 0.48 * (i % 6), -1.2 + 0.6 * (i // 6)) for i in range(30)]
    box = playground.canvas.bounding_box()
    pixels = [playground.at(x, y) for x, y in places]
    for place in pixels:
        playground.page.mouse.click(box["x"] + place["x"], box["y"] + place["y"])
    playground.wait_for("30 points", points=30)
    playground.acknowledged()
    playground.wait_for_address(lambda state: len(state.points) == 30, "30 points")
    rows = playground.state().points.to_rows()
    for (x, y), row in zip(places, rows, strict=True):
        assert abs(x - row[0]) < 0.02 and abs(y - row[1]) < 0.02
    playground.trains()


FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.dataset.testid;
}"""


def test_everything_by_keyboard(playground):
    page, keyboard = playground.page, playground.page.keyboard
    focus(playground.root.get_by_test_id("play"))
    keyboard.press("Enter")
    playground.wait_for("training to stop", playing="false", status="paused")
    visited = []
    while page.evaluate(FOCUSED) != "canvas" and len(visited) < 40:
        visited.append(page.evaluate(FOCUSED))
        keyboard.press("Tab")
    assert {"step", "reset", "brush-minus", "clear", "overlay-motion", "png"} <= set(visited)
    for key in ("ArrowRight", "Shift+ArrowUp", "ArrowUp"):
        keyboard.press(key)
    keyboard.press("Space")
    keyboard.press("Shift+ArrowDown")
    keyboard.press("x")  # the other class
    playground.wait_for("two more points", points=202)
    playground.acknowledged()
    keyboard.press("Delete")
    keyboard.press("z")
    keyboard.press("z")
    playground.wait_for("the second one undone", points=201)
    playground.steady("step")
    step = playground.number("step")
    keyboard.press("s")
    playground.wait_for("one step", step=step + 1)
    keyboard.press("k")
    playground.wait_for("training", playing="true")
    playground.trains()
    keyboard.press("?")
    expect(playground.root.get_by_role("dialog")).to_be_visible()
    keyboard.press("Escape")
    expect(playground.root.get_by_role("dialog")).to_be_hidden()
    keyboard.press("c")  # "clear cache" and "rerun" of Streamlit stay away
    keyboard.press("r")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_two_browsers_draw_on_one_session(playground, browse):
    playground.clear()
    playground.wait_for_address(lambda state: not len(state.points), "an empty plot")
    other = browse(playground.page.url)
    other.wait_for("the same empty plot", points=0)
    playground.click(0.4, 0.4)
    other.wait_for("the first one's point", points=1)
    other.click(-0.4, -0.4, button="right")
    playground.wait_for("the second one's point", points=2)
    playground.press("undo")
    other.wait_for("the undo", points=1)
    for page in (playground, other):
        page.acknowledged()
        page.well()


#: What the page's own connection brings is ``window.lag`` milliseconds late.
LATE = """
window.WebSocket = new Proxy(WebSocket, { construct: (Real, args) => {
  const socket = new Real(...args);
  if (!String(args[0]).includes("_stcore/stream")) return socket;
  const add = socket.addEventListener.bind(socket);
  const late = (hear) => (event) => setTimeout(() => hear(event), window.lag ?? 0);
  socket.addEventListener = (type, hear) => add(type, type === "message" ? late(hear) : hear);
  return socket;
} });
"""


def test_points_drawn_before_the_page_has_answered_stay(browse):
    playground = browse(prepare=lambda page: page.add_init_script(LATE))
    playground.pause()
    playground.page.evaluate("window.lag = 2500")
    playground.press("clear")
    for k in range(6):
        playground.page.wait_for_timeout(900)  # each is told, with what the sidebar still shows
        playground.click(-0.8 + 0.2 * k, 0.5)
    playground.page.wait_for_timeout(4000)
    playground.acknowledged()
    assert playground.number("points") == 6
    playground.wait_for_address(lambda state: len(state.points) == 6, "the drawing")
