"""Robust classifiers under strong attacks, with what explains each figure."""

from __future__ import annotations

from pages.robustness.address import VIEW
from pages.robustness.curves import curves_view
from pages.robustness.explorer import explorer_view
from pages.robustness.models import models, with_models
from pages.robustness.table import table_view
from pages.robustness.training import training_view
from pages.robustness.trust.steps import trust_view
from pages.robustness.upload import upload_view
from pages.shared.page import Views, page

VIEWS: Views = {
    "table": (":material/table_chart: Table", with_models(table_view)),
    "trust": (":material/quiz: Can you trust 99%?", trust_view),
    "curves": (":material/show_chart: Curves", with_models(curves_view)),
    "explorer": (":material/search: Explorer", with_models(explorer_view)),
    "train": (":material/model_training: Train here", training_view),
    "upload": (":material/upload_file: Your model", upload_view),
}

with page("Robustness", VIEWS, key=VIEW) as here:
    here.show(models())
