"""The playground's settings in the sidebar, kept in step with the session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from levelset_core.data import PRESETS
from levelset_core.live import LiveSession, PlaygroundState
from levelset_core.live.state import Preset
from levelset_core.networks import ACTIVATIONS
from levelset_core.playground import OBJECTIVES
from pages.shared.attempt import telling

DISTANCE_TITLES = {"linf": "L∞", "l2": "L2", "rho": "ρ"}
ACTIVATION_TITLES = {"relu": "ReLU", "softplus": "Softplus", "tanh": "Tanh", "sine": "Sine"}
_RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
_SPEEDS = {0: "as fast as it goes", 1: "1 step/s", 5: "5 steps/s", 20: "20 steps/s"}
_DRAWING = "drawing"
#: Settings that only some objectives read.
_OPTIONAL = {"distance", "epsilon", "weight_correct", "lam", "alpha", "newton_steps"}


@dataclass(frozen=True)
class Shown:
    """What a widget shows.

    Attributes:
        value: the value.
        renewed: how often Python has put another one there, each time as a new widget: what a
            browser that has not heard of it still says of the old one is nobody's choice.
    """

    value: Any
    renewed: int = 0


def settings_panel(session: LiveSession) -> None:
    """All settings; each takes effect when it is changed, in every browser of the session."""
    state = session.state
    hidden = _hidden(state)
    _follow(session, state)
    with st.sidebar:
        _data(session, hidden)
        st.markdown("#### Objective")
        st.toggle(
            "Compare: Figure 1",
            _shown("compare"),
            key=_key("compare"),
            on_change=_set_compare,
            args=(session,),
            help="Cross-entropy, margin L∞, margin L2 and geometric SVM side by side: one data "
            "set, one seed, one shared initialization, training together.",
        )
        if "objective" not in hidden:
            _select(session, "objective", "Loss", {k: o.title for k, o in OBJECTIVES.items()})
        if "distance" not in hidden:
            titles = dict(DISTANCE_TITLES)
            if _needs_norm(state):
                titles.pop("rho")
            _pills(session, "distance", "Distance d", titles)
        if "epsilon" not in hidden:
            _slider(session, "epsilon", "Wanted margin ε", 0.0, 0.8, 0.01)
        if "weight_correct" not in hidden:
            _slider(session, "weight_correct", "λ of correct samples", 0.0, 5.0, 0.1)
        if "lam" not in hidden:
            _slider(session, "lam", "λ, weight of the margin term", 0.0, 0.5, 0.01)
        if "alpha" not in hidden:
            _slider(session, "alpha", "α, power of Δ", -3.0, -0.5, 0.25)
        st.markdown("#### Training")
        _choose(session, "learning_rate", "Learning rate (Adam)", _RATES)
        _choose(session, "speed", "Speed", list(_SPEEDS), _SPEEDS)
        if "newton_steps" not in hidden:
            _slider(session, "newton_steps", "Newton steps, at most", 1, 20, 1)
        st.markdown("#### Network")
        _slider(session, "depth", "Hidden layers", 0, 5, 1)
        _choose(session, "width", "Width", [2, 4, 8, 16, 32, 64, 128])
        _pills(session, "activation", "Activation", {k: ACTIVATION_TITLES[k] for k in ACTIVATIONS})
        st.number_input(
            "Seed", 0, 2**31 - 1, _shown("seed"), key=_key("seed"), on_change=_set_config,
            args=(session, "seed"),
        )  # fmt: skip
        st.caption("A change here starts again from new weights.")


def _data(session: LiveSession, hidden: set[str]) -> None:
    st.markdown("#### Data")
    names = [*PRESETS, _DRAWING]
    st.selectbox(
        "Points",
        names,
        names.index(_shown("preset")),
        format_func=lambda name: PRESETS.get(name, "My drawing"),
        key=_key("preset"),
        on_change=_set_preset,
        args=(session,),
    )
    if "count" not in hidden:
        # A shared state may hold a value outside of a slider's everyday range.
        count, noise = _shown("count"), _shown("noise")
        st.slider(
            "How many", min(10, count), max(1000, count), count, 2, key=_key("count"),
            on_change=_set_size, args=(session, "count"),
        )  # fmt: skip
        st.slider(
            "Noise", 0.0, max(0.4, noise), noise, 0.01, key=_key("noise"),
            on_change=_set_size, args=(session, "noise"),
        )  # fmt: skip
        st.button("Draw fresh points", on_click=_fresh, args=(session,), width="stretch")


def _hidden(state: PlaygroundState) -> set[str]:
    """The settings that have no effect now."""
    if state.compare:
        hidden = {"objective"}
    else:
        hidden = _OPTIONAL - set(OBJECTIVES[state.config.objective].uses)
    return hidden if state.preset else hidden | {"count", "noise"}


def _needs_norm(state: PlaygroundState) -> bool:
    """Elsayed et al. divide by the dual norm, and rho has none: L-infinity stands in."""
    return state.config.objective == "elsayed" and not state.compare


def _follow(session: LiveSession, state: PlaygroundState) -> None:
    """Bring the widgets to the session's state, whoever changed it."""
    st.session_state.followed = (session.id, state)
    preset, config = state.preset or Preset(), state.config
    values = {
        **config.to_dict(),
        "distance": config.norm if _needs_norm(state) else config.distance,
        "compare": state.compare,
        "preset": state.preset.name if state.preset else _DRAWING,
        "count": preset.count,
        "noise": preset.noise,
    }
    shown: dict[str, Shown] = st.session_state.setdefault("settings_shown", {})
    for name, value in values.items():
        if name not in shown:
            shown[name] = Shown(value)
        elif st.session_state.get(_key(name), _shown(name)) != value:
            shown[name] = Shown(value, shown[name].renewed + 1)
        else:
            shown[name] = replace(shown[name], value=value)


def _key(name: str) -> str:
    """The key of a setting's widget."""
    renewed = st.session_state.settings_shown[name].renewed
    return f"set_{name} {renewed}" if renewed else f"set_{name}"


def _shown(name: str) -> Any:
    """What a setting's widget starts from."""
    return st.session_state.settings_shown[name].value


def _chosen(name: str) -> Any:
    """What somebody has just set, or ``None``."""
    value = st.session_state.get(_key(name))
    return None if value == _shown(name) else value


def _apply(session: LiveSession, **fields: Any) -> None:
    with telling(toast=True):  # the widgets go back to what is in force
        session.change(**fields)


def _set_config(session: LiveSession, name: str) -> None:
    value = _chosen(name)
    if value is None:  # also pills that were switched off: they come back on
        return
    with telling(toast=True):
        config = replace(session.state.config, **{name: value})
        if config.objective == "elsayed" and config.distance == "rho":
            config = replace(config, distance="linf")
        session.change(config=config)


def _set_compare(session: LiveSession) -> None:
    if (compare := _chosen("compare")) is not None:
        _apply(session, compare=compare)


def _set_preset(session: LiveSession) -> None:
    name, old = _chosen("preset"), session.state.preset
    if name == _DRAWING:
        _apply(session, preset=None)
    elif name is not None:  # every preset has a size and noise that suit it
        count, noise = {"figure_1": (24, 0.0)}.get(name, (Preset.count, Preset.noise))
        preset = Preset(name, count, noise, old.seed if old else 0)
        _apply(session, preset=preset, points=preset.points())


def _set_size(session: LiveSession, name: str) -> None:
    value, preset = _chosen(name), session.state.preset
    if value is not None and preset:
        preset = replace(preset, **{name: value})
        _apply(session, preset=preset, points=preset.points())


def _fresh(session: LiveSession) -> None:
    preset = session.state.preset
    if preset:
        preset = replace(preset, seed=preset.seed + 1)
        _apply(session, preset=preset, points=preset.points())


def _slider(
    session: LiveSession, name: str, label: str, low: float, high: float, step: float
) -> None:
    value = _shown(name)
    # A shared state may hold a value outside of the slider's everyday range.
    st.slider(
        label, min(low, value), max(high, value), value, step, key=_key(name),
        on_change=_set_config, args=(session, name),
    )  # fmt: skip


def _choose(
    session: LiveSession,
    name: str,
    label: str,
    values: list[Any],
    titles: dict[Any, str] | None = None,
) -> None:
    value = _shown(name)
    options = sorted({*values, value}) if value not in values else values
    st.select_slider(
        label, options, value, key=_key(name), on_change=_set_config, args=(session, name),
        format_func=lambda v: (titles or {}).get(v, f"{v:g}"),
    )  # fmt: skip


def _select(session: LiveSession, name: str, label: str, titles: dict[str, str]) -> None:
    st.selectbox(
        label, list(titles), list(titles).index(_shown(name)), format_func=titles.__getitem__,
        key=_key(name), on_change=_set_config, args=(session, name),
    )  # fmt: skip


def _pills(session: LiveSession, name: str, label: str, titles: dict[str, str]) -> None:
    st.segmented_control(
        label, list(titles), format_func=titles.__getitem__, default=_shown(name),
        key=_key(name), on_change=_set_config, args=(session, name), width="stretch",
    )  # fmt: skip
