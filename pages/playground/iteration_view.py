"""One iteration, equation by equation, with the numbers of this moment."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from levelset_core.live import LiveSession
from levelset_core.playground import OBJECTIVES, Iteration, PlaygroundConfig
from pages.playground.iteration_equations import STAGES, equations
from pages.shared.attempt import tell, telling
from pages.shared.glossary import term


def iteration_view(session: LiveSession) -> None:
    """Take the next iteration apart for one point, step through the stages.

    ``iteration_annotations``, which the canvas above needs, has stopped training by now.
    """
    if not len(session.state.points):
        st.info("Put a point on the canvas first.")
        return
    if session.playing:
        st.info("Training goes on. Stop it to see its next iteration in numbers.")
        st.button("Pause and look at one iteration", on_click=_take_apart, args=(session,))
        return
    it: Iteration | None = st.session_state.get("iteration")
    panels = session.state.panels()
    titles = [OBJECTIVES[config.objective].title for config in panels]
    if len(panels) > 1:
        st.session_state.setdefault("followed_panel", 0)
        st.segmented_control(
            "Panel", range(len(panels)), key="followed_panel", format_func=titles.__getitem__,
            on_change=_take_apart, args=(session,), width="stretch", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    with st.container(key="iteration_top"):
        top = st.columns([10, 2.2, 2.2, 2.4], vertical_alignment="bottom")
    with top[0]:
        stage = st.segmented_control(
            "Stage", range(len(STAGES)), format_func=lambda k: f"{k + 1}  {STAGES[k]}",
            default=0, key="stage", width="stretch", required=True,
        )  # fmt: skip
    top[1].number_input(
        "Point", 0, len(session.state.points) - 1, key="followed_point", on_change=_take_apart,
        args=(session,), help="Its number in drawing order. Or click a point on the canvas.",
    )  # fmt: skip
    top[2].button("Next stage", on_click=_next_stage, args=(session,), width="stretch")
    top[3].button(
        "Do this step", on_click=_do_step, args=(session,), width="stretch", type="primary",
        help="Do the update, then look at the next iteration.",
    )  # fmt: skip
    if it is None:
        tell("iteration_wrong")
        return
    config = panels[_panel(session)]
    st.caption(
        f"Next: Iteration {it.step} of {OBJECTIVES[config.objective].title}, followed for point "
        f"{it.index} with label {it.label:+d}. Training is paused; the numbers show this moment. "
        "Click a point on the canvas to follow that one."
    )
    if it.loss_before == 0:
        st.info(
            "The loss is 0: every point has what it asks for, so this step moves nothing. To see "
            "one that does, pull the slider under the picture back."
        )
    st.html(f'<div class="levelset-key">Symbols: {"".join(map(term, _SYMBOLS[stage or 0]))}</div>')
    with st.container(key="iteration_equations"):
        for latex, words in equations(it, config, stage or 0):
            left, right = st.columns([3, 2], vertical_alignment="center")
            left.latex(latex)
            right.markdown(words)


#: The terms of the glossary in the equations of each stage.
_SYMBOLS = (
    ("x", "F", "gradient", "pseudo_inverse", "p", "newton", "S0"),
    ("theta", "p", "pseudo_inverse", "sample_network"),
    ("margin", "delta", "epsilon", "lam11", "lam12", "alpha", "rho", "output_margin"),
    ("theta", "gradient"),
    ("p", "sample_network", "S0"),
)


def iteration_annotations(session: LiveSession) -> list[dict[str, Any]]:
    """Stop training when the view opens; the marks that show the chosen stage on the canvas."""
    _follow_pick()
    last = len(session.state.points) - 1
    if last < 0:
        return []
    if st.session_state.get("followed_point", 0) > last:  # points were erased
        st.session_state.followed_point = last
    if "iteration" not in st.session_state:
        st.session_state.iteration_resumes = session.playing
    if "iteration" not in st.session_state or (not session.playing and _stale(session)):
        _take_apart(session)
    it: Iteration | None = st.session_state.get("iteration")
    if it is None or session.playing:
        return []
    stage = st.session_state.get("stage") or 0
    panel = _panel(session)
    return [{**mark, "panel": panel} for mark in _marks(it, stage)]


def _marks(it: Iteration, stage: int) -> list[dict[str, Any]]:
    """What a stage shows on the canvas."""
    marks = [_mark("ring", [it.x], "x", "x"), _mark("polyline", it.path, "p")]
    if stage == 0:
        marks += [_mark("dot", [p], "p") for p in it.path[1:]]
        marks.append(_mark("text", [it.foot], "p", "Newton"))
        if np.isfinite(it.nearest_distance):
            marks.append(_mark("segment", [it.x, it.nearest], "x"))
            marks.append(_mark("dot", [it.nearest], "gradient", "nearest"))
        return marks
    marks.append(_mark("dot", [it.point], "p", "p"))
    length = np.linalg.norm(it.gradient)
    if stage == 1 and length > 0:
        tip = it.point + 0.3 * it.gradient / length
        marks.append(_mark("arrow", [it.point, tip], "gradient", "DₓF"))
    if stage == 2:
        for t, (place, arrived) in it.sides.items():
            role = "muted" if not arrived else "plus" if t > 0 else "minus"
            marks.append(_mark("arrow", [it.point, place], role, f"S{t:+d}"))
        if not it.sides:
            marks.append(_mark("segment", [it.x, it.point], "x"))
    if stage == 4:
        marks.append(_mark("arrow", [it.point, it.predicted], "predicted", "predicted"))
        marks.append(_mark("arrow", [it.point, it.actual], "actual", "actual"))
    return marks


def leave_iteration(session: LiveSession) -> None:
    """The view is closed: forget the iteration, and train on if it trained before."""
    st.session_state.pop("iteration", None)
    if st.session_state.pop("iteration_resumes", False) and not session.playing:
        session.control("play")


def _follow_pick() -> None:
    """Follow the point that was clicked on the canvas, in the panel where it was."""
    picked = st.session_state.get("canvas", {}).get("picked")
    if picked and picked["serial"] != st.session_state.get("pick_seen"):
        st.session_state.pick_seen = picked["serial"]
        st.session_state.followed_point = picked["index"]
        st.session_state.followed_panel = picked["panel"]


def _panel(session: LiveSession) -> int:
    """The panel that is followed."""
    panel = int(st.session_state.get("followed_panel") or 0)
    return panel if panel < len(session.state.panels()) else 0


def _mark(kind: str, points: Any, role: str, text: str = "") -> dict[str, Any]:
    places = [[float(v) for v in p] for p in points]
    return {"kind": kind, "points": places, "role": role, "text": text}


def _stale(session: LiveSession) -> bool:
    it: Iteration | None = st.session_state.get("iteration")
    if it is not None and it.step != session.news["step"] + 1:
        return True  # a step was taken elsewhere
    return st.session_state.get("iteration_of") != _moment(session)


def _moment(session: LiveSession) -> tuple[str, int, PlaygroundConfig, bool, int, int]:
    followed = _panel(session), st.session_state.get("followed_point", 0)
    return session.id, session.version, session.state.config, session.state.compare, *followed


def _take_apart(session: LiveSession) -> None:
    session.control("pause")
    index = st.session_state.get("followed_point", 0)
    moment, found = _moment(session), None
    with telling("iteration_wrong"):
        found = session.call("explain", panel=_panel(session), index=index)
    st.session_state.iteration = found
    # Last: a run of the page that is cut off before is followed by one that does all of it.
    st.session_state.iteration_of = moment


def _next_stage(session: LiveSession) -> None:
    stage = (st.session_state.get("stage") or 0) + 1
    if stage == len(STAGES):
        _do_step(session)
        stage = 0
    st.session_state.stage = stage


def _do_step(session: LiveSession) -> None:
    session.control("step")
    _take_apart(session)
