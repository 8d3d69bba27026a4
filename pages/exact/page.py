"""Exact networks: any polygon or watertight mesh is the zero level set of a ReLU network."""

import streamlit as st

from pages.exact.contrast import contrast_view
from pages.exact.export import exact_export
from pages.exact.perturb import perturb_view
from pages.exact.plane import GRAPH as PLANE_GRAPH
from pages.exact.plane import plane_view
from pages.exact.solid import GRAPH as SOLID_GRAPH
from pages.exact.solid import solid_view

TABS = {
    "perturb": ":material/tune: Perturb one weight",
    "contrast": ":material/compare: Against a trained MLP",
    "export": ":material/download: Export",
}

where, presets, files = st.columns([1, 5, 1], vertical_alignment="center")
space = where.segmented_control(
    "Dimension", ["Plane", "Space"], default="Plane", key="exact_space",
    label_visibility="collapsed", required=True,
)  # fmt: skip
solid = space == "Space"
work = solid_view(presets, files) if solid else plane_view(presets, files)
if work is not None and work.exact is not None:
    graph = SOLID_GRAPH if solid else PLANE_GRAPH
    tab = st.segmented_control(
        "Below the picture", list(TABS), format_func=TABS.__getitem__, default="perturb",
        key="exact_tab", label_visibility="collapsed", required=True,
    )  # fmt: skip
    match tab:
        case "contrast":
            contrast_view(work)
        case "export":
            exact_export(work.exact, graph)
        case _:
            perturb_view(work, graph)
st.caption(
    "Theorem 1: every watertight piecewise linear surface is the zero level set of a ReLU network. "
    "Here the network is built, not trained: F < 0 inside, F is 1-Lipschitz, and |F| is at most "
    "the distance to the surface."
)
