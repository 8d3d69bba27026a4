"""Few samples: the geometric SVM against cross-entropy and hinge on small training sets."""

from __future__ import annotations

import streamlit as st

from pages.few_samples.charts import figure_view, pairs_view
from pages.few_samples.gallery import gallery_view
from pages.few_samples.runs import runs_view
from pages.few_samples.sources import Source, about, choose, sources, task
from pages.shared.view_choice import view_choice

VIEWS = {
    "figure": ":material/show_chart: Figure 2",
    "pairs": ":material/scatter_plot: Repeat by repeat",
    "gallery": ":material/photo_library: Images they differ on",
    "run": ":material/play_arrow: Run here",
}

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Few samples", anchor=False, width="content")
    chosen = view_choice("View", VIEWS, key="few_view", default="figure")

found: list[Source] = sources()
if chosen == "run":
    runs_view(found)
elif not found:
    st.info(
        "There is no stored result and no finished run yet: start one under “Run here”.",
        icon=":material/info:",
    )
else:
    source = choose(found)
    task(source)
    match chosen:
        case "pairs":
            pairs_view(source)
        case "gallery":
            gallery_view(source)
        case _:
            figure_view(source)
    about(source)
