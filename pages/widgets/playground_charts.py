"""Loss, accuracy, margins and Newton residuals over training steps."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from levelset_core.live import LiveSession

#: Colour-blind-safe (Okabe and Ito, 2008), one a panel; dashes tell them apart as well.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
DASHES = ("solid", "dash", "dot", "dashdot")
EVERY = 1.0
_TITLES = ("Loss", "Accuracy", "Input margin", "Newton residual |F(p)|")


@st.fragment(run_every=EVERY)
def charts(session: LiveSession) -> None:
    """The four charts, redrawn every second."""
    rows = list(session.history)
    if not rows:
        st.info("The charts fill as soon as training takes its first steps.")
        return
    st.plotly_chart(history_figure(rows), key="history", config={"displaylogo": False})


def history_figure(rows: list[dict[str, Any]]) -> go.Figure:
    """Four charts side by side from the session's history."""
    figure = make_subplots(rows=1, cols=4, subplot_titles=_TITLES, horizontal_spacing=0.06)
    panels = sorted({row["panel"] for row in rows})
    several = len(panels) > 1
    for panel in panels:
        own = [row for row in rows if row["panel"] == panel]
        title = own[-1]["title"]

        def line(
            name: str, column: int, label: str, dash: str, show: bool = False, *,
            own: list[dict[str, Any]] = own, panel: int = panel,
        ) -> None:  # fmt: skip
            if all(row[name] is None for row in own):
                return
            figure.add_scatter(
                x=[row["step"] for row in own], y=[row[name] for row in own], name=label,
                mode="lines", line={"color": COLORS[panel], "width": 2, "dash": dash},
                legendgroup=label, showlegend=show, row=1, col=column,
                hovertemplate="step %{x}<br>%{y:.4g}<extra>" + label + "</extra>",
            )  # fmt: skip

        if several:
            line("loss", 1, title, DASHES[panel], True)
            line("accuracy", 2, title, DASHES[panel])
            line("margin_min", 3, f"{title}, smallest", DASHES[panel])
            line("residual", 4, title, DASHES[panel])
        else:
            line("loss", 1, title, "solid")
            line("accuracy", 2, "on the points", "solid", True)
            line("held_out", 2, "held-out points", "dot", True)
            line("margin_min", 3, "smallest margin", "solid", True)
            line("margin_median", 3, "median margin", "dash", True)
            line("residual", 4, "median residual", "solid")
    figure.update_yaxes(type="log", exponentformat="power", row=1, col=4)
    figure.update_yaxes(range=[-0.02, 1.04], tickformat=".0%", row=1, col=2)
    figure.update_xaxes(title_text="step", nticks=5)
    figure.update_layout(
        height=250,
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": -0.32, "x": 0},
        uirevision="keep",
        hovermode="x",
    )
    return figure
