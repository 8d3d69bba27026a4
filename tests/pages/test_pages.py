"""The pages as Streamlit runs them, without a browser."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from levelset_core.errors import LevelsetError
from levelset_core.live import PlaygroundState, get_hub, hub
from levelset_core.playground import OBJECTIVES
from pages.playground.words import TITLES
from pages.server.live_route import answer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def workers_end():
    yield
    get_hub().close()
    hub._hub.cache_clear()


@pytest.fixture
def playground():
    at = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=60)
    at.run()
    at.switch_page(str(ROOT / "pages" / "playground" / "page.py")).run()
    assert not at.exception
    return at


def session_of(at):
    return get_hub().get(at.session_state["session_id"])


def test_home_says_what_this_is_and_opens_the_playground():
    at = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=60).run()
    assert not at.exception
    assert "level sets" in at.title[0].value


def test_settings_reach_the_session(playground):
    playground.selectbox(key="set_objective").set_value("margin_l2").run()
    playground.slider(key="set_epsilon").set_value(0.3).run()
    config = session_of(playground).state.config
    assert (config.objective, config.epsilon) == ("margin_l2", pytest.approx(0.3))
    assert not playground.exception


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_objective_shows_the_settings_it_reads(playground, objective):
    playground.selectbox(key="set_objective").set_value(objective).run()
    assert not playground.exception
    sliders = {slider.key for slider in (*playground.slider, *playground.select_slider)}
    for name in ("epsilon", "lam", "alpha", "weight_correct"):
        assert (f"set_{name}" in sliders) == (name in OBJECTIVES[objective].uses), name


def test_widgets_follow_the_session(playground):
    session = session_of(playground)
    config = replace(session.state.config, objective="margin_l2", epsilon=0.3, depth=2, seed=5)
    session.change(config=config, preset=None)
    for _ in range(2):  # in later runs too, whatever a browser has missed
        playground.run()
        controls = (*playground.selectbox, *playground.slider, *playground.segmented_control)
        shown = {w.label: w for w in controls}
        assert (shown["Points"].value, shown["Loss"].value) == ("drawing", "margin_l2")
        assert shown["Points"].proto.default == [list(TITLES["preset"]).index("drawing")]
        assert shown["Wanted margin ε"].proto.default == [pytest.approx(0.3)]
        assert shown["Hidden layers"].proto.default == [2]
        assert playground.number_input[0].proto.default == 5
        assert (shown["Hidden layers"].value, playground.number_input[0].value) == (2, 5)
    shown["Hidden layers"].set_value(3).run()
    assert session.state.config.depth == 3


def test_what_a_browser_had_before_it_heard_of_a_change_is_no_choice(playground):
    session = session_of(playground)
    before = playground._tree.get_widget_states()
    config = replace(session.state.config, epsilon=0.3, objective="margin_l2", width=16)
    session.change(config=config, preset=None)
    state = session.state
    playground.run()
    playground._run(before)  # an old message, and one of a browser that missed the last run
    playground._run(before)
    assert session.state == state and not playground.exception
    session.change(config=replace(config, objective="geometric_svm"))
    playground.run()
    next(w for w in playground.selectbox if w.label == "Loss").set_value("margin_l2").run()
    assert session.state.config.objective == "margin_l2"  # a choice, though it was so before


def test_bad_csv_is_one_sentence_and_keeps_the_points(playground):
    before = session_of(playground).state.points
    playground.segmented_control(key="tab").set_value("share").run()
    playground.text_area(key="csv_text").set_value("0.1,0.2,1\n0.3,oops,-1").run()
    next(b for b in playground.button if b.label == "Use these points").click().run()
    assert playground.error[0].value.startswith("Line 2: y must be a number")
    assert session_of(playground).state.points == before


def test_a_damaged_link_opens_the_default():
    at = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=60)
    at.run()
    at.query_params["s"] = "broken!"
    at.switch_page(str(ROOT / "pages" / "playground" / "page.py")).run()
    assert not at.exception
    assert session_of(at).state == PlaygroundState.default()


def test_a_full_server_is_told_in_a_sentence(monkeypatch):
    def full(*arguments, **options):
        raise LevelsetError("200 playgrounds are open on this server.")

    monkeypatch.setattr(hub.LiveHub, "create", full)
    at = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=60)
    at.run()
    at.switch_page(str(ROOT / "pages" / "playground" / "page.py")).run()
    assert not at.exception
    assert [error.value for error in at.error] == ["200 playgrounds are open on this server."]


def test_a_link_with_rho_where_a_norm_is_needed_opens_on_the_norm():
    at = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=60)
    at.run()
    state = PlaygroundState.default()
    state = replace(state, config=replace(state.config, objective="elsayed", distance="rho"))
    at.query_params["s"] = state.to_link()
    at.switch_page(str(ROOT / "pages" / "playground" / "page.py")).run()
    assert not at.exception
    assert at.segmented_control(key="set_distance").value == "linf"


@pytest.mark.parametrize(
    "message",
    [
        {"op": "view", "field": 10**400, "overlays": []},
        {"op": "view", "field": float("nan"), "overlays": []},
        {"op": "points", "version": True, "points": []},
        {"op": "points", "version": 2, "points": [[1, 2]]},
        {"op": "control", "action": "explode"},
        {"op": "nonsense"},
    ],
)
def test_a_malformed_message_is_refused_with_a_sentence(message):
    session = get_hub().create(PlaygroundState.default(), playing=False)
    with pytest.raises(LevelsetError):
        answer(session, 1, message)
    get_hub().drop(session)
