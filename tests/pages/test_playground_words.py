"""What is said of the playground's settings, and the pictures of its data sets."""

from dataclasses import replace
from types import SimpleNamespace

from levelset_core.live.state import PlaygroundState, Preset
from levelset_core.paths import ASSETS
from levelset_core.playground import PlaygroundTrainer, explain_iteration
from levelset_core.playground.config import MAX_GRADIENT
from pages.playground.iteration_equations import equations
from pages.playground.thumbnails import FOLDER, pictures
from pages.playground.words import LABELS, help_of, last_change


def test_the_pictures_of_the_data_sets_are_those_that_are_drawn_here():
    for name, text in pictures().items():
        assert (ASSETS / FOLDER / f"{name}.svg").read_text("utf-8") == text


def test_no_two_settings_have_one_name():
    names = [label.split(",")[0] for label in LABELS.values()]
    assert len(set(names)) == len(names)


def test_symbols_are_explained_beside_their_setting():
    for name, symbol in (
        ("lam", "λ₁₁"),
        ("weight_correct", "λ₁₂"),
        ("alpha", "Δ"),
        ("epsilon", "ε"),
    ):
        assert symbol in (help_of(name) or "")


def test_the_last_change_is_named():
    state = PlaygroundState.from_preset(Preset("blobs", 20))

    def after(**changed):
        return last_change(SimpleNamespace(before=[state], state=replace(state, **changed)))

    assert after(config=replace(state.config, lam=0.5)) == "λ₁₁ 0.002 → 0.5"
    assert after(config=replace(state.config, objective="hinge")) == "Loss Geometric SVM → Hinge"
    assert after(compare=True) == "Compare"
    assert after(preset=Preset("xor", 20)) == "the points"
    assert last_change(SimpleNamespace(before=[], state=state)) == ""


def test_one_iteration_says_that_a_long_gradient_is_shortened():
    state = PlaygroundState.from_preset(Preset("blobs", 20))
    step = explain_iteration(PlaygroundTrainer(state.config, state.points), 0)
    said = [
        " ".join(words for _, words in equations(replace(step, gradient_norm=g), state.config, 3))
        for g in (MAX_GRADIENT - 1, MAX_GRADIENT + 1)
    ]
    assert ["shortened to length 5 first" in words for words in said] == [False, True]
