"""The first minute: untrained, slow enough to be seen, told in a sentence, undone if it fails."""

import time

from playwright.sync_api import expect

from levelset_core.live import PlaygroundState
from levelset_core.live.state import Preset
from levelset_core.playground import PlaygroundConfig
from tests.e2e.servers import until

OPENS = "/playground"


def lead(page):
    return page.root.get_by_test_id("lead")


def test_it_opens_untrained_and_slow_enough_to_be_seen(browse):
    page = browse(OPENS)
    assert page.number("step") <= 12
    page.wait_for("the beginning", step=lambda now: now >= 1, playing="true")
    expect(page.root.get_by_test_id("fast")).to_be_visible()
    begun, step = time.monotonic(), page.number("step")
    page.wait_for("steps that can be seen", step=lambda now: now >= 55)
    assert time.monotonic() - begun > (55 - step) / 6 - 1.5  # six a second
    page.wait_for("full speed", step=lambda now: now > 80)
    expect(page.root.get_by_test_id("fast")).to_be_hidden()
    page.well()


def test_the_sentence_says_what_is_seen_and_follows(browse):
    page = browse(f"{OPENS}?start=paused")
    page.wait_for("the untrained network", step=0, playing="false", lead="untrained")
    expect(lead(page)).to_contain_text("line is where the network says 0")
    expect(lead(page)).to_contain_text("Each bar is how far a point is from it")
    word = lead(page).locator(".term").first
    expect(word.locator(".about")).not_to_be_visible()
    word.focus()
    expect(word.locator(".about")).to_be_visible()
    page.play()
    page.press("fast")
    page.wait_for("training to be told", lead="training")
    page.clear()
    page.wait_for("an empty plane to be told", lead="empty")


def test_where_motion_is_reduced_play_pulses_until_pressed(browse):
    page = browse(OPENS, prepare=lambda page: page.emulate_media(reduced_motion="reduce"))
    button = page.root.get_by_test_id("play")
    expect(button).to_have_class("pulse")
    page.page.wait_for_timeout(3000)
    page.wait_for("nothing to have begun", step=0, playing="false")
    page.play()
    expect(button).not_to_have_class("pulse")
    page.trains(1)


def test_a_collapse_is_told_and_the_change_undone(browse):
    config = PlaygroundConfig(width=32, lam=0.2, learning_rate=0.01)
    state = PlaygroundState.from_preset(Preset("two_moons", 60), config=config)
    page = browse(f"{OPENS}?start=fast&s={state.to_link()}")
    page.wait_for("a trained network", step=lambda now: now > 300)
    page.slide("λ₁₁, weight of the band", "ArrowRight")
    page.wait_for_address(lambda state: state.config.lam == 0.5, "the change")
    page.wait_for("the collapse", lead="collapsed")
    expect(lead(page)).to_contain_text("Lower the learning rate to 0.001")
    expect(page.root.get_by_test_id("revert")).to_contain_text("λ₁₁ 0.2 → 0.5")
    page.press("revert")
    page.wait_for_address(lambda state: state.config.lam == 0.2, "λ of before")
    until(lambda: page.text("lead") != "collapsed", "a fresh start")
    page.well()
