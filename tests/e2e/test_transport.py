"""The live connection: who may open it, and what happens without it."""

import json

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
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
def live(browse):
    """The address of the live connection, and the first message that the page sent."""
    found = []

    def look(socket):
        if "/levelset/live" in socket.url:
            socket.on("framesent", lambda text: found.append((socket.url, text)))

    page = browse(prepare=lambda page: page.on("websocket", look))
    page.trains(1)
    return found[0]


def test_only_this_page_with_its_token_gets_in(live, server):
    address, first = live
    asked = json.loads(first)
    assert asked["op"] == "open" and len(asked["token"]) >= 32
    assert "?" not in address and asked["token"] not in address

    def refused(origin):
        with pytest.raises(InvalidStatus) as caught:
            connect(address, origin=origin)
        return caught.value.response.status_code == 403

    def closed(first):
        with connect(address, origin=server.url) as socket:
            socket.send(first)
            with pytest.raises(ConnectionClosed) as caught:
                socket.recv(timeout=20)
        return caught.value.rcvd.code

    with connect(address, origin=server.url) as socket:
        socket.send(first)
        assert '"hello"' in socket.recv(timeout=20)
    assert refused("http://evil.example")
    assert refused(None)
    assert refused("null")
    assert closed(json.dumps({**asked, "token": "wrong"})) == 4403
    assert closed(json.dumps({"op": "open", "session": asked["session"]})) == 4403
    assert closed(json.dumps({"op": "control", "action": "play"})) == 4403
    assert closed("[" * 100_000) == 4403
    assert closed(json.dumps({**asked, "session": "gone"})) == 4404


def test_nonsense_on_the_line_is_answered_with_one_sentence(live, server, browse):
    address, first = live
    with connect(address, origin=server.url) as socket:
        socket.send(first)
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
