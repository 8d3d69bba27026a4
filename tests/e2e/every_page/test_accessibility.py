"""Everybody can use every page, in both themes: axe finds nothing serious, text can be read."""

import json
import os
import shutil

import pytest
from playwright.sync_api import expect

from levelset_core.paths import ASSETS
from tests.e2e.servers import PATIENCE, ROOT, Server, run_store, until

AXE = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
#: Address -> document title, heading, and what is there when the page is.
PAGES = {
    "/": ("Levelset Lab", "See, steer and trust", "hero"),
    "/playground": ("Playground · Levelset Lab", "Playground", "playground"),
    "/reconstruction": ("Reconstruction · Levelset Lab", "Reconstruction", "viewer"),
    "/exact": ("Exact networks · Levelset Lab", "Exact networks", "polygon"),
    "/robustness": ("Robustness · Levelset Lab", "Robustness", "robust-table"),
    "/few_samples": ("Few samples · Levelset Lab", "Few samples", "stPlotlyChart"),
    "/runs": ("Runs · Levelset Lab", "Runs", "levelset-table"),
}
#: Views of pages beside the first one.
VIEWS = {
    "/playground": ("One iteration", "Network", "A and B", "Lessons", "Share & keep"),
    "/robustness": ("Can you trust 99%?", "Curves", "Explorer", "Train here", "Your model"),
    "/few_samples": ("Repeat by repeat", "Images they differ on", "Run here"),
}
SETTLED = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app?.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]');
}"""
#: Whether the page has taken a theme: its ground is light or dark.
THEMED = """(scheme) => {
  const app = document.querySelector('[data-testid=stApp]');
  const [r, g, b] = getComputedStyle(app).backgroundColor.match(/[\\d.]+/g).map(Number);
  return (r + g + b > 384) === (scheme === 'light');
}"""
#: Texts of charts, which axe does not look at, and how they stand out.
CHARTS = """() => {
  const context = document.createElement('canvas').getContext('2d');
  const channels = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (rgb) => rgb.map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const app = document.querySelector('[data-testid=stApp]');
  const ground = channels(getComputedStyle(app).backgroundColor);
  return [...document.querySelectorAll('[data-testid=stPlotlyChart] svg text')]
    .filter((text) => text.textContent.trim() && text.checkVisibility())
    .map((text) => {
      const [r, g, b, a] = channels(getComputedStyle(text).fill);
      const share = a / 255 * Number(getComputedStyle(text).opacity);
      const shown = [r, g, b].map((v, k) => v * share + ground[k] * (1 - share));
      const [low, high] = [light(shown), light(ground.slice(0, 3))].sort((x, y) => x - y);
      return [text.textContent, (high + 0.05) / (low + 0.05)];
    })
    .filter(([, contrast]) => contrast < 4.5);
}"""


@pytest.fixture(scope="module")
def axe():
    if not AXE.exists():
        message = "No axe here: run `npm ci` in assets/ (make lint does)."
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return AXE.read_text("utf-8")


#: Rules that hold too, although axe takes what breaks them for moderate.
ALSO = ("heading-order", "page-has-heading-one", "empty-heading")
#: Tables without a name: those of HTML, and grids that Streamlit draws.
NAMELESS = """() => [...document.querySelectorAll('table, [role=table], [role=grid]')]
  .filter((table) => table.checkVisibility() && !table.ariaLabel && !table.caption
    && !table.closest('[aria-label][role]'))
  .map((table) => table.outerHTML.slice(0, 120))"""


def serious(page, axe):
    """What axe finds that keeps people out: rule, element, what to do."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        (rule["id"], node["target"], node.get("failureSummary"))
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical") or rule["id"] in ALSO
        for node in rule["nodes"]
    ]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A server whose store holds a finished run, as it usually does."""
    root = tmp_path_factory.mktemp("runs")
    run = next((ASSETS / "checkpoints" / "measurements").glob("survey-*"))
    shutil.copytree(run, root / run.name)
    with pytest.MonkeyPatch.context() as patch, run_store(patch, root), Server() as server:
        yield server


@pytest.mark.parametrize("path", PAGES)
def test_nothing_serious_on_any_page_in_any_theme(path, app, axe, browse):
    page = browse(f"{app.url}{path}", ready=False, size=(1280, 900)).page
    title, heading, landmark = PAGES[path]
    there = page.locator(f"[data-testid={landmark}], .{landmark}").first
    expect(there).to_be_visible(timeout=1000 * PATIENCE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(THEMED, arg=scheme)
        page.wait_for_timeout(1000)
        page.wait_for_function(SETTLED)
        assert page.title() == title
        assert page.locator("h1").count() == 1
        expect(page.locator("h1")).to_contain_text(heading)
        found = serious(page, axe)
        assert not found, (scheme, json.dumps(found[:8], indent=1, ensure_ascii=False))
        assert page.evaluate(CHARTS) == [], scheme
        assert page.evaluate(NAMELESS) == [], scheme
    for name in VIEWS.get(path, ()):
        page.get_by_role("radio", name=name, exact=True).click()
        page.wait_for_timeout(500)
        page.wait_for_function(SETTLED)
        found = serious(page, axe)
        assert not found, (name, json.dumps(found[:8], indent=1, ensure_ascii=False))
        assert page.evaluate(CHARTS) == [] and page.evaluate(NAMELESS) == [], name


@pytest.mark.parametrize(
    ("path", "link", "testid"),
    [
        ("/playground", "Skip to the canvas", "canvas"),
        ("/reconstruction", "Skip to the 3D picture", "canvas"),
        ("/exact", "Skip to the drawing", "drawing"),
    ],
)
def test_the_canvas_is_one_step_from_the_top(path, link, testid, app, browse):
    page = browse(f"{app.url}{path}", ready=False).page
    skip = page.get_by_role("link", name=link)
    expect(skip).to_have_count(1)
    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    focused = """() => {
      let e = document.activeElement;
      while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
      return e?.dataset.testid;
    }"""
    until(lambda: page.evaluate(focused) == testid, "the canvas to have the focus")
    page.get_by_role("link", name="Levelset Lab", exact=True).click()
    expect(page.get_by_test_id("hero")).to_be_visible(timeout=1000 * PATIENCE)
    expect(skip).to_have_count(0)
