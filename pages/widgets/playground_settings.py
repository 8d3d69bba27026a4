"""The playground's settings in the sidebar, kept in step with the session."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
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
#: Seconds after a run in which the browser may not have heard of it yet, or never will: a run that
#: begins at once makes the server forget what it has not sent.
_UNSURE = 0.5


@dataclass(frozen=True)
class Told:
    """What the browser has been told that a widget shows; it says the value once, in one run.

    Attributes:
        value: the value.
        before: the one that the browser showed until then.
        at: end of the run that told it, in seconds of ``time.monotonic``.
    """

    value: Any
    before: Any = None
    at: float = float("inf")

    @property
    def sure(self) -> bool:
        return time.monotonic() - self.at > _UNSURE


def settings_panel(session: LiveSession) -> dict[str, Told]:
    """All settings; each takes effect when it is changed, in every browser of the session.

    Returns:
        What the browser shows then, for :func:`keep_told` at the end of the run.
    """
    state = session.state
    hidden = _hidden(state)
    told = _follow(session, state)
    with st.sidebar:
        _data(session, hidden)
        st.markdown("#### Objective")
        st.toggle(
            "Compare: Figure 1",
            _shown("compare"),
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
            "Seed", 0, 2**31 - 1, _shown("seed"), key="set_seed", on_change=_set_config,
            args=(session, "seed"),
        )  # fmt: skip
        st.caption("A change here starts again from new weights.")
    return {name: known for name, known in told.items() if name not in hidden}


def keep_told(told: dict[str, Told]) -> None:
    """Note that the browser is told; not where a run was cut off before this line."""
    now = time.monotonic()
    st.session_state.settings_told = {
        name: replace(known, at=min(known.at, now)) for name, known in told.items()
    }


def _data(session: LiveSession, hidden: set[str]) -> None:
    st.markdown("#### Data")
    names = [*PRESETS, _DRAWING]
    st.selectbox(
        "Points",
        names,
        names.index(_shown("preset")),
        format_func=lambda name: PRESETS.get(name, "My drawing"),
        key="set_preset",
        on_change=_set_preset,
        args=(session,),
    )
    if "count" not in hidden:
        # A shared state may hold a value outside of a slider's everyday range.
        count, noise = _shown("count"), _shown("noise")
        st.slider(
            "How many", min(10, count), max(1000, count), count, 2, key="set_count",
            on_change=_set_size, args=(session, "count"),
        )  # fmt: skip
        st.slider(
            "Noise", 0.0, max(0.4, noise), noise, 0.01, key="set_noise",
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


def _follow(session: LiveSession, state: PlaygroundState) -> dict[str, Told]:
    """Bring the widgets to the session's state, whoever changed it; what is told by that."""
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
    told: dict[str, Told] = dict(st.session_state.get("settings_told", {}))
    for name, value in values.items():
        known = told.get(name)
        if known is None or known.value != value:
            told[name] = Told(value, known.value if known else None)
        elif known.sure and st.session_state.get(f"set_{name}") == value:
            continue
        else:
            told[name] = Told(value, known.before)
        st.session_state[f"set_{name}"] = value
    return told


def _shown(name: str) -> Any:
    """A widget's value, for its default too: what a browser starts from that was not told it."""
    return st.session_state[f"set_{name}"]


def _chosen(name: str) -> Any:
    """What somebody has just set; ``None`` for the value that the browser still had, and sent with
    something else, before it heard of the one in force.
    """
    value = st.session_state[f"set_{name}"]
    told: dict[str, Told] = st.session_state.setdefault("settings_told", {})
    known = told.get(name)
    if known and not known.sure and value == known.before:
        return None
    told[name] = Told(value, at=-float("inf"))  # the browser knows it already
    return value


def _apply(session: LiveSession, **fields: Any) -> None:
    try:
        session.change(**fields)
    except LevelsetError as error:
        st.toast(str(error), icon=":material/error:")  # the widgets go back to what is in force


def _set_config(session: LiveSession, name: str) -> None:
    value = _chosen(name)
    if value is None:  # also pills that were switched off: they come back on
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
        label, min(low, value), max(high, value), value, step, key=f"set_{name}",
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
        label, options, value, key=f"set_{name}", on_change=_set_config, args=(session, name),
        format_func=lambda v: (titles or {}).get(v, f"{v:g}"),
    )  # fmt: skip


def _select(session: LiveSession, name: str, label: str, titles: dict[str, str]) -> None:
    st.selectbox(
        label, list(titles), list(titles).index(_shown(name)), format_func=titles.__getitem__,
        key=f"set_{name}", on_change=_set_config, args=(session, name),
    )  # fmt: skip


def _pills(session: LiveSession, name: str, label: str, titles: dict[str, str]) -> None:
    st.segmented_control(
        label, list(titles), format_func=titles.__getitem__, default=_shown(name),
        key=f"set_{name}", on_change=_set_config, args=(session, name), width="stretch",
    )  # fmt: skip
