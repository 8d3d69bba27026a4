"""A run while it trains: loss parts, Newton residuals, converged part."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from pages.widgets.reconstruction_results import Result
from pages.widgets.run_charts import metric_names, metrics_figure

#: Seconds between two looks at the metrics of runs that are not over: while charts are redrawn
#: the browser shows no new surface.
EVERY = 3.0


def training_view(results: list[Result]) -> None:
    """Charts of one run, or of two over each other."""
    rows = _rows(results)
    if not any(rows):  # the first chart waits: loading what draws it would hold up the surface
        st.info("The charts fill as soon as the run takes its first steps.")
        return
    runs = [result.run for result in results]
    names = metric_names(runs, rows, expected=any(run.status().active for run in runs))
    figure = metrics_figure(names, [result.title for result in results], rows, "seconds")
    st.plotly_chart(
        figure, key=f"training_{'_'.join(run.id for run in runs)}", config={"displaylogo": False}
    )


def _rows(results: list[Result]) -> list[list[dict[str, Any]]]:
    """The runs' metrics; those of a moment ago if a run goes on."""
    ids = [result.run.id for result in results]
    now, active = time.monotonic(), any(result.run.status().active for result in results)
    seen, before, rows = st.session_state.get("training_rows", (0.0, None, []))
    if not active or ids != before or now >= seen + EVERY or not any(rows):
        rows = [result.run.metrics(limit=400) for result in results]
        st.session_state.training_rows = now, ids, rows
    return rows
