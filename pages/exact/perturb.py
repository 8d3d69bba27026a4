"""Change one weight of an exact network and watch what breaks."""

from __future__ import annotations

import numpy as np
import streamlit as st

from levelset_core.exact.edges import Place, edges
from pages.exact.network_graph import chosen_weight
from pages.exact.work import ExactWork


def apply_perturbation(work: ExactWork) -> None:
    """Give the chosen weight and the slider's change to the work, before anything is drawn.

    A new shape begins without a change, and so does what the other tabs show.
    """
    graph = work.graph
    clicked = chosen_weight(graph)
    if st.session_state.get(f"{graph}_work") is not work:
        st.session_state[f"{graph}_work"] = work
        st.session_state[f"{graph}_clicked"] = clicked
        st.session_state[f"{graph}_place"] = None
        _set_change(graph, 0.0)
    if st.session_state.get("exact_tab", "perturb") != "perturb" and _change(graph):
        _set_change(graph, 0.0)
    if clicked != st.session_state.get(f"{graph}_clicked"):
        st.session_state[f"{graph}_clicked"] = clicked
        st.session_state[f"{graph}_place"] = clicked[0]
    place: Place | None = st.session_state.get(f"{graph}_place")
    if place is not None and not work.has(place):
        place = st.session_state[f"{graph}_place"] = None
    work.perturb(place, _change(graph) if place else 0.0)


def _slider(graph: str) -> str:
    return f"{graph}_slider_{st.session_state.get(f'{graph}_version', 0)}"


def _change(graph: str) -> float:
    """The change as the slider stands."""
    begun = st.session_state.get(f"{graph}_change", 0.0)
    return float(st.session_state.get(_slider(graph), begun))


def _set_change(graph: str, change: float) -> None:
    """By a new slider: a browser may miss that a value was set, and send the old one again."""
    st.session_state[f"{graph}_change"] = change
    st.session_state[f"{graph}_version"] = st.session_state.get(f"{graph}_version", 0) + 1


def perturb_view(work: ExactWork) -> None:
    """Which weight, and by how much."""
    graph = work.graph
    text, slider, random, restore = st.columns([2, 3, 1, 1], vertical_alignment="bottom")
    if work.place is None:
        text.markdown("Click a line of the graph, or draw one at random.")
    else:
        layer, row, column = (k + 1 for k in work.place)
        text.markdown(
            f"Layer **{layer}**, unit **{row}**, input **{column}**: weight "
            f"{work.weight():.4f}{f' {work.change:+.2f}' if work.change else ''}"
        )
    slider.slider(
        "Change of this weight", -1.0, 1.0, _change(graph), 0.01, key=_slider(graph),
        disabled=work.place is None,
    )  # fmt: skip
    random.button("Random weight", on_click=_random, args=(work,), width="stretch")
    restore.button(
        "Restore", on_click=_restore, args=(graph,), width="stretch", disabled=not work.change
    )
    if work.change and work.tally is not None:
        st.caption(
            f"One weight of {work.exact.weights:,} moved by {work.change:+.2f}: "
            f"{work.tally.wrong:,} of {work.tally.points:,} points have the wrong sign now."
            if work.exact
            else ""
        )


def _random(work: ExactWork) -> None:
    assert work.exact is not None
    graph = work.graph
    found, _ = edges(work.exact.network, 1_000_000)
    pick = found[np.random.default_rng().integers(len(found))]
    st.session_state[f"{graph}_place"] = pick[:3]
    if not _change(graph):
        _set_change(graph, 0.2)


def _restore(graph: str) -> None:
    _set_change(graph, 0.0)
