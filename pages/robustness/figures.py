"""How charts of robust accuracy look: a model keeps its colour, dash and marker everywhere."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

#: Colour-blind-safe (Okabe and Ito, 2008); dashes and markers tell the models apart as well.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "cross", "triangle-up", "x")
PATTERNS = ("", "/", "x", ".", "-", "+")


def look(k: int) -> dict[str, Any]:
    """Line and markers of the k-th model."""
    k %= len(COLORS)
    return {
        "line": {"color": COLORS[k], "dash": DASHES[k], "width": 2},
        "marker": {"color": COLORS[k], "symbol": MARKERS[k], "size": 8},
    }


def tidy(figure: go.Figure, title: str, height: int) -> go.Figure:
    """Title, margins, an axis from 0 to 100 %, the legend below."""
    share_axis(figure)
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    figure.update_layout(
        title={"text": title, "x": 0, "font": {"size": 14}}, height=height,
        margin={"l": 0, "r": 8, "t": 36, "b": 0},
        legend={"orientation": "h", "y": -0.25, "x": 0, "yanchor": "top"}, uirevision="keep",
    )  # fmt: skip
    return figure


def share_axis(figure: go.Figure) -> None:
    """The vertical axis shows a share."""
    figure.update_yaxes(range=[-0.03, 1.06], tickformat=".0%", nticks=6)
