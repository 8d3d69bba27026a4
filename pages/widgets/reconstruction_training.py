"""A run while it trains: loss parts, Newton residuals, converged part."""

from __future__ import annotations

import streamlit as st

from pages.widgets.reconstruction_results import Result
from pages.widgets.run_charts import metric_names, metrics_figure


def training_view(results: list[Result]) -> None:
    """Charts of one run, or of two over each other."""
    rows = [result.run.metrics(limit=400) for result in results]
    if not any(rows):
        st.info("The charts fill as soon as the run takes its first steps.")
        return
    runs = [result.run for result in results]
    names = metric_names(runs, rows)
    figure = metrics_figure(names, [result.title for result in results], rows, "seconds")
    st.plotly_chart(
        figure, key=f"training_{'_'.join(run.id for run in runs)}", config={"displaylogo": False}
    )
