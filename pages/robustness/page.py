"""Robust classifiers: attacked honestly, and shown so that one sees why a figure is what it is."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from levelset_core.robustness.models import KnownModel
from pages.robustness.curves import curves_view
from pages.robustness.explorer import explorer_view
from pages.robustness.models import models, no_models
from pages.robustness.table import table_view
from pages.robustness.training import training_view
from pages.robustness.upload import upload_view
from pages.shared.view_choice import view_choice

#: Name in the address -> label and the function that draws it from the known models. Only the
#: chosen view is computed. Those in NEED_MODELS are not called where there is no model.
VIEWS: dict[str, tuple[str, Callable[[list[KnownModel]], None]]] = {
    "table": (":material/table_chart: Table", table_view),
    "curves": (":material/show_chart: Curves", curves_view),
    "explorer": (":material/search: Explorer", explorer_view),
    "train": (":material/model_training: Train here", training_view),
    "upload": (":material/upload_file: Your model", upload_view),
}
NEED_MODELS = {"table", "curves", "explorer"}

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Robustness", anchor=False, width="content")
    labels = {name: label for name, (label, _) in VIEWS.items()}
    chosen = view_choice("View", labels, key="robust_view", default="table")
found = models()
if not found and chosen in NEED_MODELS:
    no_models()
else:
    VIEWS[chosen][1](found)
