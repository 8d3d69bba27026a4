"""The paper's Figure 2, and the repeats behind it pair by pair."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from levelset_core.few_samples.config import LOSSES
from levelset_core.few_samples.results import difference_text, verdict
from pages.few_samples.sources import Source
from pages.shared.charts import COLORS, CONFIG, DASHES, MARKERS, faint
from pages.shared.tables import named_table

#: Loss -> colour, dash, marker.
LOOKS = {
    loss: (COLORS[k], DASHES[k], MARKERS[k]) for k, loss in enumerate(("ours", "xent", "hinge"))
}
BANDS = {"sd": "Band: standard deviation", "interval": "Band: 95% interval of the mean"}


def figure_view(source: Source) -> None:
    """Accuracy over the size of the training set, with the differences beside it."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        band = st.segmented_control(
            "Band", list(BANDS), format_func=BANDS.__getitem__, default="sd", key="few_band",
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        figure = figure_2(source.result, band or "sd")
        st.plotly_chart(figure, key=f"few_figure_{source.key}", config=CONFIG)
        st.caption(
            "Lines: the mean over the repeats. Shaded bands: how far single repeats lie from it "
            "(standard deviation), or how well the mean is known (95% interval)."
        )
        st.code(source.command(), language="bash", wrap_lines=True)
    with right:
        for loss in _others(source.result, "## Geometric SVM minus the others"):
            found = [row["ours_minus"][loss] for row in source.result["rows"]]
            other = f"minus {LOSSES[loss].lower()}"
            images = [f"{_images(source.result, r):,}" for r in source.result["rows"]]
            named_table(
                f"Geometric SVM {other}", ["images", other, "verdict"],
                [
                    [count, difference_text(one).replace("-", "−"), verdict(one)]
                    for count, one in zip(images, found, strict=True)
                ],
                even=True,
            )  # fmt: skip


def figure_2(result: dict[str, Any], band: str) -> go.Figure:
    """Mean test accuracy of every loss over the number of training images."""
    figure = go.Figure()
    rows = result["rows"]
    images = [_images(result, row) for row in rows]
    for loss in sorted(result["settings"]["losses"], key=list(LOOKS).index, reverse=True):
        color, dash, symbol = LOOKS[loss]
        found = [row["losses"][loss] for row in rows]
        low, high = zip(*(_band(one, band) for one in found), strict=True)
        figure.add_scatter(
            x=[*images, *reversed(images)], y=[*high, *reversed(low)], fill="toself",
            fillcolor=faint(color, 0.16), line={"width": 0}, mode="lines", hoverinfo="skip",
            legendgroup=loss, showlegend=False,
        )  # fmt: skip
        figure.add_scatter(
            x=images, y=[one["mean"] for one in found], name=LOSSES[loss], legendgroup=loss,
            mode="lines+markers", line={"color": color, "width": 2.5, "dash": dash},
            marker={"size": 9, "symbol": symbol},
            customdata=[[one["sd"], one["n"]] for one in found],
            hovertemplate="%{y:.2%} ± %{customdata[0]:.2%}, %{customdata[1]} repeats<extra>"
            + LOSSES[loss] + "</extra>",
        )  # fmt: skip
    ticks = [f"{n:,}<br>{100 * row['fraction']:g}%" for n, row in zip(images, rows, strict=True)]
    figure.update_xaxes(
        type="log", tickvals=images, ticktext=ticks, title="training images, share of the set"
    )
    figure.update_yaxes(tickformat=".0%", title="test accuracy")
    return _laid_out(figure, hovermode="x unified", legend_traceorder="reversed")


# -- pairs -----------------------------------------------------------------------------------


def pairs_view(source: Source) -> None:
    """Every repeat as a point: on one fraction, and the differences on all."""
    result = source.result
    left, right = st.columns(2, gap="medium")
    others = _others(result)
    if not others:
        return
    with left:
        rows = {row["fraction"]: row for row in result["rows"]}
        first = next(iter(rows))
        fraction = st.segmented_control(
            "Training images", list(rows), key=f"few_fraction_{source.key}", default=first,
            format_func=lambda f: f"{_images(result, rows[f]):,}", required=True,
        )  # fmt: skip
        row = rows[fraction or first]
        st.plotly_chart(scatter(row, others), key=f"few_scatter_{source.key}", config=CONFIG)
        st.code(source.command(row["fraction"]), language="bash", wrap_lines=True)
    with right:
        st.markdown("Difference in every repeat, with its mean and 95% interval")
        st.plotly_chart(strips(result, others), key=f"few_strips_{source.key}", config=CONFIG)
        st.code(source.command(), language="bash", wrap_lines=True)


def scatter(row: dict[str, Any], others: list[str]) -> go.Figure:
    """A point a repeat; above the diagonal the geometric SVM is better."""
    figure = go.Figure()
    ours = row["losses"]["ours"]["accuracies"]
    values = list(ours)
    for loss in others:
        color, _, symbol = LOOKS[loss]
        theirs = row["losses"][loss]["accuracies"]
        values += theirs
        figure.add_scatter(
            x=theirs, y=ours, mode="markers", name=f"against {LOSSES[loss].lower()}",
            marker={"color": color, "symbol": symbol, "size": 9, "opacity": 0.8}, cliponaxis=False,
            customdata=list(range(1, len(ours) + 1)),
            hovertemplate="repeat %{customdata}: %{y:.2%} against %{x:.2%}<extra></extra>",
        )  # fmt: skip
    slack = max(0.005, 0.04 * (max(values) - min(values)))  # room for the marks at the ends
    ends = [min(values) - slack, max(values) + slack]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", line={"color": "#888", "dash": "dash", "width": 1},
        hoverinfo="skip", name="equal",
    )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", range=ends, title="test accuracy, other loss")
    figure.update_yaxes(tickformat=".0%", range=ends, title="test accuracy, geometric SVM")
    return _laid_out(figure)


def strips(result: dict[str, Any], others: list[str]) -> go.Figure:
    """Differences of all fractions side by side."""
    figure = go.Figure()
    for k, loss in enumerate(others):
        color, _, symbol = LOOKS[loss]
        shift = (k - (len(others) - 1) / 2) * 0.36
        x: list[float] = []
        y: list[float] = []
        for j, row in enumerate(result["rows"]):
            ours, theirs = (row["losses"][name]["accuracies"] for name in ("ours", loss))
            n = len(ours)
            x += [j + shift + 0.12 * ((2 * i / max(1, n - 1)) - 1) for i in range(n)]
            y += [100 * (a - b) for a, b in zip(ours, theirs, strict=True)]
        figure.add_scatter(
            x=x, y=y, mode="markers", name=f"minus {LOSSES[loss].lower()}", legendgroup=loss,
            marker={"color": color, "symbol": symbol, "size": 6, "opacity": 0.55},
            hovertemplate="%{y:+.2f} points<extra></extra>",
        )  # fmt: skip
        found = [row["ours_minus"][loss] for row in result["rows"]]
        reach = [
            100 * (one["high"] - one["mean"]) if one["low"] is not None else 0 for one in found
        ]
        figure.add_scatter(
            x=[j + shift for j in range(len(found))], y=[100 * one["mean"] for one in found],
            error_y={"type": "data", "array": reach, "thickness": 2, "width": 7, "color": color},
            mode="markers", legendgroup=loss, showlegend=False,
            marker={"color": color, "symbol": "line-ew-open", "size": 16, "line": {"width": 3}},
            hovertemplate="mean %{y:+.2f} points<extra></extra>",
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": "#888", "dash": "dash", "width": 1})
    figure.update_xaxes(
        tickvals=list(range(len(result["rows"]))), title="training images",
        ticktext=[f"{_images(result, row):,}" for row in result["rows"]],
    )  # fmt: skip
    figure.update_yaxes(title="geometric SVM ahead by, points")
    return _laid_out(figure)


def _others(result: dict[str, Any], heading: str = "") -> list[str]:
    """The losses that the geometric SVM is compared with; says so where there are none."""
    losses = result["settings"]["losses"]
    others = [loss for loss in losses if loss != "ours"] if "ours" in losses else []
    if not others:
        st.info("The geometric SVM and another loss are needed to compare them.")
    elif heading:
        st.markdown(
            heading, help="Points of test accuracy, paired over the repeats: mean and Student's "
            "95% interval.",
        )  # fmt: skip
    return others


def _laid_out(figure: go.Figure, **layout: Any) -> go.Figure:
    return figure.update_layout(
        height=400, margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.08, "x": 0}, **layout,
    )  # fmt: skip


def _images(result: dict[str, Any], row: dict[str, Any]) -> int:
    """How many images a row was trained on."""
    return round(row["fraction"] * result["total"])


def _band(found: dict[str, Any], band: str) -> tuple[float, float]:
    mean, sd = found["mean"], found["sd"]
    if band == "sd":
        return mean - sd, mean + sd
    return (mean, mean) if found["low"] is None else (found["low"], found["high"])
