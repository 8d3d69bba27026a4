"""A real browser on a real server, and a playground page that reads like what a person does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from levelset_core.live import PlaygroundState
from tests.e2e.browsers import ARGUMENTS, find_chromium, focus
from tests.e2e.servers import PATIENCE, Server, until


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


# -- server ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts a server of the test's own, on a port if one is given; all end with the test."""
    servers: list[Server] = []

    def start(port: int | None = None) -> Server:
        servers.append(Server(port=port))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.close()


@pytest.fixture
def another_server() -> Iterator[Server]:
    """A second server that knows nothing of the first one's sessions."""
    server = Server()
    yield server
    server.close()


# -- browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        message = "No Chromium here: set LEVELSET_CHROMIUM, or run `make browser`."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Playground:
    """A person at the playground page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root: Locator = page.get_by_test_id("playground")
        self.canvas: Locator = self.root.get_by_test_id("canvas")
        self.sidebar: Locator = page.get_by_test_id("stSidebar")
        self.main: Locator = page.get_by_test_id("stMain")

    # what it shows

    def text(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}", timeout=1000 * PATIENCE) or ""

    def number(self, name: str) -> float:
        """A figure on the page; NaN while there is none."""
        return float(self.text(name) or "nan")

    def wait_for(self, what: str, **wanted: Callable[[float], bool] | str | float) -> None:
        """Wait until figures satisfy conditions or have values, all at once."""

        def holds(name: str, want: Callable[[float], bool] | str | float) -> bool:
            if isinstance(want, str):
                return self.text(name) == want
            figure = self.number(name)
            return want(figure) if callable(want) else figure == want

        names = {name.replace("_", "-"): want for name, want in wanted.items()}
        try:
            until(lambda: all(holds(n, w) for n, w in names.items()), what)
        except pytest.fail.Exception as failure:
            pytest.fail(f"{failure} On the page: { ({n: self.text(n) for n in names}) }.")

    def trains(self, steps: int = 3) -> None:
        """Training goes on by some steps, forward only."""
        self.wait_for("a first picture", step=lambda now: now >= 0)
        begun = self.number("step")
        until(lambda: self.number("step") >= begun + steps, f"{steps} steps from {begun:g} on")

    def status(self) -> str:
        """The line of figures under the picture."""
        return self.root.locator(".status").inner_text()

    def address(self) -> str:
        """Where the page is; ``page.url`` lags behind while we poll."""
        return str(self.page.evaluate("location.href"))

    def state(self) -> PlaygroundState | None:
        """What the page's address holds."""
        link = parse_qs(urlsplit(self.address()).query).get("s")
        return PlaygroundState.from_link(link[0]) if link else None

    def wait_for_address(self, holds: Callable[[PlaygroundState], object], what: str) -> None:
        until(lambda: (s := self.state()) is not None and holds(s), f"the address to hold {what}")

    def acknowledged(self) -> None:
        """Every edit has reached Python."""
        until(lambda: self.text("version") == self.text("acked"), "every edit to be acknowledged")

    def well(self) -> None:
        """No error is on the page."""
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        expect(self.root.locator(".error")).to_be_hidden()

    # what a person does

    def press(self, name: str) -> None:
        self.root.get_by_test_id(name).click()

    def play(self) -> None:
        self.press("play")
        self.wait_for("play to hold", playing="true")

    def pause(self) -> None:
        if self.text("playing") == "true":
            self.press("play")
        self.wait_for("training to stop", playing="false", status="paused")
        self.steady("step")

    def steady(self, name: str) -> None:
        """Wait until a figure stands still: the last picture is there."""
        seen: list[str] = []

        def still() -> bool:
            seen.append(self.text(name))
            return len(seen) >= 8 and len(set(seen[-8:])) == 1

        until(still, f"a steady {name}")

    def clear(self) -> None:
        self.press("clear")
        self.wait_for("an empty plot", points=0)

    def at(self, x: float, y: float) -> dict[str, float]:
        """Where a place of the plane lies on the canvas of a single panel."""
        width, height = self.canvas.evaluate("c => [c.clientWidth, c.clientHeight]")
        top = 20 if width < 620 else 4  # as layout.js has it: the title stands above or beside
        size = height - top - 18
        return {"x": 30 + (x + 1.5) / 3 * size, "y": top + (1.5 - y) / 3 * size}

    def click(self, x: float, y: float, button: str = "left") -> None:
        self.canvas.click(position=self.at(x, y), button=button)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        box, (a, b) = self.canvas.bounding_box(), (self.at(*start), self.at(*end))
        mouse = self.page.mouse
        mouse.move(box["x"] + a["x"], box["y"] + a["y"])
        mouse.down()
        mouse.move(box["x"] + b["x"], box["y"] + b["y"], steps=5)
        mouse.up()

    def show(self, tab: str) -> None:
        """Open a view below the canvas."""
        self.main.get_by_role("radio", name=tab, exact=True).click()

    def choose(self, label: str, option: str) -> None:
        box = self.page.get_by_role("combobox", name=label)
        # A list closes when the sidebar scrolls under it: nobody scrolls and clicks at once.
        box.scroll_into_view_if_needed()
        self.page.wait_for_timeout(200)
        box.click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def pick(self, label: str, option: str) -> None:
        group = self.page.get_by_role("radiogroup", name=label)
        group.get_by_role("radio", name=option, exact=True).click()

    def slide(self, label: str, key: str, times: int = 1) -> None:
        slider = self.sidebar.get_by_role("slider", name=label)
        focus(slider)
        for _ in range(times):
            slider.press(key)


Opens = Callable[..., Playground]


@pytest.fixture
def browse(browser: Browser, server: Server) -> Iterator[Opens]:
    """Opens pages, each like a browser of its own; uncaught errors in them fail the test."""
    contexts: list[BrowserContext] = []
    pages: list[Playground] = []
    errors: list[Error] = []

    def open_page(
        path: str = "/playground?start=fast",
        *,
        size: tuple[int, int] = (1280, 720),
        color_scheme: str = "light",
        prepare: Callable[[Page], None] = lambda page: None,
        ready: bool = True,
    ) -> Playground:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=color_scheme,
            accept_downloads=True,
        )  # fmt: skip
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error))
        prepare(page)
        page.goto(path if "://" in path else server.url + path)
        playground = Playground(page)
        pages.append(playground)
        if ready:
            playground.wait_for(
                "the first picture", frames=lambda frames: frames > 0, version=lambda now: now > 0
            )
        return playground

    yield open_page
    for playground in pages:
        with suppress(Error, pytest.fail.Exception):
            if playground.root.count() and playground.text("playing") == "true":
                playground.press("play")  # or it trains on for a while beside the next test
                playground.wait_for("a pause", playing="false")
    for context in contexts:
        context.close()
    assert not errors, f"Errors in the browser: {[str(error) for error in errors]}"


@pytest.fixture
def playground(browse: Opens) -> Playground:
    """The playground as it opens."""
    return browse()
