"""How the charts of all pages look; and the metrics of runs, against steps or time."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from levelset_core.errors import LevelsetError
from levelset_core.runs import Metric, Run, get_kind

#: Colour-blind-safe (Okabe and Ito, 2008); dashes and markers tell curves apart without colour.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "cross", "triangle-up", "x")
#: Options of ``st.plotly_chart``.
CONFIG = {"displaylogo": False}
#: Of the metrics of runs: panels side by side.
COLUMNS = 3
#: Panels at most; a kind lists its own first.
MAX_PANELS = 9
AXES = {"step": "step", "seconds": "seconds of work"}


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


def metric_names(
    runs: list[Run], rows: list[list[dict[str, Any]]], *, expected: bool = False
) -> dict[str, Metric]:
    """What to draw, in order: what the kinds list, then what else is a number.

    Args:
        expected: list also what a kind will have, so that no panel moves when it comes.
    """
    known: dict[str, Metric] = {}
    for run in runs:
        with suppress(LevelsetError):  # a kind of another program: its columns as they are
            known |= get_kind(run.config.kind).metrics
    seen = {name: None for own in rows for row in own[:1] + own[-1:] for name in row}
    names = [name for name in known if expected or name in seen]
    names += [name for name in seen if name not in known and name not in AXES]
    drawn = [n for n in names if (expected and n in known) or any(_numbers(own, n) for own in rows)]
    return {
        name: known.get(name) or Metric(name.replace("_", " ").capitalize())
        for name in drawn[:MAX_PANELS]
    }


def metrics_figure(
    names: dict[str, Metric], labels: list[str], rows: list[list[dict[str, Any]]], axis: str
) -> go.Figure:
    """One panel a metric; the runs in colours and dashes that tell them apart without colour."""
    columns = min(COLUMNS, len(names))
    lines = math.ceil(len(names) / columns)
    figure = make_subplots(
        rows=lines, cols=columns, subplot_titles=[m.label for m in names.values()],
        horizontal_spacing=0.08, vertical_spacing=0.34 / lines,
    )  # fmt: skip
    for k, (name, metric) in enumerate(names.items()):
        place = {"row": k // columns + 1, "col": k % columns + 1}
        for j, (label, own) in enumerate(zip(labels, rows, strict=True)):
            figure.add_scatter(
                x=[row[axis] for row in own], y=[row.get(name) for row in own],
                name=label, legendgroup=str(j),
                mode="lines" if len(own) > 1 else "markers",
                showlegend=len(rows) > 1 and k == 0,
                line=look(j)["line"],
                hovertemplate=f"{axis} %{{x}}<br>%{{y:.4g}}<extra>{label}</extra>", **place,
            )  # fmt: skip
        numbers = [v for own in rows for v in _numbers(own, name)]
        if not numbers:
            figure.update_yaxes(showticklabels=False, **place)
        elif metric.log and min(numbers) > 0:
            figure.update_yaxes(type="log", **log_ticks(numbers), **place)
    figure.update_yaxes(exponentformat="power")
    figure.update_xaxes(nticks=5, rangemode="tozero")
    figure.update_xaxes(title_text=AXES[axis], row=lines)
    figure.update_layout(
        height=60 + 200 * lines + (30 if len(rows) > 1 else 0),
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        legend={"orientation": "h", "y": -0.34 / lines, "x": 0},
        uirevision="keep",
        hovermode="x",
    )
    return figure


#: Ticks of a logarithmic axis, at most.
MOST_TICKS = 6


def log_ticks(numbers: list[float]) -> dict[str, Any]:
    """Where a logarithmic axis has its ticks and what they say, all in one size: 1, 2 and 5 times
    powers of ten as long as they are few, else powers alone; none if there would be fewer than two.
    """
    low, high = min(numbers), max(numbers)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        places = [(m, e) for e in powers for m in factors if low <= m * 10.0**e <= high]
        if len(places) <= MOST_TICKS:
            break
    places = places[:: max(1, math.ceil(len(places) / MOST_TICKS))]
    if len(places) < 2:
        return {}
    return {
        "tickvals": [m * 10.0**e for m, e in places],
        "ticktext": [_power(m, e) for m, e in places],
    }


def _power(factor: int, exponent: int) -> str:
    """As "0.02", "500", "10⁻⁵", "2 · 10⁻⁵"."""
    if -3 <= exponent <= 3:
        return f"{factor * 10.0**exponent:.{max(0, -exponent)}f}"
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if factor == 1 else f"{factor} · {power}"


def _numbers(rows: list[dict[str, Any]], name: str) -> list[float]:
    values = (row.get(name) for row in rows)
    return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
