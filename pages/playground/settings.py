"""The playground's settings in the sidebar, kept in step with the session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from levelset_core.live import LiveSession, PlaygroundState
from levelset_core.live.state import SUITED, SUITED_SETTINGS, Preset
from levelset_core.playground import OBJECTIVES, PlaygroundConfig
from pages.playground.controls import hidden_controls
from pages.playground.thumbnails import captioned
from pages.playground.words import DRAWING, LABELS, RULES, TITLES, help_of, largest_margin, limits
from pages.shared.attempt import telling

#: Where a slider goes on most days, and by what step.
SLIDERS: dict[str, tuple[float, float, float]] = {
    "count": (10, 1000, 2), "noise": (0.0, 0.4, 0.01), "epsilon": (0.0, 0.8, 0.01),
    "weight_correct": (0.0, 5.0, 0.1), "alpha": (-3.0, -0.5, 0.25),
    "newton_steps": (1, 20, 1), "depth": (0, 5, 1),
}  # fmt: skip
#: Sliders with a few stops.
STOPS: dict[str, list[Any]] = {
    "learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], "speed": [0, 1, 2, 5, 10, 20],
    "lam": [0.0, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    "width": [2, 4, 8, 16, 32, 64, 128],
}  # fmt: skip
#: The panel's parts, and what is in them.
SECTIONS = {
    "Data": ("preset", "count", "noise"),
    "Objective": (
        "compare", "objective", "distance", "points", "epsilon", "weight_correct", "lam", "alpha",
    ),
    "Training": ("learning_rate", "speed", "newton_steps"),
    "Network": ("depth", "width", "activation", "seed"),
}  # fmt: skip
#: Settings that only some objectives read.
_OPTIONAL = {name for objective in OBJECTIVES.values() for name in objective.uses}


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
    hidden = _hidden(state) | hidden_controls(session)
    _follow(session, state)
    with st.sidebar:
        if _heading("Data", hidden):
            if "preset" not in hidden:
                _setting(session, "preset", _set_preset)
            for name in ("count", "noise"):
                if state.preset and name not in hidden:
                    _setting(session, name, _set_size)
            if state.preset and "preset" not in hidden:
                st.button("Draw fresh points", on_click=_fresh, args=(session,), width="stretch")
        if _heading("Objective", hidden) and "compare" not in hidden:
            st.toggle(
                "Compare: Figure 1", _shown("compare"), key=_key("compare"),
                on_change=_set_compare, args=(session,),
                help="Four networks side by side, trained with cross-entropy, margin L∞, margin L2 "
                "and geometric SVM from the same points, seed and initial weights. Loads Figure "
                "1's points unless you have drawn your own.",
            )  # fmt: skip
        for name in SECTIONS["Objective"][1:]:
            if name not in hidden:
                _setting(session, name)
            if name == "epsilon" and name not in hidden:
                largest_margin(state, *_range("epsilon"))
        for sentence in limits(state):
            st.caption(sentence)
        _heading("Training", hidden)
        for name in SECTIONS["Training"]:
            if name not in hidden:
                _setting(session, name)
        _heading("Network", hidden)
        for name in SECTIONS["Network"]:
            if name not in hidden:
                _setting(session, name)
        if not hidden.issuperset(SECTIONS["Network"]):
            st.caption("A change here starts again from new weights.")
        st.caption(
            "Eq. and Sec. are those of [Controlling Neural Level Sets]"
            "(https://arxiv.org/abs/1905.11911), Atzmon et al., NeurIPS 2019."
        )


def _heading(section: str, hidden: set[str]) -> bool:
    """The heading of a section, where anything of it is shown."""
    shown = not hidden.issuperset(SECTIONS[section])
    if shown:
        st.markdown(f"## {section}")
    return shown


def _setting(
    session: LiveSession, name: str, change: Callable[[LiveSession, str], None] | None = None
) -> None:
    """The widget of one setting; ``change`` takes what it is set to."""
    value, label, titles = _shown(name), LABELS[name], TITLES.get(name, {})
    rule = RULES.get(name)
    common: dict[str, Any] = {
        "key": _key(name), "on_change": change or _set_config, "args": (session, name),
        "help": help_of(name),
    }  # fmt: skip
    if name in SLIDERS:
        st.slider(label, *_range(name), value, SLIDERS[name][2], **common)
    elif name in STOPS:
        stops = sorted({*STOPS[name], value})
        st.select_slider(
            label, stops, value, format_func=lambda v: titles.get(v, f"{v:g}"), **common
        )
    elif name == "preset":
        st.segmented_control(
            label, list(titles), default=value, required=True, width="stretch",
            format_func=lambda choice: captioned(choice, titles[choice]), **common,
        )  # fmt: skip
    elif name == "objective":
        names = list(titles)
        st.selectbox(label, names, names.index(value), format_func=titles.__getitem__, **common)
    elif titles:
        norm = name == "distance" and _needs_norm(session.state)
        names = [choice for choice in titles if not (norm and choice == "rho")]
        st.segmented_control(
            label, names, format_func=titles.__getitem__, default=value, width="stretch", **common
        )
    elif rule:
        st.number_input(label, rule.low, rule.high, value, **common)


def _range(name: str) -> tuple[float, float]:
    """Of a slider; a shared state may hold a value outside of its everyday range."""
    low, high, _ = SLIDERS[name]
    return min(low, _shown(name)), max(high, _shown(name))


def _hidden(state: PlaygroundState) -> set[str]:
    """The settings that have no effect now."""
    if state.compare:
        return {"objective"}
    return _OPTIONAL - set(OBJECTIVES[state.config.objective].uses)


def _needs_norm(state: PlaygroundState) -> bool:
    """Elsayed et al. divide by the dual norm, and rho has none: L-infinity stands in."""
    return state.config.objective == "elsayed" and not state.compare


def _follow(session: LiveSession, state: PlaygroundState) -> None:
    """Bring the widgets to the session's state, whoever changed it."""
    st.session_state.followed = state
    preset, config = state.preset or Preset(), state.config
    values = {
        **config.to_dict(),
        "distance": config.norm if _needs_norm(state) else config.distance,
        "compare": state.compare,
        "preset": state.preset.name if state.preset else DRAWING,
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


def _set_config(session: LiveSession, name: str) -> None:
    value = _chosen(name)
    if value is None:  # also pills that were switched off: they come back on
        return
    with telling(toast=True):  # and the widgets go back to what is in force
        config = replace(session.state.config, **{name: value})
        if config.objective == "elsayed" and config.distance == "rho":
            config = replace(config, distance="linf")
        session.change(config=config)


def _take(session: LiveSession, preset: Preset, **changed: Any) -> None:
    """Take a preset's points, with something of it changed."""
    with telling(toast=True):
        preset = replace(preset, **changed)
        session.change(preset=preset, points=preset.points())


def _set_compare(session: LiveSession) -> None:
    if (compare := _chosen("compare")) is None:
        return
    changed: dict[str, Any] = {"compare": compare}
    overlays = session.state.overlays
    if compare and "balls" not in overlays:  # what the losses ask for
        changed["overlays"] = (*overlays, "balls")
        st.session_state.overlays_version = st.session_state.get("overlays_version", 0) + 1
    # On other points than Figure 1's the panels may differ little.
    if compare and not session.state.drawn:
        preset = Preset("figure_1", **SUITED["figure_1"])
        changed |= {"preset": preset, "points": preset.points()}
    session.change(**changed)


def _set_preset(session: LiveSession, setting: str) -> None:
    name = _chosen(setting)
    if name == DRAWING:
        session.change(preset=None)
    elif name is not None:  # every preset has a size, a noise and settings that suit it
        suited = {"count": Preset.count, "noise": Preset.noise, **SUITED.get(name, {})}
        _take(session, session.state.preset or Preset(), name=name, **suited)
        usual = PlaygroundConfig()
        settings: dict[str, Any] = {"learning_rate": usual.learning_rate, "lam": usual.lam}
        settings |= SUITED_SETTINGS.get(name, {})
        session.change(config=replace(session.state.config, **settings))


def _set_size(session: LiveSession, name: str) -> None:
    value, preset = _chosen(name), session.state.preset
    if value is not None and preset:
        _take(session, preset, **{name: value})


def _fresh(session: LiveSession) -> None:
    if preset := session.state.preset:
        _take(session, preset, seed=preset.seed + 1)
