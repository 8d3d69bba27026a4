"""How the charts of all pages look: colours, dashes, markers, title and legend."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

#: Colour-blind-safe (Okabe and Ito, 2008); dashes and markers tell curves apart without colour.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "cross", "triangle-up", "x")
#: Options of ``st.plotly_chart``.
CONFIG = {"displaylogo": False}


def look(k: int, dash: str | None = None) -> dict[str, Any]:
    """Line and markers of the k-th curve.

    Args:
        dash: in place of the curve's own.
    """
    k %= len(COLORS)
    return {
        "line": {"color": COLORS[k], "dash": dash or DASHES[k], "width": 2},
        "marker": {"color": COLORS[k], "symbol": MARKERS[k], "size": 8},
    }


def faint(color: str, opacity: float) -> str:
    """A colour of ``COLORS`` that lets shine through what is behind it."""
    red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def tidy(figure: go.Figure, title: str, height: int, **legend: Any) -> go.Figure:
    """A title at the left, narrow margins, the legend below; a zoom outlives a redraw.

    Args:
        legend: where it is, if not right below the axis.
    """
    figure.update_layout(
        title={"text": title, "x": 0, "font": {"size": 14}}, height=height,
        margin={"l": 0, "r": 8, "t": 36, "b": 0}, uirevision="keep",
        legend={"orientation": "h", "x": 0, "y": -0.25, "yanchor": "top", **legend},
    )  # fmt: skip
    return figure
