"""The network of the page Exact networks: its graph, its figures, one weight changed, its files."""

from __future__ import annotations

import numpy as np
import streamlit as st

from levelset_core.exact.network import Place, edges, exact_onnx, exact_safetensors, exact_snippet
from levelset_core.exact.sign_check import Tally
from pages.exact.work import POINTS, ExactWork
from pages.shared.front_end import front_end

#: More lines than this tell an eye nothing.
MOST = 3000
#: Seconds between two looks at the check.
EVERY = 0.4
#: |F| on the boundary that is rounding, in parts of the shape's size.
ROUNDING = 1e-9
#: Of the files, without the ending.
FILE = "exact_network"

_component = front_end("levelset_graph", "exact/graph")


def network_graph(work: ExactWork, *, height: int) -> None:
    """Draw the graph; a click chooses a weight, see :func:`apply_perturbation`."""
    assert work.exact is not None and work.network is not None
    shown, total = edges(work.network, MOST)
    data = {
        "height": height, "total": total, "edges": shown, "widths": work.exact.widths,
        "chosen": work.place,
    }  # fmt: skip
    _component(key=work.graph, data=data, default={"chosen": None}, height=height)


def _clicked(graph: str) -> tuple[Place | None, int]:
    """The weight that was clicked, and when, at the beginning of this run."""
    chosen = (st.session_state.get(graph) or {}).get("chosen")
    return (tuple(chosen[:3]), chosen[3]) if chosen else (None, 0)


def figures(work: ExactWork) -> None:
    """What was built, and what the check finds; while points are left it moves by itself."""
    st.fragment(_strip, run_every=EVERY if work.checking else None)(work)
    for note in work.notes:
        st.caption(f":material/info: {note}")


def _strip(work: ExactWork) -> None:
    e, was = work.exact, work.checking
    assert e is not None
    work.look()
    shown = [
        ("Planes" if e.widths[0] == 3 else "Lines", f"{e.planes}"),
        ("Hidden layers", f"{e.depth}"),
        ("Widest layer", f"{max(e.widths):,}"),
        ("Weights", f"{e.weights:,}"),
        ("Built in", f"{e.seconds:.1f} s" if e.seconds >= 1 else f"{e.seconds * 1000:.0f} ms"),
    ]
    tally = work.tally
    if tally is not None:
        label = f"Wrong signs among {POINTS:,} random points"
        if tally.points < POINTS:
            label = f"Wrong signs, {tally.points:,} of {POINTS:,} points checked"
        shown += [
            ("Largest |F| on the boundary", f"{tally.on_boundary:.1e}"),
            (label, f"{tally.wrong:,}"),
        ]
    row = st.container(key="exact_figures").columns([0.8, 1.1, 1, 1.5, 1.1, 1.8, 2.4])
    for column, (label, value) in zip(row, shown, strict=False):
        column.metric(label, value)
    if tally is not None:
        st.caption(_in_words(work, tally))
    if was and not work.checking:
        st.rerun()


def _in_words(work: ExactWork, tally: Tally) -> str:
    """What the largest |F| says."""
    assert work.reference is not None
    size = float(np.max(work.reference.high - work.reference.low))
    wrong = "A wrong sign: the network puts a random point on the other side of the shape."
    if tally.on_boundary < ROUNDING * size:
        return (
            f"Exact up to rounding: on the boundary F should be 0, and |F| is at most "
            f"{tally.on_boundary:.1e} there, which is how 64-bit numbers round. {wrong}"
        )
    if not work.change and tally.on_boundary <= 4 * work.reference.tolerance:
        return (
            f"Exact up to the file's digits: on its boundary |F| is at most "
            f"{tally.on_boundary:.1e}, and its coordinates are no truer than that. {wrong}"
        )
    return (
        f"Not exact: on the boundary F should be 0, and |F| reaches {tally.on_boundary:.1e} there, "
        f"in a shape of size {size:.3g}."
    )


def apply_perturbation(work: ExactWork) -> None:
    """Give the chosen weight and the slider's change to the work, before anything is drawn.

    A new shape begins without a change, and so does what the other tabs show.
    """
    graph = work.graph
    clicked = _clicked(graph)
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
    text, slider, random, restore = st.container(key="exact_perturb").columns(
        [2, 3, 1, 1], vertical_alignment="bottom"
    )
    if work.place is None:
        text.markdown("Click a line of the graph, or pick one at random.")
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
        "Restore", on_click=_set_change, args=(graph, 0.0), width="stretch",
        disabled=not work.change,
    )  # fmt: skip
    if work.exact is not None and work.tally is not None and work.change:
        st.caption(
            f"One weight of {work.exact.weights:,} moved by {work.change:+.2f}: "
            f"{work.tally.wrong:,} of {work.tally.points:,} points have the wrong sign now."
        )


def _random(work: ExactWork) -> None:
    assert work.exact is not None
    graph = work.graph
    found, _ = edges(work.exact.network, 1_000_000)
    pick = found[np.random.default_rng().integers(len(found))]
    st.session_state[f"{graph}_place"] = pick[:3]
    if not _change(graph):
        _set_change(graph, 0.2)


def export_view(work: ExactWork) -> None:
    """Two files and a snippet."""
    e = work.to_export
    left, right = st.columns([1, 2])
    with left:
        single = st.toggle(
            "ONNX in float32", key=f"{work.graph}_single",
            help="For runtimes without float64. Signs are then right up to about a millionth of "
            "the coordinates' size from the boundary.",
        )  # fmt: skip
        for label, content, ending in (
            ("Download weights (safetensors)", exact_safetensors(e), "safetensors"),
            ("Download model (ONNX)", exact_onnx(e, single=single), "onnx"),
        ):
            st.download_button(
                label, content, f"{FILE}.{ending}", "application/octet-stream", width="stretch",
                key=f"{work.graph}_{ending}",
            )  # fmt: skip
        st.caption(
            f"Linear and ReLU layers {' – '.join(map(str, e.widths))} in float64, F < 0 inside, "
            f"in {work.coordinates}."
        )
    right.code(exact_snippet(e, f"{FILE}.safetensors"), language="python")
