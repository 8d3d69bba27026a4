"""Back through a training, on from there, slow motion, and films."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.servers import until


def pull(page, step):
    """Pull the slider of time to a step."""
    slider = page.root.get_by_test_id("time")
    slider.evaluate(
        "(slider, step) => { slider.value = step; slider.dispatchEvent(new Event('input')); }", step
    )


def test_back_and_on_from_there(playground):
    playground.trains(30)
    playground.pause()
    newest = playground.number("newest")
    pull(playground, newest // 2)  # moments lie further apart the longer it has trained
    playground.wait_for("the moment", step=lambda step: 0 < step <= newest // 2, playing="false")
    there = playground.number("step")
    assert playground.number("newest") == newest
    expect(playground.root.locator("output")).to_have_text(f"{there:g} of {newest:g}")
    playground.press("again")
    playground.wait_for("training from there", playing="true", step=lambda step: step > there)
    playground.well()


def test_slow_motion_lights_up_the_equations_in_turn(playground):
    playground.choose("Loss", "Margin L2")
    playground.trains(3)
    playground.root.get_by_test_id("pace").select_option("2")
    playground.wait_for_address(lambda state: state.config.speed == 2, "the speed")
    seen = set()

    def all_lit():
        seen.add(playground.text("phase"))
        return {"Eq. 4", "Eq. 9", "Eq. 12"} <= seen

    until(all_lit, "all three equations")
    expect(playground.root.locator(".light.on")).to_have_count(1)
    assert set(playground.state().overlays) == {"contours", "field", "margins"}
    playground.pause()
    until(lambda: playground.text("phase") == "", "the lights to go out")
    playground.well()


def test_films_of_the_training(playground, tmp_path):
    playground.trains(12)
    playground.pause()
    playground.press("step")
    step = playground.number("newest")
    heads = {"gif": b"GIF89a", "mp4": b"ftyp"}
    for kind, head in heads.items():
        with playground.page.expect_download() as download:
            playground.press(kind)
        path = Path(tmp_path / f"film.{kind}")
        download.value.save_as(path)
        assert head in path.read_bytes()[:16] and path.stat().st_size > 20_000
    playground.wait_for("the moment of before", newest=lambda now: now >= step, playing="false")
    playground.well()
