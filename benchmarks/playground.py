"""How fast the playground is: training alone, with a browser attached, and with ten of them.

    python -m benchmarks.playground [--store] [--quick] [--only training_alone,...]

Needs chromium and playwright (requirements-dev.txt) for the browser's part; --quick leaves it
out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks import _measure
from levelset_core.live import LiveHub, LiveSession, PlaygroundState
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer
from levelset_core.playground.config import SEARCH_EVERY_SVM


def training_alone(repeats: int) -> dict[str, Any]:
    """Steps a second of the default playground, without a view; cross-entropy for the ratio."""
    points = PlaygroundState.default().points
    trainers = {
        name: PlaygroundTrainer(PlaygroundConfig(objective=objective, points=found), points)
        for name, objective, found in (
            ("geometric_svm", "geometric_svm", "nearest"),
            ("geometric_svm_newton", "geometric_svm", "newton"),
            ("margin_linf", "margin_linf", "nearest"),
            ("margin_linf_newton", "margin_linf", "newton"),
            ("cross_entropy", "cross_entropy", "newton"),
        )
    }

    def block(trainer: PlaygroundTrainer) -> None:  # one search for nearest points is in each
        for _ in range(SEARCH_EVERY_SVM):
            next(trainer)

    for trainer in trainers.values():  # searches are more often at the beginning
        for _ in range(10):
            block(trainer)
    t = _measure.interleave(repeats, **{k: lambda v=v: block(v) for k, v in trainers.items()})
    plain = t["cross_entropy"]
    return {
        "geometric_svm_steps_per_second": round(SEARCH_EVERY_SVM / t["geometric_svm"], 1),
        "cross_entropy_steps_per_second": round(SEARCH_EVERY_SVM / plain, 1),
        "cost_of_a_step_over_cross_entropy": round(t["geometric_svm"] / plain, 2),
        "others_over_cross_entropy": {k: round(v / plain, 2) for k, v in t.items()},
    }


def with_browser(seconds: float) -> dict[str, Any]:
    """Pictures and steps a second, latencies of points, a burst of clicks, the server's CPU.

    Pictures come from the session; the browser draws more often, by blending from one to the next.
    A point is visible when it is on the canvas, which the screen shows at its next refresh.
    """
    with _measure.served() as (app, browser):
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        begin = time.perf_counter()
        page.goto(f"{app.url}/playground?start=fast")
        root = page.locator("[data-testid=playground]")
        page.wait_for_selector("[data-testid=playground][data-frames]", timeout=60_000)
        first_picture = time.perf_counter() - begin
        page.wait_for_timeout(3000)
        names = ("frames", "draws", "step")
        cpu, before, at = (app.cpu_seconds(), [_int(root, n) for n in names], time.perf_counter())
        page.wait_for_timeout(1000 * seconds)
        passed = time.perf_counter() - at
        frames, draws, steps = (_int(root, n) - b for n, b in zip(names, before, strict=True))
        result = {
            "first_picture_seconds": round(first_picture, 2),
            "pictures_per_second": round(frames / passed, 1),
            "drawn_per_second": round(draws / passed, 1),
            "steps_per_second": round(steps / passed, 1),
            "server_cpu_percent": round(100 * (app.cpu_seconds() - cpu) / passed, 1),
        }
        return result | _points(page, root)


def ten_browsers(seconds: float) -> dict[str, Any]:
    """Ten sessions at once, as ten browsers would hold them: steps each takes."""
    hub = LiveHub()
    sessions = [hub.create(PlaygroundState.default()) for _ in range(10)]
    try:
        for session in sessions:
            client = session.listen(_next_picture(session))
            session.set_view(client, {"field": 128, "overlays": ["margins"]})
            session.control("fast")
            session.want_frame(at_once=True)
        time.sleep(3)
        begin = [session.news["step"] for session in sessions]
        time.sleep(seconds)
        taken = [s.news["step"] - b for s, b in zip(sessions, begin, strict=True)]
    finally:
        hub.close()
    return {
        "slowest_steps_per_second": round(min(taken) / seconds, 2),
        "fastest_steps_per_second": round(max(taken) / seconds, 2),
        "all_advance": min(taken) > 0,
    }


def _next_picture(session: LiveSession) -> Callable[[str, Any], None]:
    """A browser that asks for a picture as soon as it has one."""

    def hear(kind: str, content: Any) -> None:
        if kind == "frame":
            session.want_frame()

    return hear


_MEASURE = """
() => {
  const places = (name) =>
    performance.getEntriesByName(name).map((m) => [m.detail.version, m.startTime]);
  const acks = new Map(places("levelset:ack"));
  const drawn = new Map(places("levelset:point"));
  const clicks = window.levelsetClicks || [];
  return { acks: [...acks], drawn: [...drawn], clicks };
}
"""


def _points(page: Any, root: Any) -> dict[str, Any]:
    """Put points one by one, then thirty as fast as the mouse goes."""
    page.evaluate(
        """() => { window.levelsetClicks = [];
        window.addEventListener("pointerdown", (e) => levelsetClicks.push(e.timeStamp), true); }"""
    )
    box = page.locator("[data-testid=canvas]").bounding_box()
    x0, y0 = box["x"] + 90, box["y"] + 60
    for k in range(12):
        page.mouse.click(x0 + 12 * k, y0)
        page.wait_for_timeout(250)
    marks = page.evaluate(_MEASURE)
    drawn, acks = dict(marks["drawn"]), dict(marks["acks"])
    versions = sorted(drawn)[-12:]
    clicks = marks["clicks"][-12:]
    visible = [drawn[v] - c for v, c in zip(versions, clicks, strict=False)]
    acked = [acks[v] - drawn[v] for v in versions if v in acks]
    before = _int(root, "points")
    for k in range(30):
        page.mouse.click(x0 + 7 * k, y0 + 30 + 12 * (k % 3))  # within the plot
    page.wait_for_function(
        "(e) => e.dataset.version === e.dataset.acked", arg=root.element_handle(), timeout=15_000
    )
    result: dict[str, Any] = {
        f"point_{what}_ms": {"median": round(statistics.median(t), 1), "max": round(max(t), 1)}
        for what, t in (("visible", visible), ("acknowledged", acked))
    }
    return result | {"burst_of_30_kept": _int(root, "points") - before}


def _int(root: Any, name: str) -> int:
    return int(root.get_attribute(f"data-{name}") or 0)


#: What the project asks of these figures.
REQUIRED: dict[str, float] = {
    "geometric_svm_steps_per_second": 60,
    "cost_of_a_step_over_cross_entropy": 6,
    "pictures_per_second": 30,
    "drawn_per_second": 60,
    "steps_per_second": 50,
    "point_visible_ms": 8,
    "point_acknowledged_ms": 60,
    "burst_of_30_kept": 30,
}


PARTS: dict[str, _measure.Part] = {
    "training_alone": lambda options, folder: training_alone(3 if options.quick else 40),
    "with_browser": lambda options, folder: with_browser(10),
    "ten_sessions": lambda options, folder: ten_browsers(10),
}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("The playground: rates and latencies.")
    parser.add_argument("--only", help="parts, separated by commas")
    options = _measure.parse(parser, arguments)
    options.only = options.only or ("training_alone" if options.quick else ",".join(PARTS))
    return _measure.report_parts("playground", options, PARTS, REQUIRED)


if __name__ == "__main__":
    main()
