"""What is said of the settings: their names, their help, where they reach their limits."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from levelset_core.data import PRESETS
from levelset_core.live import LiveSession, PlaygroundState
from levelset_core.playground import OBJECTIVES, PlaygroundConfig
from pages.shared.glossary import hint

DRAWING = "drawing"
#: What each setting is called; what it does, and what it may be, says its field.
LABELS = {
    "preset": "Points", "count": "How many", "noise": "Noise",
    "objective": "Loss", "distance": "Distance d", "points": "Level set points",
    "epsilon": "Wanted margin ε",
    "weight_correct": "λ₁₂, weight of right points", "lam": "λ₁₁, weight of the band",
    "alpha": "α, power of Δ", "learning_rate": "Learning rate (Adam)", "speed": "Speed",
    "newton_steps": "Newton steps, at most", "depth": "Hidden layers", "width": "Width",
    "activation": "Activation", "seed": "Seed",
}  # fmt: skip
TITLES: dict[str, dict[Any, str]] = {
    "preset": {**PRESETS, DRAWING: "My drawing"},
    "objective": {name: objective.title for name, objective in OBJECTIVES.items()},
    "distance": {"linf": "L∞", "l2": "L2", "rho": "ρ"},
    "points": {"nearest": "Nearest", "newton": "Newton's foot"},
    "activation": {"relu": "ReLU", "softplus": "Softplus", "tanh": "Tanh", "sine": "Sine"},
    "speed": {
        0: "as fast as it goes",
        1: "1 step/s",
        2: "2 steps/s",
        5: "5 steps/s",
        10: "10 steps/s",
        20: "20 steps/s",
    },
}
RULES = dict(PlaygroundConfig.rules())


#: Terms of the glossary that explain a setting.
TERMS: dict[str, tuple[str, ...]] = {
    "objective": ("geometric_svm", "margin_linf", "margin_l2", "cross_entropy"),
    "distance": ("margin", "linf", "l2", "rho"), "points": ("p", "newton"),
    "epsilon": ("epsilon",), "weight_correct": ("lam12",), "lam": ("lam11", "delta", "S1"),
    "alpha": ("alpha", "delta"), "newton_steps": ("newton",), "seed": ("theta",),
}  # fmt: skip


def value_text(name: str, value: Any) -> str:
    """A value of a setting in words."""
    usual = f"{value:g}" if isinstance(value, float) else str(value)
    return TITLES.get(name, {}).get(value, usual)


def help_of(name: str) -> str | None:
    """What a setting does, and its symbols in plain words."""
    if (rule := RULES.get(name)) is None:
        return None
    words = hint(*TERMS.get(name, ()))
    return f"{rule.help[0].upper()}{rule.help[1:]}." + (f"\n\n{words}" if words else "")


def largest_margin(state: PlaygroundState, low: float, high: float) -> None:
    """The largest epsilon that the points allow, on the slider from low to high and in words."""
    norms = sorted({config.norm for config in state.panels() if "epsilon" in _uses(config)})
    most = {norm: state.points.largest_margin(norm) for norm in norms}
    if not all(map(math.isfinite, most.values())):
        return
    places = {
        norm: (most[norm] - low) / (high - low) for norm in sorted(most, key=most.__getitem__)
    }
    marks = [_mark(k, norm, at) for k, (norm, at) in enumerate(reversed(places.items()))]
    st.html(f'<div class="levelset-marks">{"".join(marks)}</div>')
    told = " and ".join(f"{largest:.3g} in {TITLES['distance'][n]}" for n, largest in most.items())
    sentence = f"These points allow at most ε = {told}: half the class gap (▴)."
    if state.config.epsilon > min(most.values()):
        st.warning(f"{sentence} No boundary can keep a larger ε from all points.")
    else:
        st.caption(sentence)


def _mark(k: int, norm: str, at: float) -> str:
    """The end of a norm on the slider; a second one is smaller and named on its left."""
    if not 0 <= at <= 1:
        return ""
    name = TITLES["distance"][norm]
    place, text = ("before", f"{name} ▴") if k else ("after", f"▴ {name}")
    return f'<span class="{place}" style="left: {100 * at:.1f}%">{text}</span>'


def _uses(config: PlaygroundConfig) -> tuple[str, ...]:
    return OBJECTIVES[config.objective].uses


def limits(state: PlaygroundState) -> list[str]:
    """Why the objective may miss the margin that it asks for; no sentence where it need not."""
    config = state.config
    if state.compare:
        return []
    found = [OBJECTIVES[config.objective].limit]
    if "points" in _uses(config) and config.points == "newton":
        found.append(
            "Newton's foot is a point of the boundary, not the nearest one: the loss can be 0 "
            "while margins are violated."
        )
    return [sentence for sentence in found if sentence]


def last_change(session: LiveSession) -> str:
    """What "undo the change" takes back, in a few words; empty where there is nothing."""
    if not session.before:
        return ""
    old, new = session.before[-1], session.state
    if old.preset != new.preset:
        return "the points"
    if old.compare != new.compare:
        return "Compare"
    was, now = old.config.to_dict(), new.config.to_dict()
    for name in LABELS:
        if was.get(name) != now.get(name):
            before, after = value_text(name, was[name]), value_text(name, now[name])
            return f"{LABELS[name].split(',')[0]} {before} → {after}"
    return ""
