"""Four networks side by side, and one iteration of the one that is clicked."""

from playwright.sync_api import expect

from levelset_core.glossary import GLOSSARY
from levelset_core.playground import FIGURE_1, OBJECTIVES


def compare(page):
    page.sidebar.get_by_text("Compare: Figure 1").click()
    page.wait_for("four panels", panels=4)


def test_compare_brings_the_points_of_figure_1(playground):
    compare(playground)
    playground.wait_for_address(
        lambda state: state.preset.name == "figure_1" and state.compare, "Figure 1's points"
    )
    playground.wait_for("its points", points=24)
    playground.wait_for_address(lambda state: "balls" in state.overlays, "what the losses ask for")
    left, top, _ = map(float, playground.text("plots").split(",")[2].split())
    playground.canvas.hover(position={"x": left + 20, "y": top - 24})  # the title
    expect(playground.root.locator(".tip")).to_contain_text(GLOSSARY["margin_l2"].sentence)


def test_compare_leaves_a_drawing_alone(playground):
    playground.pause()
    playground.clear()
    playground.click(0.5, 0.5)
    playground.click(-0.5, -0.5, button="right")
    playground.acknowledged()
    compare(playground)
    playground.wait_for("the drawing", points=2)


def place_in(page, panel, index):
    """Where a point lies in one of several panels."""
    left, top, size = map(float, page.text("plots").split(",")[panel].split())
    x, y = map(float, page.state().points.xy[index])
    return {"x": left + (x + 1.5) / 3 * size, "y": top + (1.5 - y) / 3 * size}


def test_one_iteration_of_the_point_and_panel_that_are_clicked(playground):
    compare(playground)
    playground.wait_for("Figure 1", points=24)
    playground.show("One iteration")
    caption = playground.main.get_by_text("Training is paused")
    expect(caption).to_contain_text(OBJECTIVES[FIGURE_1[0]].title)
    playground.wait_for("training to stop", playing="false", status="paused")
    playground.canvas.click(position=place_in(playground, 2, 7))
    expect(caption).to_contain_text(f"of {OBJECTIVES[FIGURE_1[2]].title}, followed for point 7 ")
    playground.wait_for("no point more", points=24)
    step = playground.number("step")
    playground.show("Charts")  # it trained before, so it goes on
    playground.wait_for("training to go on", playing="true", step=lambda now: now > step)
    playground.well()
