"""Exact networks: any polygon or watertight mesh is the zero level set of a ReLU network."""

import streamlit as st

from pages.exact.contrast import contrast_view
from pages.exact.network import export_view, perturb_view
from pages.exact.plane import plane_view
from pages.exact.solid import solid_view
from pages.shared.page import Views, page, tabs

VIEWS: Views = {"Plane": ("Plane", plane_view), "Space": ("Space", solid_view)}
TABS: Views = {
    "perturb": (":material/tune: Perturb one weight", perturb_view),
    "contrast": (":material/compare: Against a trained network", contrast_view),
    "export": (":material/download: Export", export_view),
}

THEOREM = (
    "Theorem 1 of *Controlling Neural Level Sets*: every closed shape of straight edges or flat "
    "faces is exactly the zero level set of a ReLU network. It is built, not trained."
)

with page("Exact networks", VIEWS, key="exact_space") as here:
    st.markdown(
        THEOREM,
        help="F < 0 inside, F = 0 on the shape. Closed: watertight, without a gap. An unbounded "
        "shape, such as the wedge, goes on outside the picture. ReLU network: linear layers, "
        "max(0, x) between. From one place to another F never changes by more than their "
        "distance (it is 1-Lipschitz), so |F| is at most the distance to the shape.",
    )
    presets, files = st.columns([7, 2], vertical_alignment="center")
    work = here.show(presets, files)
    if work is not None:
        tabs("Below the picture", TABS, work, key="exact_tab")
