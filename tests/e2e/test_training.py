"""Objectives and settings while training runs."""

from playwright.sync_api import expect

from levelset_core.live.state import OVERLAYS
from levelset_core.playground import FIGURE_1, OBJECTIVES
from tests.e2e.servers import PATIENCE, until

WATCH = """root => {
  root.setBacks = 0;
  let last = Number(root.dataset.step);
  new MutationObserver(() => {
    const now = Number(root.dataset.step);
    if (now < last) root.setBacks += 1;
    last = now;
  }).observe(root, { attributeFilter: ["data-step"] });
}"""


def set_backs(page):
    """How often the step went back since the watch began."""
    return page.root.evaluate("root => root.setBacks")


def test_every_objective_takes_over_while_training(playground):
    playground.root.evaluate(WATCH)
    for name in [*list(OBJECTIVES)[1:], "geometric_svm"]:
        title = OBJECTIVES[name].title
        playground.choose("Loss", title)
        playground.wait_for(f"{title} to train", titles=title, status="running")
        playground.trains()
        playground.well()
    assert set_backs(playground) == 0


def test_settings_take_effect_without_a_reset(playground):
    playground.trains(5)
    playground.root.evaluate(WATCH)
    for label, key, name, value in (
        ("Learning rate (Adam)", "ArrowRight", "learning_rate", 3e-3),
        ("λ₁₁, weight of the band", "ArrowRight", "lam", 0.005),
        ("α, power of Δ", "ArrowLeft", "alpha", -1.25),
    ):
        playground.slide(label, key)
        playground.wait_for_address(
            lambda state, name=name, value=value: getattr(state.config, name) == value, name
        )
        playground.trains()
    playground.pick("Distance d", "ρ")
    playground.wait_for_address(lambda state: state.config.distance == "rho", "the distance")
    playground.choose("Loss", "Margin L2")
    playground.slide("Wanted margin ε", "ArrowRight")
    playground.wait_for_address(lambda state: state.config.epsilon == 0.21, "epsilon")
    playground.trains()
    assert set_backs(playground) == 0
    playground.slide("Hidden layers", "ArrowLeft")
    playground.wait_for_address(lambda state: state.config.depth == 2, "the depth")
    until(lambda: set_backs(playground) == 1, "the new network's first picture")
    playground.trains()
    assert set_backs(playground) == 1
    playground.well()


def test_step_reset_and_new_seed(playground):
    playground.pause()
    step = playground.number("step")
    playground.press("step")
    playground.wait_for("one step", step=lambda now: now == step + 1)
    playground.press("reset")
    playground.wait_for("the beginning", step=0)
    playground.steady("accuracy")
    first = playground.text("margin-median")
    playground.press("seed")
    playground.wait_for_address(lambda state: state.config.seed == 1, "the new seed")
    playground.wait_for("other weights", step=0)
    assert playground.text("margin-median") != first


def test_every_overlay_while_training(playground):
    for name in OVERLAYS:
        button = playground.root.get_by_test_id(f"overlay-{name}")
        if button.get_attribute("aria-pressed") == "false":
            button.click()
            playground.trains(1)
    playground.wait_for_address(lambda state: set(state.overlays) == set(OVERLAYS), "all overlays")
    playground.trains()
    playground.well()


def test_balls_alone_leave_the_other_overlays_as_they_are(playground):
    playground.press("overlay-balls")
    playground.wait_for_address(lambda state: "balls" in state.overlays, "the balls")
    playground.trains()
    assert "axis" not in playground.state().overlays


def test_compare_trains_four_panels_in_step(playground):
    playground.sidebar.get_by_text("Compare: Figure 1").click()
    titles = ",".join(OBJECTIVES[name].title for name in FIGURE_1)
    playground.wait_for("four panels", panels=4, titles=titles)

    def steps():
        return [int(step) for step in playground.text("steps").split(",")]

    begun = steps()
    playground.trains(3)
    now = steps()
    assert len(now) == 4 and len(set(now)) == 1
    assert all(b > a for a, b in zip(begun, now, strict=True))
    playground.well()
    playground.sidebar.get_by_text("Compare: Figure 1").click()
    playground.wait_for("one panel", panels=1)
    playground.trains()


def test_figure_1_keeps_its_margin_at_nearest_points(playground):
    playground.pick("Points", "Figure 1")
    playground.choose("Loss", "Margin L∞")
    playground.wait_for_address(
        lambda state: (
            (state.config.objective, state.config.points, state.config.epsilon)
            == ("margin_linf", "nearest", 0.2)
            and state.config.learning_rate == 1e-3
        ),
        "the loss",
    )
    expect(
        playground.sidebar.get_by_text("These points allow at most ε = 0.245 in L∞")
    ).to_be_visible()
    expect(playground.sidebar.get_by_text("Level set points")).to_be_visible()
    playground.press("reset")
    if playground.text("playing") != "true":
        playground.play()
    until(lambda: playground.number("step") >= 2000, "2,000 steps", 10 * PATIENCE)
    playground.pause()
    assert playground.number("accuracy") == 1.0
    assert playground.number("margin-min") >= 0.2
    expect(playground.main.get_by_text("Newton's foot (dotted) is", exact=False)).to_be_visible()
    playground.well()
