from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest
import sklearn.datasets  # noqa: F401 - its first import draws random numbers, which a strategy may not
from hypothesis import given, settings
from hypothesis import strategies as st

from levelset_core.data import MAX_POINTS, PRESETS, PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live.links import MAX_LINK
from levelset_core.live.state import OVERLAYS, PlaygroundState, Preset
from levelset_core.networks import ACTIVATIONS
from levelset_core.playground import FIGURE_1, OBJECTIVES, PlaygroundConfig

#: What a state means that was written before it named its step size and lambda.
EARLIER = PlaygroundConfig(lam=0.02, learning_rate=3e-3)

Preset("two_moons").points()  # imports scikit-learn, which no strategy may: it draws a number
coordinates = st.floats(-1.5, 1.5)
drawings = st.lists(
    st.tuples(coordinates, coordinates, st.sampled_from([-1, 1])).map(list), max_size=40
).map(PointSet.from_rows)
presets = st.builds(
    Preset,
    st.sampled_from(list(PRESETS)),
    st.integers(2, 60),
    st.floats(0, 1),
    st.integers(0, 2**31 - 1),
)
configs = st.builds(
    PlaygroundConfig,
    objective=st.sampled_from(list(OBJECTIVES)),
    activation=st.sampled_from(ACTIVATIONS),
    epsilon=st.floats(0, 1),
    learning_rate=st.floats(1e-5, 0.3),
    seed=st.integers(0, 2**31 - 1),
    depth=st.integers(0, 8),
)
views = {"compare": st.booleans(), "overlays": st.lists(st.sampled_from(OVERLAYS)).map(tuple)}
states = st.one_of(
    st.builds(PlaygroundState, config=configs, points=drawings, **views),
    st.builds(PlaygroundState, config=configs, points=drawings, preset=presets, **views),
    presets.flatmap(
        lambda p: st.builds(
            PlaygroundState, config=configs, points=st.just(p.points()), preset=st.just(p), **views
        )
    ),
)


@settings(max_examples=60)
@given(states)
def test_links_and_files_give_the_same_state_back(state):
    link = state.to_link()
    assert link is not None and len(link) <= MAX_LINK
    assert link.isascii() and not set(link) & set("+/=&?# ")
    assert PlaygroundState.from_link(link) == state
    assert PlaygroundState.from_json(state.to_json()) == state


def test_a_presets_own_points_are_not_written_out():
    state = PlaygroundState.from_preset(Preset("spirals", 500, 0.1, 3))
    assert "points" not in state.to_dict()
    assert len(state.to_link()) < 200
    moved = PlaygroundState(points=PointSet.from_rows(state.points.to_rows()[1:]))
    assert len(moved.to_dict()["points"]) == 499


def test_a_drawing_too_large_for_a_link_has_none_but_fits_in_a_file():
    rng = np.random.default_rng(0)
    points = PointSet(rng.uniform(-1.5, 1.5, (MAX_POINTS, 2)), rng.choice([-1, 1], MAX_POINTS))
    state = PlaygroundState(points=points)
    assert state.to_link() is None
    assert PlaygroundState.from_json(state.to_json()) == state


def test_a_link_made_before_opens():
    link = (
        "eNolkN1ugzAMhd_F1wYFEJ2WV0EIueBBppBESdZqqvrutds7-_jnfPYDbpyLiwFsh7DG8ON2sA-I119eq7sx"
        "WDgp7y4s-YiAsLlSKayq-15yTsV5HTftMCLc2e1HXdaYs8yD7VuD4OnUuhiQTweBbT4yUw4u7EumytpgpCPw"
        "vcawlCqLwV4QCvMG9lucOdVDNoqJ2zQaJCSFpPo-AATsEKSS3iO9eSKkzIWFYxLVZfIFsDMGFWaYpRxdqOIz"
        "TaYdRe1H7GacGtN-jdio1mjeCW7TfaqzvulMlAW55j9GiPJCT_-6BhJVRbiSF6v5-QLZxWtz"
    )
    config = PlaygroundConfig(
        objective="margin_rho", distance="l2", epsilon=0.35, weight_correct=2.0, lam=0.1, alpha=-2,
        learning_rate=0.01, newton_steps=6, seed=9, depth=2, width=32, activation="tanh", speed=20,
    )  # fmt: skip
    points = PointSet.from_rows([[0.5, 0.25, 1], [-0.75, -0.5, -1], [1.0, -1.25, 1]])
    preset = Preset("spirals", 100, 0.1, 3)
    expected = PlaygroundState(config, points, preset, compare=True, overlays=("path", "balls"))
    assert PlaygroundState.from_link(link) == expected


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_link_is_one_sentence(data):
    link = PlaygroundState.default().to_link()
    place = data.draw(st.integers(0, len(link) - 1))
    damaged = data.draw(
        st.one_of(st.just(link[:place]), st.text(max_size=40), st.characters().map(
            lambda c: link[:place] + c + link[place + 1 :]
        ))
    )  # fmt: skip
    try:
        told = PlaygroundState.from_link(damaged).to_link()
    except LevelsetError as error:
        told = str(error)
    assert told


def pack(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    ["", "%%%", "AAAA", "ü", pack("{"), pack("[" * 100_000), pack('{"version": 1'), pack("\0")],
    ids=["empty", "no base64", "no zlib", "no ascii", "cut", "deep", "cut 2", "binary"],
)
def test_a_link_that_is_none(text):
    with pytest.raises(LevelsetError, match=r"^This link is damaged: its state cannot be read\.$"):
        PlaygroundState.from_link(text)


def test_a_decompression_bomb_does_not_go_off():
    bomb = pack('{"version": 1, "config": {}}' + " " * 50_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(LevelsetError, match="damaged"):
        PlaygroundState.from_link(pack('{"version": 1, "x": "' + "a" * 50_000_000 + '"}'))
    # What fits within the limit is read: trailing blanks change nothing.
    assert PlaygroundState.from_link(bomb) == PlaygroundState(config=EARLIER)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([], "not a playground state"),
        ("text", "not a playground state"),
        ({"version": 1, "config": [1]}, "not a playground state"),
        ({"config": {}}, "version None; this program reads version 1"),
        ({"version": 2}, "version 2; this program reads version 1"),
        ({"version": 1, "config": {"depth": 99}}, "depth must be 0 to 8, got 99"),
        ({"version": 1, "config": {"shape": 1}}, "Unknown setting 'shape'"),
        ({"version": 1, "config": {"objective": ["hinge"]}}, "Unknown objective"),
        ({"version": 1, "points": [[0, 0]]}, "three numbers"),
        ({"version": 1, "points": [[0, 0, 5]]}, "got 5"),
        ({"version": 1, "points": [[0, 9, 1]]}, "outside the plane"),
        ({"version": 1, "points": 7}, "three numbers"),
        ({"version": 1, "points": [[0, 0, 1]] * (MAX_POINTS + 1)}, "too many"),
        ({"version": 1, "preset": ["nowhere", 10, 0.1, 0]}, "Unknown preset 'nowhere'"),
        ({"version": 1, "preset": ["nowhere", 10, 0.1, 0], "points": []}, "Unknown preset"),
        ({"version": 1, "preset": ["xor", 10**9, 0.1, 0], "points": []}, "2 to 2000"),
        ({"version": 1, "preset": ["xor", "10", 0.1, 0]}, "cannot be read"),
        ({"version": 1, "preset": ["xor", 10, 0.1, -1]}, "cannot be read"),
        ({"version": 1, "preset": [["xor"], 10, 0.1, 0]}, "cannot be read"),
        ({"version": 1, "preset": {"name": "xor"}}, "Unknown preset 'name'"),
        ({"version": 1, "overlays": ["fog"]}, "Unknown overlay 'fog'"),
        ({"version": 1, "overlays": 3}, "cannot be read"),
    ],
)
def test_an_impossible_state_is_one_sentence(values, what):
    with pytest.raises(LevelsetError, match=what):
        PlaygroundState.from_dict(values)
    with pytest.raises(LevelsetError, match=what):
        PlaygroundState.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "NaN,"])
def test_a_file_that_is_no_json(text):
    with pytest.raises(LevelsetError, match="not JSON"):
        PlaygroundState.from_json(text)


def test_held_out_points_come_with_a_preset():
    state = PlaygroundState.default()
    held_out = state.held_out()
    assert len(held_out) == 500 and held_out != state.points
    assert PlaygroundState(points=state.points).held_out() is None


def test_panels_of_figure_1_differ_in_the_objective_alone():
    config = PlaygroundConfig(objective="hinge", seed=4, epsilon=0.1)
    assert PlaygroundState(config).panels() == [config]
    panels = PlaygroundState(config, compare=True).panels()
    assert [p.objective for p in panels] == list(FIGURE_1)
    assert {json.dumps(p.to_dict() | {"objective": ""}) for p in panels} == {
        json.dumps(config.to_dict() | {"objective": ""})
    }
    assert PlaygroundState(config, compare=True).shared_norm == "linf"
    assert PlaygroundState(config).shared_norm is None


def test_states_of_before_keep_the_defaults_of_then():
    assert PlaygroundState.from_dict({"version": 1, "config": {}}).config == EARLIER
    now = PlaygroundState.from_dict(PlaygroundState().to_dict()).config
    assert (now.lam, now.learning_rate) == (0.002, 1e-3)
    assert PlaygroundState.from_link(PlaygroundState().to_link()).config == now
