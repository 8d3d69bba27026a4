"""The picture of the app in README and docs: ``python -m docs.make_pictures``.

Opens the playground on Figure 1's points, with four objectives side by side, trains for a while,
and takes the screenshot. Needs chromium and playwright (requirements-dev.txt).
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import sync_playwright

from levelset_core.live import PlaygroundState
from levelset_core.live.state import Preset
from levelset_core.playground import PlaygroundConfig
from tests.e2e.browsers import ARGUMENTS, find_chromium
from tests.e2e.servers import Server

TARGET = Path(__file__).parent / "images" / "playground.png"
STEPS = 1500


def main() -> None:
    """Take the picture."""
    state = PlaygroundState.from_preset(
        Preset("figure_1", 24, 0.0), config=PlaygroundConfig(), compare=True
    )
    with Server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server.url}/playground?start=fast&s={quote(state.to_link())}")
        root = page.get_by_test_id("playground")
        root.wait_for(timeout=120_000)
        page.wait_for_function(
            """(steps) => {
              const all = (node) => [...node.querySelectorAll("*")].flatMap(
                (e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
              const found = all(document).find((e) => e.dataset?.testid === "playground");
              return Number(found?.dataset.step) >= steps;
            }""",
            arg=STEPS, timeout=300_000,
        )  # fmt: skip
        root.get_by_test_id("play").click()
        page.wait_for_timeout(2000)
        page.mouse.move(5, 500)
        TARGET.parent.mkdir(exist_ok=True)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    main()
