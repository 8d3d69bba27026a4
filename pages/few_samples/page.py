"""Few samples: the geometric SVM against cross-entropy and hinge on small training sets."""

from __future__ import annotations

from pages.few_samples.charts import figure_view, pairs_view
from pages.few_samples.gallery import gallery_view
from pages.few_samples.runs import runs_view
from pages.few_samples.sources import of_one, sources
from pages.shared.page import Views, page

VIEWS: Views = {
    "figure": (":material/show_chart: Accuracy (Figure 2)", of_one(figure_view)),
    "pairs": (":material/scatter_plot: Repeat by repeat", of_one(pairs_view)),
    "gallery": (":material/photo_library: Images they differ on", of_one(gallery_view)),
    "run": (":material/play_arrow: Run here", runs_view),
}

with page("Few samples", VIEWS, key="few_view") as here:
    here.show(sources())
