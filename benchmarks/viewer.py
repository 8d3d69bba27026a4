"""How fast the 3D viewer is: page to picture, level slider, pictures as files.

    python -m benchmarks.viewer [--store] [--quick]

Needs chromium and playwright (requirements-dev.txt). A headless browser draws with the processor
(SwiftShader), so everything that draws is slower here than with any graphics card.
"""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks import _measure
from tests.e2e.servers import ROOT

SCENES = ROOT / "tests" / "e2e" / "viewer_scenes.py"
TRIANGLES = 300_000
_PICTURE = """(least) => performance.getEntriesByName("levelset:picture")
    .find((mark) => mark.detail >= least)?.startTime"""

# The component's elements live in a shadow root or not: look everywhere.
_FIND = """
const all = (node) => [...node.querySelectorAll("*")].flatMap(
  (e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
const find = (id) => all(document).find((e) => e.dataset?.testid === id);
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
"""

_SLIDE = f"""async (count) => {{ {_FIND}
  const [viewer, slider] = [find("viewer"), find("level")];
  const surface = [], handled = [];
  for (let n = 0; n < count; n++) {{
    slider.value = 120 + Math.round(160 * n / count);
    const begin = performance.now();
    slider.dispatchEvent(new Event("input"));
    await frame();
    handled.push(performance.now() - begin);
    surface.push(Number(viewer.dataset.styleMs) + Number(viewer.dataset.drawMs));
  }}
  return {{ surface, handled, triangles: Number(viewer.dataset.triangles) }};
}}"""

_SAVE = f"""async (id) => {{ {_FIND}
  find("canvas").focus();
  await new Promise((done) => setTimeout(done, 600));
  const create = URL.createObjectURL;
  const saved = new Promise((done) => {{
    URL.createObjectURL = (blob) => {{ done(blob); return create.call(URL, blob); }};
  }});
  const begin = performance.now();
  find(id).click();
  const blob = await saved;
  URL.createObjectURL = create;
  return {{ seconds: (performance.now() - begin) / 1000, bytes: blob.size }};
}}"""


def opening(browser: Any, url: str, scene: str, repeats: int) -> dict[str, Any]:
    """Seconds from the navigation to the picture; a fresh browser cache each time, and a warm."""
    fresh, empty = [], []
    for _ in range(repeats):
        fresh.append(_open(browser.new_context(), f"{url}/?scene={scene}", TRIANGLES))
        empty.append(_open(browser.new_context(), f"{url}/?scene=empty", 0))
    context = browser.new_context()
    warm = [_open(context, f"{url}/?scene={scene}", TRIANGLES, keep=True) for _ in range(repeats)]
    return {
        "first_visit_seconds": round(statistics.median(fresh), 2),
        "fastest_first_visit_seconds": round(min(fresh), 2),
        "next_visit_seconds": round(statistics.median(warm), 2),
        "page_without_data_seconds": round(statistics.median(empty), 2),
    }


def _open(context: Any, url: str, triangles: int, keep: bool = False) -> float:
    page = context.new_page()
    page.goto(url, wait_until="commit")
    if triangles:
        page.wait_for_function(_PICTURE, arg=triangles, timeout=120_000)
        milliseconds: float = page.evaluate(_PICTURE, triangles)
    else:
        marks = "performance.getEntriesByName('levelset:viewer')"
        page.wait_for_function(f"() => {marks}.length")
        milliseconds = page.evaluate(f"() => {marks}[0].startTime")
    page.close()
    if not keep:
        context.close()
    return milliseconds / 1000


def inside(browser: Any, url: str, repeats: int) -> dict[str, Any]:
    """The level slider and both kinds of file, on the surface of 300,000 triangles."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(f"{url}/?scene=torus&colour=error")
    page.wait_for_function(_PICTURE, arg=TRIANGLES, timeout=120_000)
    page.wait_for_timeout(1000)
    png = [page.evaluate(_SAVE, "png") for _ in range(repeats)]
    gif = [page.evaluate(_SAVE, "gif") for _ in range(repeats)]
    slid = page.evaluate(_SLIDE, 10 * repeats)
    surface = sorted(slid["surface"])
    return {
        "png_seconds": round(statistics.median(x["seconds"] for x in png), 2),
        "gif_seconds": round(statistics.median(x["seconds"] for x in gif), 2),
        "gif_bytes": gif[0]["bytes"],
        "level_surface_ms": round(statistics.median(surface), 1),
        "level_surface_ms_95_percent": round(surface[int(0.95 * len(surface))], 1),
        "level_to_next_frame_ms": round(statistics.median(slid["handled"]), 1),
        "level_triangles": slid["triangles"],
    }


#: What the project asks of these figures.
REQUIRED: dict[str, float] = {
    "first_visit_seconds": 2,
    "level_surface_ms": 50,
    "png_seconds": 1,
    "gif_seconds": 3,
}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("The 3D viewer: page to picture, slider, files.")
    options = _measure.parse(parser, arguments)
    repeats = 1 if options.quick else 5
    with _measure.served(SCENES) as (app, browser):
        figures = {
            "opening_300k": opening(browser, app.url, "torus", repeats),
            "inside": inside(browser, app.url, repeats),
        }
    return _measure.report("viewer", options, figures, REQUIRED)


if __name__ == "__main__":
    main()
