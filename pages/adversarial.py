"""Robust classifiers: attacked honestly, and shown so that one sees why a figure is what it is."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from levelset_core.runs.models import KnownModel
from pages.widgets.robust_models import models, no_models
from pages.widgets.robust_table import table_view

#: Name in the address -> label and the function that draws it from the known models. Only the
#: chosen view is computed. Those in NEED_MODELS are not called where there is no model.
VIEWS: dict[str, tuple[str, Callable[[list[KnownModel]], None]]] = {
    "table": (":material/table_chart: Table", table_view),
}
NEED_MODELS = {"table"}

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Robustness", anchor=False, width="content")
    view = st.segmented_control(
        "View", list(VIEWS), format_func=lambda name: VIEWS[name][0], default="table",
        key="view", bind="query-params", label_visibility="collapsed", required=True,
    )  # fmt: skip
found = models()
chosen = view if view in VIEWS else "table"
if not found and chosen in NEED_MODELS:
    no_models()
else:
    VIEWS[chosen][1](found)
