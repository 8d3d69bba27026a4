"""The playground's settings in the sidebar, kept in step with the session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from levelset_core.data import PRESETS
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession, PlaygroundState
from levelset_core.live.state import Preset
from levelset_core.networks import ACTIVATIONS
from levelset_core.training import OBJECTIVES

DISTANCE_TITLES = {"linf": "L∞", "l2": "L2", "rho": "ρ"}
ACTIVATION_TITLES = {"relu": "ReLU", "softplus": "Softplus", "tanh": "Tanh", "sine": "Sine"}
_RATES = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
_SPEEDS = {0: "as fast as it goes", 1: "1 step/s", 5: "5 steps/s", 20: "20 steps/s"}
_DRAWING = "drawing"
#: Settings that only some objectives read.
_OPTIONAL = {"distance", "epsilon", "weight_correct", "lam", "alpha", "newton_steps"}


def settings_panel(session: LiveSession) -> dict[str, Any]:
    """All settings; each takes effect when it is changed, in every browser of the session.

    Returns:
        What the browser shows then, for ``st.session_state.settings_told`` at the end of the run.
    """
    state = session.state
    config, hidden = state.config, _hidden(state)
    values = _follow(session, state)
    with st.sidebar:
        _data(session, hidden)
        st.markdown("#### Objective")
        st.toggle(
            "Compare: Figure 1",
            key="set_compare",
            on_change=_set_compare,
            args=(session,),
            help="Cross-entropy, margin L∞, margin L2 and geometric SVM side by side: one data "
            "set, one seed, one shared initialization, training together.",
        )
        if "objective" not in hidden:
            _select(session, "objective", "Loss", {k: o.title for k, o in OBJECTIVES.items()})
        if "distance" not in hidden:
            titles = dict(DISTANCE_TITLES)
            if config.objective == "elsayed" and not state.compare:
                titles.pop("rho")  # no norm, so no dual
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
            "Seed", 0, 2**31 - 1, key="set_seed", on_change=_set_config, args=(session, "seed")
        )
        st.caption("A change here starts again from new weights.")
    return {name: value for name, value in values.items() if name not in hidden}


def _data(session: LiveSession, hidden: set[str]) -> None:
    st.markdown("#### Data")
    names = [*PRESETS, _DRAWING]
    st.selectbox(
        "Points",
        names,
        format_func=lambda name: PRESETS.get(name, "My drawing"),
        key="set_preset",
        on_change=_set_preset,
        args=(session,),
    )
    if "count" not in hidden:
        # A shared state may hold a value outside of a slider's everyday range.
        count, noise = st.session_state.set_count, st.session_state.set_noise
        st.slider(
            "How many", min(10, count), max(1000, count), step=2, key="set_count",
            on_change=_set_preset, args=(session,),
        )  # fmt: skip
        st.slider(
            "Noise", 0.0, max(0.4, noise), step=0.01, key="set_noise",
            on_change=_set_preset, args=(session,),
        )  # fmt: skip
        st.button("Draw fresh points", on_click=_fresh, args=(session,), width="stretch")


def _hidden(state: PlaygroundState) -> set[str]:
    """The settings that have no effect now."""
    if state.compare:
        hidden = {"objective"}
    else:
        hidden = _OPTIONAL - set(OBJECTIVES[state.config.objective].uses)
    return hidden if state.preset else hidden | {"count", "noise"}


def _follow(session: LiveSession, state: PlaygroundState) -> dict[str, Any]:
    """Bring the widgets to the session's state, whoever changed it; returns all values.

    The browser hears of a value only in the run that assigns it, forgets it with the widget, and
    a run may be cut off. So what counts is what a finished run has told the browser.
    """
    st.session_state.followed = (session.id, state)
    told = st.session_state.setdefault("settings_told", {})
    preset = state.preset or Preset()
    values = {
        **state.config.to_dict(),
        "compare": state.compare,
        "preset": state.preset.name if state.preset else _DRAWING,
        "count": preset.count,
        "noise": preset.noise,
    }
    for name, value in values.items():
        if told.get(name) != value or st.session_state.get(f"set_{name}") != value:
            st.session_state[f"set_{name}"] = value
    return values


def _chosen(name: str) -> Any:
    """What somebody has just set: the browser knows it already."""
    value = st.session_state[f"set_{name}"]
    st.session_state.settings_told[name] = value
    return value


def _chosen_or(name: str, kept: Any) -> Any:
    """The same; or what is in force where no finished run has told the browser a value yet: it
    then sends the slider's lowest one by itself.
    """
    return _chosen(name) if name in st.session_state.settings_told else kept


def _apply(session: LiveSession, **fields: Any) -> None:
    try:
        session.change(**fields)
    except LevelsetError as error:
        st.toast(str(error), icon=":material/error:")  # the widgets go back to what is in force


def _set_config(session: LiveSession, name: str) -> None:
    value = _chosen(name)
    if value is None:  # pills can be switched off: they come back on
        return
    try:
        config = replace(session.state.config, **{name: value})
        if config.objective == "elsayed" and config.distance == "rho":
            config = replace(config, distance="linf")
    except LevelsetError as error:
        st.toast(str(error), icon=":material/error:")
        return
    _apply(session, config=config)


def _set_compare(session: LiveSession) -> None:
    _apply(session, compare=_chosen("compare"))


def _set_preset(session: LiveSession) -> None:
    old = session.state.preset
    name = _chosen("preset")
    if name == _DRAWING:
        return _apply(session, preset=None)
    preset = Preset(
        name,
        _chosen_or("count", old.count) if old else Preset.count,
        _chosen_or("noise", old.noise) if old else Preset.noise,
        old.seed if old else 0,
    )
    if old is None or old.name != name:  # every preset has a size and noise that suit it
        count, noise = {"figure_1": (24, 0.0)}.get(name, (Preset.count, Preset.noise))
        preset = replace(preset, count=count, noise=noise)
    _apply(session, preset=preset, points=preset.points())


def _fresh(session: LiveSession) -> None:
    preset = session.state.preset
    if preset:
        preset = replace(preset, seed=preset.seed + 1)
        _apply(session, preset=preset, points=preset.points())


def _slider(
    session: LiveSession, name: str, label: str, low: float, high: float, step: float
) -> None:
    key = f"set_{name}"
    value = st.session_state[key]
    # A shared state may hold a value outside of the slider's everyday range.
    st.slider(
        label, min(low, value), max(high, value), step=step, key=key,
        on_change=_set_config, args=(session, name),
    )  # fmt: skip


def _choose(
    session: LiveSession,
    name: str,
    label: str,
    values: list[Any],
    titles: dict[Any, str] | None = None,
) -> None:
    value = st.session_state[f"set_{name}"]
    options = sorted({*values, value}) if value not in values else values
    st.select_slider(
        label, options, key=f"set_{name}", on_change=_set_config, args=(session, name),
        format_func=lambda v: (titles or {}).get(v, f"{v:g}"),
    )  # fmt: skip


def _select(session: LiveSession, name: str, label: str, titles: dict[str, str]) -> None:
    st.selectbox(
        label, list(titles), format_func=titles.__getitem__, key=f"set_{name}",
        on_change=_set_config, args=(session, name),
    )  # fmt: skip


def _pills(session: LiveSession, name: str, label: str, titles: dict[str, str]) -> None:
    st.segmented_control(
        label, list(titles), format_func=titles.__getitem__, key=f"set_{name}",
        on_change=_set_config, args=(session, name), width="stretch",
    )  # fmt: skip
