"""The server ends in the middle of everything and is started again: pages recover by themselves."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Opens, Playground
from tests.e2e.servers import Server, until

pytestmark = pytest.mark.slow

#: More points than fit into an address.
MANY = 1500
SEED, KILLS = 0, 12


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


def test_a_server_killed_at_random_moments_loses_no_point(
    serve: Callable[..., Server], browse: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVELSET_SESSIONS", str(tmp_path / "sessions"))
    moment, server = random.Random(SEED), serve()
    page = browse(f"{server.url}/playground?start=paused")
    page.clear()
    session = page.address().split("session=")[1].split("&")[0]
    for kill in range(KILLS):
        if page.text("playing") == "false":
            page.play()
        count = page.number("points")
        page.click(moment.uniform(-1, 1), moment.uniform(-1, 1), moment.choice(["left", "right"]))
        page.page.wait_for_timeout(moment.uniform(0, 1500))
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        page.page.wait_for_timeout(moment.uniform(0, 1000))
        page.click(moment.uniform(-1, 1), moment.uniform(-1, 1))  # while nobody is there
        server = serve(server.port)
        page.wait_for("a connection", connection="live")
        page.acknowledged()
        assert page.number("points") == count + 2, f"after {kill + 1} kills"
    page.trains(1)
    # It may say that training was busy while it began; nothing worse.
    expect(page.page.get_by_test_id("stException")).to_have_count(0)
    assert session in page.address()
    print(f"\n{KILLS} servers killed: {2 * KILLS} points of {2 * KILLS}, one playground.")
