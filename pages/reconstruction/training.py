"""A run while it trains: loss parts, Newton residuals, converged part."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from levelset_core.runs import Run, get_kind
from pages.reconstruction.results import Result
from pages.shared.charts import CONFIG
from pages.shared.run_charts import metric_names, metrics_figure

#: Seconds between two looks at the metrics of runs that are not over: while charts are redrawn
#: the browser shows no new surface.
EVERY = 3.0


def training_view(results: list[Result], kind: str) -> None:
    """Charts of one run, or of two over each other; empty ones before the first run.

    Args:
        results: one, two, or none yet.
        kind: of the run that would come next.
    """
    runs, rows = [result.run for result in results], _rows(results)
    active = any(run.status().active for run in runs)
    names = metric_names(runs, rows, expected=active) if runs else dict(get_kind(kind).metrics)
    if not names:
        if runs:
            st.info(_why_empty(runs))
        return
    figure = metrics_figure(
        names, [result.title for result in results] or [""], rows or [[]], "seconds"
    )
    figure.update_layout(uirevision="_".join(run.id for run in runs))
    # One and the same chart from the page's opening on: what draws it takes a second to load,
    # and a surface that is being watched must not wait for that.
    st.plotly_chart(figure, key="training_charts", config=CONFIG)


def _why_empty(runs: list[Run]) -> str:
    if any(get_kind(run.config.kind).metrics for run in runs):
        return "No step was taken yet: the charts fill when the run goes on."
    return "This method has no steps to chart."


def _rows(results: list[Result]) -> list[list[dict[str, Any]]]:
    """The runs' metrics; those of a moment ago if a run goes on."""
    ids = [result.run.id for result in results]
    now, active = time.monotonic(), any(result.run.status().active for result in results)
    seen, before, rows = st.session_state.get("training_rows", (0.0, None, []))
    if not active or ids != before or now >= seen + EVERY:
        rows = [result.run.metrics(limit=400) for result in results]
        st.session_state.training_rows = now, ids, rows
    return rows
