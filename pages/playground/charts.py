"""Loss, accuracy, margins and Newton residuals over training steps."""

from __future__ import annotations

import html
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from levelset_core.live import LiveSession
from pages.shared.charts import COLORS, CONFIG, look, tidy
from pages.shared.glossary import explained

HEIGHT = 250
#: Of a chart's head: its title, and the key of its curves below it.
HEAD = 56
EVERY = 1.25
#: While the browser redraws a chart it draws no picture. So while training goes on one chart at a
#: time is redrawn, and only when its curves have grown by this share or are LATEST seconds old.
GROWTH = 0.1
LATEST = 6.0


@dataclass(frozen=True)
class Line:
    """One curve of a chart where one network trains: a column of the history and its look."""

    column: str
    label: str
    dash: str = "solid"
    colour: int = 0


ACCURACY, MARGIN, RESIDUAL = "Accuracy", "Input margin", "Newton residual |F(p)|"
#: Title and curves of each chart. Where several networks train, each has the first curve alone.
CHARTS: dict[str, tuple[Line, ...]] = {
    "Loss": (Line("loss", "loss"),),
    ACCURACY: (Line("accuracy", "points"), Line("held_out", "held-out", "dot", 1)),
    MARGIN: (
        Line("margin_min", "smallest"),
        Line("margin_newton", "by Newton", "dot", 1),
        Line("margin_median", "median", "dash", 2),
    ),
    RESIDUAL: (Line("residual", "median"),),
}
AXES: dict[str, dict[str, Any]] = {
    ACCURACY: {"range": [-0.02, 1.04], "tickformat": ".0%"},
    # Plotly draws powers a quarter larger than it is told.
    RESIDUAL: {"type": "log", "exponentformat": "power", "tickfont": {"size": 10}},
}
#: Of the lines where the points changed; nearer ones, in parts of the axis, are one.
MARK, NEAR = "rgba(128, 128, 128, 0.8)", 0.02
#: Powers of ten with a label, at most.
TICKS = 5


@dataclass(frozen=True)
class Drawn:
    """A chart as the browser shows it; the same figure again costs the browser nothing."""

    figure: go.Figure
    session: str
    playing: bool
    first: dict[str, Any]
    last: dict[str, Any]
    at: float

    def outdated(self, session: LiveSession, rows: list[dict[str, Any]]) -> bool:
        """Whether it shows less than ``rows`` by so much that a redraw is worth its time."""
        if rows[-1] is self.last:
            return False
        if not session.playing or self.restarted(session, rows):
            return True
        grown = rows[-1]["step"] > (1 + GROWTH) * self.last["step"]
        return grown or time.monotonic() - self.at > LATEST

    def restarted(self, session: LiveSession, rows: list[dict[str, Any]]) -> bool:
        """Whether it shows another history than ``rows`` is."""
        return session.id != self.session or rows[0] is not self.first


@st.fragment(run_every=EVERY)
def charts(session: LiveSession) -> None:
    """The four charts, redrawn in turn as their curves grow."""
    rows = list(session.history)
    if not rows:
        st.info("The charts fill as soon as training takes its first steps.")
        return
    drawn: dict[str, Drawn] = st.session_state.setdefault("charts", {})
    for title in charts_due(drawn, session, rows):
        figure = chart(title, rows, session.moved_at)
        drawn[title] = Drawn(
            figure, session.id, session.playing, rows[0], rows[-1], time.monotonic()
        )
    if key := networks_key(rows):
        st.html(key)
    with st.container(key="playground_charts"):
        for column, title in zip(st.columns(len(CHARTS)), CHARTS, strict=True):
            column.plotly_chart(drawn[title].figure, key=f"chart {title}", config=CONFIG)
    if sentence := standing(rows):
        st.caption(explained(sentence), unsafe_allow_html=True)


def standing(rows: list[dict[str, Any]]) -> str:
    """Where one network stands: no boundary, stuck, or Newton's foot beside the nearest point."""
    row = rows[-1]
    if any(other["panel"] != row["panel"] for other in rows):
        return ""
    nearest, newton = row["margin_min"], row["margin_newton"]
    if row["trouble"]:
        return str(row["trouble"])
    if any(value is None or not math.isfinite(value) for value in (nearest, newton)):
        return ""
    return (
        f"{{margin|Input margin}}: at the point with the smallest one, Newton's foot (dotted) is "
        f"{abs(newton):.3f} away, the nearest point of the boundary {abs(nearest):.3f} "
        f"({NORMS[row['norm']]}). {{residual|Newton residual}}: how far from 0 the network still "
        "is where Newton's walk ends. Held-out: fresh points that it does not train on."
    )


#: As a sentence names them.
NORMS = {"l2": "L2", "linf": "L∞"}


def charts_due(
    drawn: dict[str, Drawn], session: LiveSession, rows: list[dict[str, Any]]
) -> list[str]:
    """The charts to redraw now: all of another history or a pause, else the oldest in need."""
    due = [name for name in CHARTS if name not in drawn or drawn[name].outdated(session, rows)]
    every = not session.playing or any(
        name not in drawn or drawn[name].restarted(session, rows) for name in due
    )
    return due if every else sorted(due, key=lambda name: drawn[name].at)[:1]


def chart(title: str, rows: list[dict[str, Any]], moved_at: Sequence[int] = ()) -> go.Figure:
    """One chart from the session's history, with a mark where the points changed."""
    figure = go.Figure()
    panels = sorted({row["panel"] for row in rows})
    several = len(panels) > 1
    for panel in panels:
        own = [row for row in rows if row["panel"] == panel]
        lines = (Line(CHARTS[title][0].column, own[-1]["title"], ""),) if several else CHARTS[title]
        for line in lines:
            if all(row[line.column] is None for row in own):
                continue
            figure.add_scatter(
                x=[row["step"] for row in own], y=[row[line.column] for row in own],
                name=line.label, mode="lines", line=look(panel + line.colour, line.dash)["line"],
                showlegend=False,
                hovertemplate="step %{x}<br>%{y:.4g}<extra>" + line.label + "</extra>",
            )  # fmt: skip
    figure.update_xaxes(title={"text": "step", "standoff": 6, "font": {"size": 12}}, nticks=5)
    figure.update_yaxes(**AXES.get(title, {}))
    if title == MARGIN and not several:
        figure.update_yaxes(range=_of_nearest(rows))
    if title == RESIDUAL:
        figure.update_yaxes(**_whole_decades([row["residual"] for row in rows]))
    _mark_changes(figure, rows, moved_at, named=title == next(iter(CHARTS)))
    figure.update_layout(hovermode="x")
    tidy(figure, title, HEIGHT)
    figure.update_layout(
        title={"y": 1 - 16 / HEIGHT, "yref": "container", "yanchor": "middle"}, margin={"t": HEAD}
    )
    if not several and len(CHARTS[title]) > 1:
        figure.add_annotation(
            text=curves_key(CHARTS[title]), showarrow=False, xref="paper", yref="paper",
            x=0, y=1, xanchor="left", yanchor="bottom", font={"size": 11}, xshift=-30, yshift=4,
        )  # fmt: skip
    return figure


def _mark_changes(
    figure: go.Figure, rows: list[dict[str, Any]], moved_at: Sequence[int], *, named: bool
) -> None:
    """Thin lines where the points changed, those of one drag as one."""
    first, last = rows[0]["step"], rows[-1]["step"]
    marks: list[int] = []
    for step in moved_at:
        if first < step < last and (not marks or step - marks[-1] > NEAR * (last - first)):
            marks.append(step)
    for step in marks:
        figure.add_vline(x=step, line={"width": 1, "dash": "dot", "color": MARK})
    if marks and named:
        left = marks[0] - first > 0.4 * (last - first)  # where the text has room
        figure.add_annotation(
            x=marks[0], y=1, yref="paper", text="points changed",
            xanchor="right" if left else "left", yanchor="top", font={"size": 10}, showarrow=False,
        )  # fmt: skip


#: How a dash looks in a line of text.
DASHES = {"solid": "━━", "dot": "• • •", "dash": "━ ━"}


def curves_key(lines: tuple[Line, ...]) -> str:
    """The key of a chart's curves, below its title; it stands on top, where it is seen first."""
    return "&#160; ".join(
        f'<span style="color: {COLORS[line.colour]}">{DASHES[line.dash]}</span>&#160;{line.label}'
        for line in lines
    )


def networks_key(rows: list[dict[str, Any]]) -> str:
    """One line for all charts: which curve is which network's; empty where there is one."""
    titles = {row["panel"]: row["title"] for row in rows}
    if len(titles) == 1:
        return ""
    entries = []
    for panel, title in sorted(titles.items()):
        line = look(panel)["line"]
        stops = STROKES[line["dash"]].replace("c", line["color"]).replace("t", "transparent")
        key = f'<i style="background: repeating-linear-gradient(90deg, {stops})"></i>'
        entries.append(f"<span>{key} {html.escape(title)}</span>")
    return f'<div class="levelset-key">{"".join(entries)}</div>'


#: The dashes of ``look`` as stops of a gradient: c is the colour, t nothing.
STROKES = {
    "solid": "c 0 100%", "dash": "c 0 8px, t 8px 12px", "dot": "c 0 2px, t 2px 5px",
    "dashdot": "c 0 8px, t 8px 11px, c 11px 13px, t 13px 16px",
}  # fmt: skip


def _of_nearest(rows: list[dict[str, Any]]) -> list[float] | None:
    """The axis of the margins themselves: Newton's foot may lie far away, and is cut there."""
    values = [row[name] for row in rows for name in ("margin_min", "margin_median")]
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    low, high = min(0.0, *known), max(0.0, *known)
    slack = 0.06 * (high - low) or 0.1
    return [low - slack, high + slack]


def _whole_decades(values: list[float | None]) -> dict[str, Any]:
    """A log axis from one power of ten to another: none of the ticks between, which crowd."""
    decades = [math.log10(value) for value in values if value]
    if not decades:
        return {}
    low, high = math.floor(min(decades)), math.ceil(max(decades))
    high = max(high, low + 1)
    return {"range": [low, high], "tick0": low, "dtick": math.ceil((high - low) / TICKS)}
