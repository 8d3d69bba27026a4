"""The server ends in the middle of everything and is started again: pages recover by themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Opens, Playground
from tests.e2e.servers import Server, until

pytestmark = pytest.mark.slow

#: More points than fit into an address.
MANY = 1500


@pytest.fixture(params=["kept", "off"])
def sessions(request, tmp_path, monkeypatch):
    """Whether the server keeps sessions on the disk."""
    where = "off" if request.param == "off" else str(tmp_path / "sessions")
    monkeypatch.setenv("LEVELSET_SESSIONS", where)
    return request.param


def draw(page: Playground, count: int) -> None:
    """So many points of many decimals, as a person pastes them."""
    rows = "\n".join(f"{(k * 0.6180339) % 2.8 - 1.4:.4f},{(k * 0.7548776) % 2.8 - 1.4:.4f},{k % 2}"
                     for k in range(count))  # fmt: skip
    page.show("Share & keep")
    page.page.get_by_label("Paste CSV").fill(rows)
    page.page.get_by_role("button", name="Use these points").click()
    page.wait_for("the points", points=count)
    page.acknowledged()


@pytest.mark.parametrize("view", ["Share & keep", "Code"])
def test_every_view_recovers_with_all_it_has(
    serve: Callable[..., Server], browse: Opens, sessions: str, view: str
) -> None:
    server = serve()
    page = browse(f"{server.url}/playground?start=paused")
    draw(page, MANY)
    page.show(view)
    page.page.wait_for_timeout(2000)
    os.killpg(server.process.pid, signal.SIGKILL)
    until(lambda: page.text("connection") == "reconnecting", "the page to notice")
    serve(server.port)
    page.page.wait_for_timeout(1000)
    page.wait_for("a connection", connection="live")
    page.acknowledged()
    assert page.number("points") == MANY
    page.press("play")
    page.trains(2)
    assert page.number("points") == MANY
    page.well()
