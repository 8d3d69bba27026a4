"""The views below the canvas."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import until

STAGES = ("1 Project", "2 Sample network", "3 Loss", "4 Update θ", "5 Motion")


@pytest.mark.parametrize("objective", ["Geometric SVM", "Margin L∞", "Cross-entropy"])
def test_one_iteration_in_five_stages(playground, objective):
    if objective != "Geometric SVM":
        playground.choose("Loss", objective)
        playground.wait_for("the objective", titles=objective)
    playground.show("One iteration")
    caption = playground.main.get_by_text("Training is paused")
    expect(caption).to_contain_text(objective)
    playground.wait_for("training to stop", playing="false")
    playground.steady("step")
    step = int(playground.number("step"))
    expect(caption).to_contain_text(f"Iteration {step + 1} of")
    for stage in STAGES:
        playground.main.get_by_role("radio", name=stage, exact=True).click()
        expect(playground.main.get_by_role("radio", name=stage, exact=True)).to_be_checked()
        expect(playground.main.locator(".katex").first).to_be_visible()
        expect(playground.main.locator(".katex-error")).to_have_count(0)
        playground.well()
    playground.main.get_by_role("button", name="Do this step").click()
    playground.wait_for("one step", step=step + 1)
    expect(caption).to_contain_text(f"Iteration {step + 2} of")


def test_iteration_follows_the_canvas(playground):
    playground.show("One iteration")
    caption = playground.main.get_by_text("Training is paused")
    expect(caption).to_be_visible()
    playground.steady("step")
    step = int(playground.number("step"))
    playground.press("step")
    expect(caption).to_contain_text(f"Iteration {step + 2} of")
    playground.press("play")
    stop = playground.main.get_by_role("button", name="Pause and look at one iteration")
    expect(stop).to_be_visible()
    playground.trains()
    stop.click()
    playground.wait_for("training to stop", playing="false")
    expect(caption).to_be_visible()
    # Follow the last of many points, then leave only two.
    playground.page.get_by_role("spinbutton", name="Point").fill("199")
    playground.page.keyboard.press("Enter")
    expect(caption).to_contain_text("point 199")
    playground.clear()
    playground.click(0.3, 0.3)
    playground.click(-0.3, -0.3, button="right")
    # With one point only, which a slow page sees in between, it is that one.
    expect(caption).to_contain_text(re.compile("point [01] "))
    playground.well()


def test_code_names_the_function_that_runs(playground):
    playground.choose("Loss", "Hinge")
    playground.show("Code")
    expect(playground.main.get_by_test_id("stCode")).to_contain_text("def hinge(")


def test_charts_fill(playground):
    for title in ("Loss", "Accuracy", "Input margin", "Newton residual |F(p)|"):
        expect(playground.main.locator(".js-plotly-plot").get_by_text(title)).to_be_visible()


@pytest.mark.parametrize("size", [(1280, 720), (1440, 900)])
def test_the_keys_of_the_charts_are_seen_without_scrolling(browse, size):
    page = browse(size=size)
    page.trains(2)
    for word in ("held-out", "smallest"):
        key = page.main.locator(".js-plotly-plot .annotation").filter(has_text=word)
        expect(key).to_be_visible()
        boxes: list[dict[str, float] | None] = []
        until(lambda k=key, b=boxes: b.append(k.bounding_box()) or b[-1], "a chart that stands")
        box = boxes[-1]
        assert box["y"] + box["height"] <= size[1], (word, box)
        assert box["x"] + box["width"] <= size[0]
