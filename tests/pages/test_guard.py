"""Names that the server answers to, and the headers of its answers."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from pages.server import guard


async def hello(request):
    return PlainTextResponse("hello")


async def live(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


@pytest.fixture
def client():
    guard.own_names.cache_clear()
    routes = [Route("/", hello), WebSocketRoute("/live", live)]
    app = Starlette(routes=routes, middleware=guard.guard())
    yield lambda host: TestClient(app, base_url=f"http://{host}")
    guard.own_names.cache_clear()


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "192.168.0.7", "a.localhost"],
)
def test_own_names_and_addresses_are_answered(client, host):
    answer = client(host).get("/")
    assert answer.status_code == 200 and answer.text == "hello"
    with client(host).websocket_connect(f"ws://{host}/live") as socket:
        assert socket.receive_text() == "hello"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:8501", "1.2.3.4.evil.example"]
)
def test_other_names_are_refused_with_what_to_do(client, host):
    answer = client(host).get("/")
    assert answer.status_code == 421 and "LEVELSET_HOSTS=" in answer.text
    with pytest.raises(WebSocketDisconnect), client(host).websocket_connect(f"ws://{host}/live"):
        pass


def test_the_setting_allows_more(client, monkeypatch):
    monkeypatch.setenv(guard.HOSTS, "lab.example, other.example")
    assert client("lab.example").get("/").status_code == 200
    assert client("Other.Example:8501").get("/").status_code == 200
    assert client("evil.example").get("/").status_code == 421


def test_a_request_without_a_name_is_refused():
    assert not guard.is_ours("", ["*"]) and not guard.is_ours(":80", [""])
    assert guard.is_ours("any.example", ["*"])


def test_answers_say_what_a_browser_may_do(client, monkeypatch):
    headers = client("localhost").get("/").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy and "default-src 'self'" in policy
    monkeypatch.setenv(guard.EMBED, "https://moodle.example.org")
    headers = client("localhost").get("/").headers
    assert "x-frame-options" not in headers
    assert "frame-ancestors 'self' https://moodle.example.org" in headers["content-security-policy"]
