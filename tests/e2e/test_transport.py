"""The live connection: who may open it, and what happens without it."""

from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

BLOCK = """
class Held {  // a connection that fails when the test says so
  constructor() {
    const timer = setInterval(() => {
      if (!window.released) return;
      clearInterval(timer);
      this.onclose?.();
    }, 20);
  }
  send() {}
  close() {}
}
window.WebSocket = new Proxy(WebSocket, {
  construct: (Real, [url, ...rest]) =>
    String(url).includes("/levelset/live") ? new Held() : new Real(url, ...rest),
});
"""


def test_without_websocket_pictures_and_edits_go_through_the_page(browse):
    page = browse(prepare=lambda page: page.add_init_script(BLOCK), ready=False)
    page.root.evaluate("canvas => { canvas.opened = true; window.released = true; }")
    page.wait_for("the slow path", transport="data", connection="fallback")
    page.trains(5)
    frames = page.number("frames")
    page.wait_for("more pictures", frames=lambda now: now > frames + 2)
    assert page.root.evaluate("canvas => canvas.opened"), "the canvas was made anew"
    page.clear()
    page.click(0.5, 0.5)
    page.click(-0.5, -0.5, button="right")
    page.acknowledged()
    page.wait_for_address(lambda state: len(state.points) == 2, "two points")
    page.trains()
    page.press("play")
    page.wait_for("a pause", playing="false", status="paused")
    page.well()


@pytest.fixture
def live_address(browse):
    addresses = []
    page = browse(
        prepare=lambda page: page.on("websocket", lambda socket: addresses.append(socket.url))
    )
    page.trains(1)
    return next(address for address in addresses if "/levelset/live" in address)


def test_only_this_page_with_its_token_gets_in(live_address, server):
    query = parse_qs(urlsplit(live_address).query)
    assert len(query["token"][0]) >= 32

    def refused(address, origin):
        with pytest.raises(InvalidStatus) as caught:
            connect(address, origin=origin)
        return caught.value.response.status_code == 403

    with connect(live_address, origin=server.url) as socket:
        assert '"hello"' in socket.recv(timeout=20)
    assert refused(live_address, "http://evil.example")
    assert refused(live_address, None)
    assert refused(live_address, "null")
    assert refused(live_address.replace(query["token"][0], "wrong"), server.url)
    assert refused(live_address.split("&token=")[0], server.url)


def test_nonsense_on_the_line_is_answered_with_one_sentence(live_address, server, browse):
    with connect(live_address, origin=server.url) as socket:
        for message in (
            "no json", "[]", '{"op": "fly"}', '{"op": "points", "version": 3, "points": [[1, 2]]}',
            '{"op": "points", "version": 3, "points": [[1, 2, 5]]}', '{"op": "points"}',
            '{"op": "view", "field": 1e9, "overlays": []}', '{"op": "control", "action": "fly"}',
            '{"op": "probe", "panel": 7, "x": 0, "y": 0}', '{"op": "probe", "panel": 0, "x": NaN}',
        ):  # fmt: skip
            socket.send(message)
            while '"error"' not in (answer := socket.recv(timeout=20)):
                pass
            assert answer.count(".") >= 1, message
