"""The guided tour: tied to what happens, skipped at any time, taken again."""

from playwright.sync_api import expect


def test_the_tour_follows_what_is_done(browse):
    page = browse("/playground?start=paused")
    page.press("tour")
    page.wait_for("the tour", tour="line")
    expect(page.root.get_by_test_id("tour-card")).to_contain_text("1/7")
    expect(page.root.locator(".ring")).to_be_visible()
    page.press("tour-next")
    page.wait_for("the step about play", tour="play")
    page.play()
    page.wait_for("to be led on by the training", tour="bars")
    page.press("tour-next")
    page.wait_for("the step about points", tour="draw")
    page.click(-1.2, -1.2)
    page.wait_for("to be led on by the new point", tour="back")
    page.press("tour-skip")
    page.wait_for("no tour", tour="")
    expect(page.root.get_by_test_id("lead")).to_be_visible()
    page.press("tour")  # again
    page.wait_for("the tour again", tour="line")
    page.page.keyboard.press("Escape")
    page.wait_for("no tour", tour="")
    page.well()
